//! The ends without agreement: each is final, and tells whoever comes later so.

use anyhow::Result;
use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;

use super::running;
use testkit::example::Example;
use testkit::people::{desk, eva, jonas};
use testkit::stage::{Stage, condition, status_of};

/// What holds at every end: it is final, it is nothing to repair, and nothing was passed on.
async fn is_final(stage: &Stage<'_>, phase: &str, reason: &str) -> Result<()> {
    let ended = stage.until_phase(phase).await?;
    let status = status_of(&ended);
    let closed = status.closed.clone().unwrap();
    assert_eq!((closed.reason.as_str(), format!("{:?}", closed.outcome).as_str()), (reason, phase));
    assert_eq!(
        (condition(&ended, "Ready").0.as_str(), condition(&ended, "Ready").1.as_str()),
        ("False", phase)
    );
    assert_eq!(condition(&ended, "Stalled").0, "");
    assert!(status.waiting_for.is_empty() && status.waiting_on.is_none());

    for act in [
        json!({"action": "Confirm", "statements": ["Understood", "Acceptable"], "orders": [{"id": "o1", "outcome": "Confirmed"}]}),
        json!({"action": "Sign"}),
    ] {
        let late = stage.decide(&eva(), act).await?;
        assert_eq!(stage.ignored(&late).await?, "Closed");
    }
    let after = status_of(&stage.get().await?);
    assert_eq!((after.phase.as_deref(), after.closed), (Some(phase), Some(closed)));
    assert_eq!(stage.order_requests().await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn an_offer_that_nobody_answers_expires_when_it_ends() -> Result<()> {
    let stage = Example::of("fibre")?.set(running().await?).await?;
    let end = Time(stage.server_time().await?.0 + SignedDuration::from_secs(2));
    let stage = Stage {
        document: testkit::schema::with(&stage.document, "/spec/offerEndTime", &json!(end)),
        ..stage
    };
    stage.submit().await?;
    is_final(&stage, "Expired", &format!("the offer ended at {}", end.0)).await?;
    let closed = status_of(&stage.get().await?).closed.unwrap();
    assert!(
        closed.time.0 >= end.0 + SignedDuration::from_secs(5),
        "what was decided in time would have counted"
    );
    assert_eq!(closed.decisions, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_customer_who_does_not_confirm_in_time_lets_the_offer_expire() -> Result<()> {
    let stage = Example::of("fibre")?
        .under("/spec/rules/confirmation/deadlineSeconds", &json!(2))?
        .begin(running().await?)
        .await?;
    is_final(&stage, "Expired", "Eva Lund did not answer in time").await
}

#[tokio::test]
async fn a_signature_that_does_not_come_in_time_lets_the_offer_expire() -> Result<()> {
    let stage = Example::of("fibre")?
        .under("/spec/rules/signOff/deadlineSeconds", &json!(2))?
        .begin(running().await?)
        .await?;
    stage.confirm_fibre().await?;
    let confirmed = stage.until_phase("AwaitingSignOff").await?;
    assert_eq!(condition(&confirmed, "Acceptable").0, "True");
    is_final(&stage, "Expired", "Eva Lund did not answer in time").await?;
    assert_eq!(condition(&stage.get().await?, "Acceptable").0, "True", "what the customer said stays said");
    Ok(())
}

#[tokio::test]
async fn the_customer_withdraws_what_it_had_confirmed() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.confirm_fibre().await?;
    stage.until_phase("AwaitingSignOff").await?;
    let decision =
        stage.decide(&eva(), json!({"action": "Withdraw", "reason": "the sawmill was sold"})).await?;
    is_final(&stage, "Withdrawn", "the sawmill was sold").await?;
    assert_eq!(status_of(&stage.get().await?).closed.unwrap().decisions, [decision]);
    Ok(())
}

#[tokio::test]
async fn the_account_owner_withdraws_before_anybody_answered() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    stage.decide(&jonas(), json!({"action": "Withdraw", "reason": "no fibre in that street"})).await?;
    is_final(&stage, "Withdrawn", "no fibre in that street").await
}

#[tokio::test]
async fn a_manager_refuses_what_the_customer_confirmed() -> Result<()> {
    let stage = Example::of("fibre")?.with_term("payment-days", "45").begin(running().await?).await?;
    stage.confirm_fibre().await?;
    stage.until_waiting_for("(finance L1)").await?;
    let refuse =
        json!({"action": "Refuse", "function": "finance", "level": "L1", "reason": "they pay late already"});
    let decision = stage.decide(&desk(), refuse).await?;
    is_final(&stage, "Refused", "they pay late already").await?;
    let refused = stage.get().await?;
    assert_eq!(status_of(&refused).closed.unwrap().decisions, [decision]);
    assert_eq!(condition(&refused, "Approved").1, "Refused");
    assert_eq!(condition(&refused, "Understood").0, "True", "it was not the customer who said no");
    Ok(())
}
