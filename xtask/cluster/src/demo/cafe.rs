//! Cafe Corner understands the terms and does not accept them: two facts, and the second one ends it.

use anyhow::{Result, ensure};
use countersign::api::{
    Action, CustomerAgreement,
    agreement_decision::{OrderConfirmation, OrderDecision, Statement},
    conditions::{condition, phase},
};

use super::{
    Stage,
    cast::{CORNER, NINA},
    deal::{Deal, is_true},
    story,
};

/// Plays the scene, and returns the agreement as it ended.
pub(super) async fn play(stage: &Stage) -> Result<CustomerAgreement> {
    story::heading("Cafe Corner: understood, and not acceptable");
    let mut deal = Deal::offered(stage, CORNER, "examples/cafe/agreement.yaml").await?;
    deal.until("open for confirmation", |status| {
        status.phase.as_deref() == Some(phase::AWAITING_CONFIRMATION)
    })
    .await?;

    let mut understood = deal.draft(&NINA, Action::Confirm)?;
    understood.spec.statements = vec![Statement::Understood];
    deal.decide(&NINA, "confirms that she understands the terms.", &understood, "understood", |status| {
        status.phase.as_deref() == Some(phase::AWAITING_CONFIRMATION)
            && is_true(status, condition::UNDERSTOOD)
    })
    .await?;

    let mut no = deal.draft(&NINA, Action::Decline)?;
    no.spec.reason = Some("24 months is too long for a rented shop".to_owned());
    deal.decide(&NINA, "declines: \"24 months is too long for a rented shop\".", &no, "declined", |status| {
        status.phase.as_deref() == Some(phase::DECLINED)
    })
    .await?;

    let mut too_late = deal.draft(&NINA, Action::Confirm)?;
    too_late.spec.statements = vec![Statement::Understood, Statement::Acceptable];
    let outcome = OrderConfirmation::Confirmed;
    too_late.spec.orders = vec![OrderDecision { id: "lines".to_owned(), outcome, reason: None }];
    deal.decide(&NINA, "has second thoughts and confirms.", &too_late, "closed for decisions", |status| {
        status.ignored_decisions.iter().any(|ignored| ignored.reason == "Closed")
    })
    .await?;

    let status = deal.status();
    for ignored in &status.ignored_decisions {
        story::says(&format!("ignored, {}: {}", ignored.reason, ignored.message));
    }
    ensure!(status.phase.as_deref() == Some(phase::DECLINED), "a declined agreement moved on");
    ensure!(is_true(&status, condition::UNDERSTOOD), "it is no longer understood");
    ensure!(!is_true(&status, condition::ACCEPTABLE), "it was declined, and is acceptable");
    let requests = deal.order_requests().await?.len();
    ensure!(requests == 0, "a declined agreement has {requests} order requests");
    story::says("Understood stays true, Acceptable is false, and no order was passed on.");
    Ok(deal.seen)
}
