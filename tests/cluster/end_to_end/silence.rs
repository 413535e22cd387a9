//! Nobody answers: silence asks the next level, and never approves.

use anyhow::Result;
use countersign_api::agreement_status::ApprovalState;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::running;
use testkit::example::Example;
use testkit::people::{desk, ivan, paul};
use testkit::stage::{condition, status_of, step_of};

/// How long after the end of a wait it is judged.
const GRACE: SignedDuration = SignedDuration::from_secs(5);

#[tokio::test]
async fn two_silent_levels_are_passed_over_and_the_third_approves() -> Result<()> {
    let stage = Example::silent()?.begin(running().await?).await?;
    stage.confirm_fibre().await?;
    stage.until_waiting_for("Deal desk (finance L1)").await?;
    stage.until_waiting_for("Finance partner (finance L2)").await?;
    let third = stage.until_waiting_for("Chief Financial Officer (finance L3)").await?;
    assert_eq!(condition(&third, "Approved").0, "False", "silence never approves");
    stage.decide(&paul(), json!({"action": "Approve", "function": "finance", "level": "L3"})).await?;
    let approved = stage.until_phase("AwaitingSignOff").await?;

    let step = step_of(&approved, "finance").unwrap();
    let levels: Vec<_> = step.asked.iter().map(|asked| asked.level.as_str()).collect();
    assert_eq!(levels, ["L1", "L2", "L3"]);
    for (asked, seconds) in step.asked.iter().zip([2, 2, 259_200]) {
        let end = asked.wait_end_time.as_ref().unwrap();
        assert_eq!(end.0.duration_since(asked.asked_time.0), SignedDuration::from_secs(seconds), "{step:?}");
    }
    for pair in step.asked.windows(2) {
        let end = pair[0].wait_end_time.as_ref().unwrap();
        assert!(
            pair[1].asked_time.0 >= end.0 + GRACE,
            "not before the time of the one below was up: {step:?}"
        );
    }
    let by: Vec<_> = step.decided_by.iter().map(|verdict| verdict.username.clone()).collect();
    assert_eq!((step.state, by), (ApprovalState::Approved, vec![paul().name]));

    stage.until_told("ApprovalGiven", 1).await?;
    let told = stage.told().await?;
    let notes = |reason: &str| -> Vec<String> {
        let with = told.iter().filter(|event| event.reason.as_deref() == Some(reason));
        with.filter_map(|event| event.note.clone()).collect()
    };
    assert_eq!(notes("ApprovalRequested").len(), 1);
    let mut escalated = notes("ApprovalEscalated");
    escalated.sort();
    assert_eq!(escalated.len(), 2, "{escalated:?}");
    assert!(
        escalated[0].contains("finance L2 is asked now") && escalated[1].contains("finance L3 is asked now"),
        "{escalated:?}"
    );
    Ok(())
}

/// Once every level stayed silent somebody has to look and the first may still approve.
#[tokio::test]
async fn once_every_level_stayed_silent_the_first_may_still_approve() -> Result<()> {
    let stage = Example::silent()?
        .with_term("payment-days", "50")
        .answering_within("finance", "L3", 2)?
        .under("/spec/rules/escalation/earlierLevelMayStillDecide", &json!(false))?
        .begin(running().await?)
        .await?;
    stage.confirm_fibre().await?;
    stage.until_waiting_for("(finance L2)").await?;
    let chief_asked = stage.until_waiting_for("(finance L3)").await?;
    assert_eq!(condition(&chief_asked, "Stalled").0, "");
    let exhausted =
        stage.until("it is stalled", |agreement| condition(agreement, "Stalled").0 == "True").await?;
    assert_eq!(condition(&exhausted, "Stalled").1, "EscalationExhausted");
    assert_eq!(condition(&exhausted, "Ready").1, "AwaitingApproval");
    let status = status_of(&exhausted);
    assert_eq!(status.phase.as_deref(), Some("Escalated"));
    assert!(status.closed.is_none(), "silence refuses nothing either");
    assert_eq!(step_of(&exhausted, "finance").unwrap().state, ApprovalState::Exhausted);
    let wait: Value = serde_json::to_value(&status.waiting_for[0])?;
    assert_eq!((&wait["endsWith"], wait.get("waitEndTime")), (&json!("Offer"), None));
    let told = stage.until_told("EscalationExhausted", 1).await?;
    assert_eq!((told.len(), told[0].type_.as_deref()), (1, Some("Warning")));

    // The desk was never asked: its level does not cover the need.
    let too_low =
        stage.decide(&desk(), json!({"action": "Approve", "function": "finance", "level": "L1"})).await?;
    assert_eq!(stage.ignored(&too_low).await?, "LevelInsufficient");
    stage.decide(&ivan(), json!({"action": "Approve", "function": "finance", "level": "L2"})).await?;
    let approved = stage.until_phase("AwaitingSignOff").await?;
    assert_eq!(condition(&approved, "Stalled").0, "");
    assert_eq!(step_of(&approved, "finance").unwrap().decided_by[0].username, ivan().name);
    Ok(())
}
