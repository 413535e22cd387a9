//! Norrland Timber AB orders dedicated fibre: all terms are standard, and everyone says yes.

use anyhow::{Result, ensure};
use countersign_api::{
    Action, AgreementDecision, CustomerAgreement, OrderRequest,
    agreement_decision::{OrderConfirmation, OrderDecision, Statement},
    agreement_status::WaitingAction,
    conditions::phase,
};
use kube::ResourceExt;

use super::{
    Stage,
    cast::{BERG, LUND, TIMBER},
    deal::Deal,
    forgery, story,
    typing::{Shown, types},
};

/// Plays the scene, and returns the agreement as it ended.
pub(super) async fn play(stage: &Stage) -> Result<CustomerAgreement> {
    story::heading("Norrland Timber AB: dedicated fibre, all terms standard");
    let mut deal = Deal::offered(stage, TIMBER, "examples/fibre/agreement.yaml").await?;
    deal.until("open for confirmation", |status| {
        status.phase.as_deref() == Some(phase::AWAITING_CONFIRMATION)
    })
    .await?;

    forgery::attempts(&deal, yes(&deal)?).await?;

    let sheet = deal.send("sends Eva Lund the agreement, which she cannot read in the cluster.").await?;
    deal.decide(
        &LUND,
        "reads it and confirms: understood, acceptable, and order o1.",
        &["confirm", "-f", &sheet, "--yes"],
        "open for signatures",
        |status| {
            status.phase.as_deref() == Some(phase::AWAITING_SIGN_OFF)
                && waits_for(status, WaitingAction::Sign)
        },
    )
    .await?;

    let sheet = deal.send("sends what she confirmed, to be signed.").await?;
    deal.decide(
        &LUND,
        "signs.",
        &["sign", "-f", &sheet, "--yes"],
        "waiting for the countersignature",
        |status| {
            status.phase.as_deref() == Some(phase::AWAITING_SIGN_OFF)
                && waits_for(status, WaitingAction::Countersign)
        },
    )
    .await?;

    story::acts(&BERG.introduced(), "checks what is waiting for him.");
    types(&stage.plane, &BERG, TIMBER, &["inbox"], Shown::From("")).await?;
    let name = deal.seen.name_any();
    deal.decide(
        &BERG,
        "countersigns; the value is within the authority of his level.",
        &["countersign", &name, "--yes"],
        "agreed",
        |status| status.phase.as_deref() == Some(phase::AGREED),
    )
    .await?;

    let requests = deal.order_requests().await?;
    let [request] = requests.as_slice() else {
        anyhow::bail!("there must be one order request, and there are {}", requests.len());
    };
    ensure!(request.spec.order_id == "o1", "the order request is for {}", request.spec.order_id);
    show(request)?;
    Ok(deal.seen)
}

/// Eva Lund's yes to terms and order, sent by another person.
fn yes(deal: &Deal<'_>) -> Result<AgreementDecision> {
    let mut decision = deal.draft(&LUND, Action::Confirm)?;
    decision.spec.statements = vec![Statement::Understood, Statement::Acceptable];
    decision.spec.orders =
        vec![OrderDecision { id: "o1".to_owned(), outcome: OrderConfirmation::Confirmed, reason: None }];
    Ok(decision)
}

fn waits_for(status: &countersign_api::CustomerAgreementStatus, action: WaitingAction) -> bool {
    status.waiting_for.iter().any(|waiting| waiting.action == action)
}

fn show(request: &OrderRequest) -> Result<()> {
    anstream::println!();
    story::says(&format!("The confirmed order is passed on, as OrderRequest {}:", request.name_any()));
    let mut request = request.clone();
    request.metadata.managed_fields = None;
    story::verbatim(&serde_saphyr::to_string(&request)?);
    Ok(())
}
