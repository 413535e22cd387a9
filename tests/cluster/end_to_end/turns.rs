//! Whose turn it is, where the policy gives another order than the examples' one.

use anyhow::Result;
use countersign_api::agreement_status::ApprovalState;
use serde_json::json;

use super::running;
use testkit::example::Example;
use testkit::people::{Person, desk, eva, jonas, lea, mary, omar};
use testkit::stage::{Stage, condition, status_of, step_of};

const ESCALATION: &str = "/spec/rules/escalation";

fn managers_first(example: &str) -> Result<Example> {
    Example::of(example)?.under(&format!("{ESCALATION}/timing"), &json!("BeforeConfirmation"))
}

async fn asked_first(stage: &Stage<'_>) -> Result<()> {
    let asked = stage.until_waiting_for("(finance L1)").await?;
    let status = status_of(&asked);
    assert_eq!(status.phase.as_deref(), Some("Escalated"));
    assert_eq!(
        status.waiting_for[0].digest,
        status.terms.map(|terms| terms.digest),
        "they decide on the terms"
    );
    Ok(())
}

/// Managers who are asked first are not asked again if the customer takes everything.
#[tokio::test]
async fn managers_are_not_asked_again_if_the_customer_takes_everything() -> Result<()> {
    let stage = managers_first("fibre")?.with_term("payment-days", "45").begin(running().await?).await?;
    asked_first(&stage).await?;
    let early = stage.confirm(&eva(), json!([{"id": "o1", "outcome": "Confirmed"}])).await?;
    assert_eq!(stage.ignored(&early).await?, "OutOfTurn");
    stage.until_after(&stage.server_time().await?).await?;
    stage.approve(&desk(), "finance", "L1").await?;
    stage.sign_fibre().await?;
    let agreed = stage.until_phase("Agreed").await?;
    let step = step_of(&agreed, "finance").unwrap();
    assert_eq!((step.asked.len(), step.decided_by.len()), (1, 1));
    let phases: Vec<_> = stage.history().await?.iter().filter_map(|own| status_of(own).phase).collect();
    let first = phases.iter().position(|phase| phase == "AwaitingConfirmation").unwrap();
    assert!(phases[first..].iter().all(|phase| phase != "Escalated"), "{phases:?}");
    Ok(())
}

#[tokio::test]
async fn managers_are_asked_once_more_when_the_customer_leaves_an_order_out() -> Result<()> {
    let stage = managers_first("fleet")?.begin(running().await?).await?;
    asked_first(&stage).await?;
    stage.approve(&desk(), "finance", "L1").await?;
    stage.approve(&mary(), "sales", "L3").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let outcomes =
        json!([{"id": "sims", "outcome": "Confirmed"}, {"id": "handsets", "outcome": "NotConfirmed"}]);
    stage.confirm(&omar(), outcomes.clone()).await?;
    stage.confirm(&lea(), outcomes).await?;
    let again = stage.until_phase("Escalated").await?;
    let status = status_of(&again);
    assert_eq!(
        status.waiting_for[0].digest,
        status.confirmation.unwrap().digest,
        "they decide on what is left"
    );
    assert!(status.approvals.iter().all(|step| step.decided_by.is_empty()), "{:?}", status.approvals);
    stage.approve(&desk(), "finance", "L1").await?;
    stage.approve(&mary(), "sales", "L3").await?;
    stage.sign(&lea(), "Mary Osei", &mary()).await?;
    stage.until_phase("Agreed").await?;
    let passed_on: Vec<_> =
        stage.order_requests().await?.into_iter().map(|request| request.spec.order_id).collect();
    assert_eq!(passed_on, ["sims"]);
    Ok(())
}

/// Functions that are asked together answer in any order and a quorum takes two people.
#[tokio::test]
async fn functions_that_are_asked_together_answer_in_any_order() -> Result<()> {
    let colleague = Person::user("e.desk", &["deal-desk"]);
    let stage = Example::of("fleet")?
        .under(&format!("{ESCALATION}/mode"), &json!("Parallel"))?
        .under(
            &format!("{ESCALATION}/quorums"),
            &json!([{"function": "finance", "level": "L1", "count": 2}]),
        )?
        .and(colleague.clone(), "countersign-approver")
        .begin(running().await?)
        .await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let outcomes =
        json!([{"id": "sims", "outcome": "Confirmed"}, {"id": "handsets", "outcome": "Confirmed"}]);
    stage.confirm(&omar(), outcomes.clone()).await?;
    stage.confirm(&lea(), outcomes).await?;
    let asked = stage.until_phase("Escalated").await?;
    let waits: Vec<_> = status_of(&asked).waiting_for.into_iter().map(|wait| wait.who).collect();
    assert_eq!(waits, ["Deal desk (finance L1)", "VP Enterprise Sales (sales L3)"]);

    stage.approve(&mary(), "sales", "L3").await?;
    stage.approve(&desk(), "finance", "L1").await?;
    let one_of_two = |agreement: &_| step_of(agreement, "finance").unwrap().decided_by.len() == 1;
    let waiting = stage.until("one of two approved", one_of_two).await?;
    assert_eq!(step_of(&waiting, "finance").unwrap().state, ApprovalState::Waiting);
    let twice = stage.approve(&desk(), "finance", "L1").await?;
    assert_eq!(stage.ignored(&twice).await?, "NotDistinct");
    stage.approve(&colleague, "finance", "L1").await?;
    let approved = stage.until_phase("AwaitingSignOff").await?;
    let mut by: Vec<_> =
        step_of(&approved, "finance").unwrap().decided_by.into_iter().map(|own| own.username).collect();
    by.sort();
    assert_eq!(by, [desk().name, colleague.name]);
    Ok(())
}

#[tokio::test]
async fn the_provider_signs_first_where_the_policy_says_so() -> Result<()> {
    let stage = Example::of("fibre")?
        .under("/spec/rules/signOff/order", &json!("ProviderFirst"))?
        .begin(running().await?)
        .await?;
    stage.confirm_fibre().await?;
    stage.until_waiting_for("Jonas Berg").await?;
    let early = stage.decide(&eva(), json!({"action": "Sign"})).await?;
    assert_eq!(stage.ignored(&early).await?, "OutOfTurn");
    stage.until_after(&stage.server_time().await?).await?;
    stage.decide(&jonas(), json!({"action": "Countersign"})).await?;
    stage.until_waiting_for("Eva Lund").await?;
    assert_eq!(condition(&stage.get().await?, "SignedOff").0, "False");
    stage.decide(&eva(), json!({"action": "Sign"})).await?;
    stage.until_phase("Agreed").await?;
    Ok(())
}

#[tokio::test]
async fn where_the_countersignature_is_waived_the_customer_signs_alone() -> Result<()> {
    let stage = Example::of("fibre")?
        .under("/spec/rules/signOff/countersignature", &json!("Waived"))?
        .begin(running().await?)
        .await?;
    stage.confirm_fibre().await?;
    stage.until_phase("AwaitingSignOff").await?;
    stage.decide(&eva(), json!({"action": "Sign"})).await?;
    let agreed = stage.until_phase("Agreed").await?;
    assert_eq!(status_of(&agreed).sign_off.unwrap().signatures.len(), 1);
    assert_eq!(stage.order_requests().await?.len(), 1);
    Ok(())
}
