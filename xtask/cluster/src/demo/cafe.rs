//! Cafe Corner understands the terms but does not accept them: two facts, and the second one ends it.

use anyhow::{Result, ensure};
use countersign_api::{
    CustomerAgreement,
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
    story::heading("Cafe Corner: understood, but not acceptable");
    let mut deal = Deal::offered(stage, CORNER, "examples/cafe/agreement.yaml").await?;
    deal.until("open for confirmation", |status| {
        status.phase.as_deref() == Some(phase::AWAITING_CONFIRMATION)
    })
    .await?;

    let sheet = deal.send("sends Nina Corner the agreement.").await?;
    let line = ["confirm", "-f", &sheet, "--only-understood", "--yes"];
    deal.decide(&NINA, "confirms that she understands the terms.", &line, "understood", |status| {
        status.phase.as_deref() == Some(phase::AWAITING_CONFIRMATION)
            && is_true(status, condition::UNDERSTOOD)
    })
    .await?;

    let line = ["decline", "-f", &sheet, "--reason", "24 months is too long for a rented shop", "--yes"];
    deal.decide(&NINA, "declines.", &line, "declined", |status| {
        status.phase.as_deref() == Some(phase::DECLINED)
    })
    .await?;

    let line = ["confirm", "-f", &sheet, "--yes"];
    deal.decide(&NINA, "has second thoughts and confirms.", &line, "closed for decisions", |status| {
        status.ignored_decisions.iter().any(|ignored| ignored.reason == "Closed")
    })
    .await?;

    let status = deal.status();
    for ignored in &status.ignored_decisions {
        story::says(&format!("ignored, {}: {}", ignored.reason, ignored.message));
    }
    ensure!(status.phase.as_deref() == Some(phase::DECLINED), "a declined agreement moved on");
    ensure!(is_true(&status, condition::UNDERSTOOD), "it is no longer understood");
    ensure!(!is_true(&status, condition::ACCEPTABLE), "it was declined, but is acceptable");
    let requests = deal.order_requests().await?.len();
    ensure!(requests == 0, "a declined agreement has {requests} order requests");
    story::says("Understood stays true, Acceptable is false, and no order was passed on.");
    Ok(deal.seen)
}
