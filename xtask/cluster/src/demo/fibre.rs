//! Norrland Timber AB orders dedicated fibre: all terms are standard, and everybody says yes.

use anyhow::{Result, ensure};
use countersign::api::{
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
};

/// Plays the scene, and returns the agreement as it ended.
pub(super) async fn play(stage: &Stage) -> Result<CustomerAgreement> {
    story::heading("Norrland Timber AB: dedicated fibre, all terms standard");
    let mut deal = Deal::offered(stage, TIMBER, "examples/fibre/agreement.yaml").await?;
    deal.until("open for confirmation", |status| {
        status.phase.as_deref() == Some(phase::AWAITING_CONFIRMATION)
    })
    .await?;

    forgery::attempts(&deal).await?;

    let decision = yes(&deal)?;
    deal.decide(
        &LUND,
        "confirms: understood, acceptable, and order o1.",
        &decision,
        "open for signatures",
        |status| {
            status.phase.as_deref() == Some(phase::AWAITING_SIGN_OFF)
                && waits_for(status, WaitingAction::Sign)
        },
    )
    .await?;

    let decision = deal.draft(&LUND, Action::Sign)?;
    deal.decide(&LUND, "signs.", &decision, "waiting for the countersignature", |status| {
        status.phase.as_deref() == Some(phase::AWAITING_SIGN_OFF)
            && waits_for(status, WaitingAction::Countersign)
    })
    .await?;

    let decision = deal.draft(&BERG, Action::Countersign)?;
    deal.decide(
        &BERG,
        "countersigns; the value is within the authority of his level.",
        &decision,
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

/// Eva Lund's yes to terms and order.
pub(super) fn yes(deal: &Deal<'_>) -> Result<AgreementDecision> {
    let mut decision = deal.draft(&LUND, Action::Confirm)?;
    decision.spec.statements = vec![Statement::Understood, Statement::Acceptable];
    decision.spec.orders =
        vec![OrderDecision { id: "o1".to_owned(), outcome: OrderConfirmation::Confirmed, reason: None }];
    Ok(decision)
}

fn waits_for(status: &countersign::api::CustomerAgreementStatus, action: WaitingAction) -> bool {
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
