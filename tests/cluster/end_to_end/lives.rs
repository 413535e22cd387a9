//! The three examples, from `kubectl apply` to their ends.

use anyhow::Result;
use countersign_api::agreement_status::ApprovalState;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;
use serde_json::json;
use testenv::until;

use super::running;
use testkit::PATIENCE;
use testkit::people::{desk, eva, jonas, lea, mary, nina, omar, rita};
use testkit::stage::{Stage, condition};

#[tokio::test]
async fn fibre_is_agreed_and_its_order_is_passed_on() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let asked = stage.until_phase("AwaitingConfirmation").await?;
    let waiting = &asked.status.as_ref().unwrap().waiting_for[0];
    assert_eq!(
        (waiting.who.as_str(), waiting.subjects[0].subject.name.as_str()),
        ("Eva Lund", eva().name.as_str())
    );

    stage.confirm(&eva(), json!([{"id": "o1", "outcome": "Confirmed"}])).await?;
    let confirmed = stage.until_phase("AwaitingSignOff").await?;
    assert_eq!(condition(&confirmed, "Approved").1, "NotRequired");
    stage.decide(&eva(), json!({"action": "Sign"})).await?;
    stage.until_waiting_for("Jonas Berg").await?;
    stage.decide(&jonas(), json!({"action": "Countersign"})).await?;
    let agreed = stage.until_phase("Agreed").await?;

    assert_eq!(condition(&agreed, "Ready").0, "True");
    let status = agreed.status.clone().unwrap();
    let requests = stage.order_requests().await?;
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!(request.spec.order_id, "o1");
    assert_eq!(request.spec.external_id.as_deref(), Some("CA-2026-00417/o1"));
    assert_eq!(
        Some(&request.spec.agreement_ref.digest),
        status.confirmation.as_ref().unwrap().digest.as_ref()
    );
    assert_eq!(request.metadata.uid, status.orders[0].uid);
    let owners = request.metadata.owner_references.clone().unwrap();
    assert_eq!((owners.len(), &owners[0].uid), (1, agreed.metadata.uid.as_ref().unwrap()));
    Ok(())
}

#[tokio::test]
async fn the_cafe_declines_and_nothing_is_passed_on() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "cafe").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    stage.decide(&nina(), json!({"action": "Confirm", "statements": ["Understood"]})).await?;
    stage.until("the terms are understood", |a| condition(a, "Understood").0 == "True").await?;
    let reason = "24 months is too long for a rented shop";
    stage.decide(&nina(), json!({"action": "Decline", "reason": reason})).await?;
    let declined = stage.until_phase("Declined").await?;
    assert_eq!(condition(&declined, "Acceptable").0, "False");
    assert_eq!(condition(&declined, "Stalled").0, "", "a no of the customer is nothing to repair");
    assert_eq!(declined.status.unwrap().closed.unwrap().reason, reason);

    let late = stage.confirm(&nina(), json!([{"id": "lines", "outcome": "Confirmed"}])).await?;
    assert_eq!(stage.ignored(&late).await?, "Closed");
    stage.until_phase("Declined").await?;
    assert_eq!(stage.order_requests().await?.len(), 0);
    Ok(())
}

/// Fleet is escalated to finance and then to sales and passes on the sims only.
#[tokio::test]
async fn fleet_is_escalated_twice_and_passes_on_the_sims_only() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let outcomes = json!([
        {"id": "sims", "outcome": "Confirmed"},
        {"id": "handsets", "outcome": "NotConfirmed", "reason": "buying elsewhere"},
    ]);
    stage.confirm(&omar(), outcomes.clone()).await?;
    stage.until_waiting_for("Lea Vogt").await?;
    stage.confirm(&lea(), outcomes).await?;
    let escalated = stage.until_phase("Escalated").await?;
    let status = escalated.status.clone().unwrap();
    let steps: Vec<_> =
        status.approvals.iter().map(|s| (s.function.as_str(), s.level.as_str(), s.state)).collect();
    assert_eq!(steps, [("finance", "L1", ApprovalState::Waiting), ("sales", "L3", ApprovalState::Next)]);
    assert_eq!(status.value.unwrap().total.as_deref(), Some("322560.00"));
    assert_eq!(status.waiting_for[0].who, "Deal desk (finance L1)");

    let approve =
        |function: &str, level: &str| json!({"action": "Approve", "function": function, "level": level});
    stage.decide(&desk(), approve("finance", "L1")).await?;
    stage.until_waiting_for("sales L3").await?;
    let beyond_her = stage.decide(&rita(), approve("sales", "L3")).await?;
    assert_eq!(stage.ignored(&beyond_her).await?, "NotHolder");
    stage.decide(&mary(), approve("sales", "L3")).await?;
    stage.until_phase("AwaitingSignOff").await?;
    stage.decide(&lea(), json!({"action": "Sign"})).await?;
    stage.until_waiting_for("Mary Osei").await?;
    stage.decide(&mary(), json!({"action": "Countersign"})).await?;
    stage.until_phase("Agreed").await?;
    let made: Vec<_> = stage.order_requests().await?.iter().map(|r| r.spec.order_id.clone()).collect();
    assert_eq!(made, ["sims"]);
    Ok(())
}

#[tokio::test]
async fn people_are_told_once_of_each_thing_that_happened() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "cafe").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let understood =
        stage.decide(&nina(), json!({"action": "Confirm", "statements": ["Understood"]})).await?;
    stage.until("the terms are understood", |a| condition(a, "Understood").0 == "True").await?;
    stage.decide(&nina(), json!({"action": "Decline", "reason": "too \u{1b}[31mlong"})).await?;
    stage.until_phase("Declined").await?;
    let events: Api<Event> = Api::namespaced(stage.cluster.admin()?, &stage.namespace);
    let told = until("three events", PATIENCE, || async {
        let mut events = events.list(&ListParams::default()).await?.items;
        events.sort_by_key(|event| event.event_time.clone().map(|time| time.0));
        Ok((events.len() >= 3).then_some(events))
    })
    .await?;
    let mut reasons: Vec<_> = told.iter().map(|event| event.reason.clone().unwrap_or_default()).collect();
    reasons.sort();
    assert_eq!(reasons, ["CustomerConfirmed", "OfferDeclined", "TermsValid"]);
    for event in &told {
        assert_eq!(event.type_.as_deref(), Some("Normal"));
        assert_eq!(event.regarding.as_ref().and_then(|r| r.name.as_deref()), Some(stage.agreement.as_str()));
        assert!(!event.note.clone().unwrap_or_default().chars().any(char::is_control), "{event:?}");
    }
    let confirmed = told.iter().find(|event| event.reason.as_deref() == Some("CustomerConfirmed")).unwrap();
    assert_eq!(confirmed.related.as_ref().and_then(|r| r.name.clone()), Some(understood));
    Ok(())
}
