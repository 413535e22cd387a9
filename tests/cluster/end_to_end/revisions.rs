//! Somebody asks for other terms: what was decided is void, and everybody is asked anew.

use anyhow::Result;
use countersign_api::agreement_status::ApprovalState;
use serde_json::{Value, json};

use super::running;
use testkit::example::Example;
use testkit::people::{Person, desk, eva, jonas, lea, mary, omar, patel, rita};
use testkit::stage::{Stage, condition, ignored_in, status_of, step_of};

/// Both representatives of the fleet confirm the SIM cards and leave the handsets out.
async fn confirm(stage: &Stage<'_>) -> Result<Vec<String>> {
    let outcomes =
        json!([{"id": "sims", "outcome": "Confirmed"}, {"id": "handsets", "outcome": "NotConfirmed"}]);
    let first = stage.confirm(&omar(), outcomes.clone()).await?;
    stage.until_waiting_for("Lea Vogt").await?;
    Ok(vec![first, stage.confirm(&lea(), outcomes).await?])
}

#[tokio::test]
async fn an_approval_from_before_a_change_does_not_count_after_it() -> Result<()> {
    let stage = Example::of("fleet")?.begin(running().await?).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let mut made = confirm(&stage).await?;
    let before = stage.until_waiting_for("(finance L1)").await?;
    made.push(stage.approve(&desk(), "finance", "L1").await?);
    let approved = stage.until_waiting_for("(sales L3)").await?;
    assert_eq!(step_of(&approved, "finance").unwrap().state, ApprovalState::Approved);

    let wish =
        json!({"action": "RequestChange", "function": "sales", "level": "L3", "reason": "12 % is enough"});
    made.push(stage.decide(&mary(), wish).await?);
    let revising = stage.until_phase("Revising").await?;
    let change = status_of(&revising).change_request.unwrap();
    assert_eq!((change.username, change.reason), (mary().name, "12 % is enough".to_owned()));
    let waits: Vec<_> =
        status_of(&revising).waiting_for.into_iter().map(|wait| (wait.who, wait.wait_end_time)).collect();
    assert_eq!(waits, [(patel().name, None)], "the author is waited for and nobody else, without a deadline");

    let mut orders: Value = serde_json::to_value(&revising.spec.orders)?;
    orders[0]["items"][0]["discountPercent"] = json!("12");
    stage.edit_as(&patel(), json!({"orders": orders})).await?;
    let anew = stage.until_phase("AwaitingConfirmation").await?;
    let status = status_of(&anew);
    assert_eq!(status.terms.as_ref().unwrap().revision, 2);
    assert!(status.approvals.iter().all(|step| step.decided_by.is_empty() && step.asked.is_empty()));
    assert!(status.change_request.is_none() && status.confirmation.is_none());
    let mut stale = ignored_in(&anew);
    stale.sort();
    let mut expected: Vec<_> = made.into_iter().map(|name| (name, "Stale".to_owned())).collect();
    expected.sort();
    assert_eq!(stale, expected);

    confirm(&stage).await?;
    stage.until_waiting_for("(finance L1)").await?;
    // What the desk approved then is not what it is asked for now.
    let approve = json!({"action": "Approve", "function": "finance", "level": "L1"});
    let old = stage.decide_on(&before, &desk(), approve).await?;
    assert_eq!(stage.ignored(&old).await?, "Stale");
    stage.approve(&desk(), "finance", "L1").await?;
    stage.approve(&rita(), "sales", "L2").await?;
    stage.sign(&lea(), "Mary Osei", &mary()).await?;
    let agreed = stage.until_phase("Agreed").await?;
    assert_eq!(step_of(&agreed, "sales").unwrap().level, "L2", "the lower discount needs a lower level");
    let requests = stage.order_requests().await?;
    let passed_on: Vec<_> =
        requests.iter().map(|own| (own.spec.order_id.as_str(), own.spec.agreement_ref.revision)).collect();
    assert_eq!(passed_on, [("sims", 2)]);
    Ok(())
}

/// A representative asks for a change while signatures are missing and gets the same offer again.
#[tokio::test]
async fn a_change_is_asked_for_before_signing_and_the_offer_comes_again() -> Result<()> {
    let stage = Example::of("fibre")?.begin(running().await?).await?;
    stage.confirm_fibre().await?;
    stage.until_phase("AwaitingSignOff").await?;
    stage.decide(&eva(), json!({"action": "Sign"})).await?;
    stage.until_waiting_for("Jonas Berg").await?;
    stage.decide(&eva(), json!({"action": "RequestChange", "reason": "a lower price, please"})).await?;
    let revising = stage.until_phase("Revising").await?;
    assert_eq!(condition(&revising, "Ready").1, "ChangeRequested");
    let out_of_turn = stage.decide(&jonas(), json!({"action": "Countersign"})).await?;
    // The owner changes nothing that people decide on, so nothing moves.
    stage.edit_as(&jonas(), json!({"title": "The best that we can do"})).await?;
    stage.until("the title was seen", |a| status_of(a).observed_generation == a.metadata.generation).await?;
    stage.until_phase("Revising").await?;

    stage.edit_as(&jonas(), json!({"offerVersion": 2})).await?;
    let anew = stage.until_phase("AwaitingConfirmation").await?;
    assert_eq!(status_of(&anew).terms.unwrap().revision, 2);
    assert!(ignored_in(&anew).contains(&(out_of_turn, "Stale".to_owned())));
    stage.sign_fibre().await?;
    let agreed = stage.until_phase("Agreed").await?;
    let signatures = status_of(&agreed).sign_off.unwrap().signatures;
    assert_eq!(signatures.len(), 2, "those of the first revision are gone: {signatures:?}");
    let people: Vec<Person> = vec![eva(), jonas()];
    assert!(people.iter().all(|who| signatures.iter().any(|own| own.username == who.name)));
    Ok(())
}
