//! What people change, and what it does to what was decided.

use anyhow::Result;
use kube::api::DeleteParams;
use serde_json::json;
use testenv::until;

use super::running;
use testkit::PATIENCE;
use testkit::people::{eva, jonas};
use testkit::stage::{Stage, condition};

#[tokio::test]
async fn an_agreement_with_five_faults_shows_all_five() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let mut spec = serde_json::to_value(stage.get().await?.spec)?;
    spec["agreementType"] = json!("Barter");
    spec["terms"][0]["value"] = json!("soon");
    spec["terms"].as_array_mut().unwrap().remove(6);
    spec["orders"][0]["items"][0].as_object_mut().unwrap().remove("discountPercent");
    spec["provider"]["signatories"][0]["username"] = json!(eva().name);
    stage.edit(json!({
        "agreementType": spec["agreementType"], "terms": spec["terms"], "orders": spec["orders"], "provider": spec["provider"],
    })).await?;
    let faulty = stage.until_phase("Pending").await?;
    let (status, reason, message) = condition(&faulty, "Valid");
    assert_eq!((status.as_str(), reason.as_str()), ("False", "TermsInvalid"));
    for said in [
        "5 faults",
        "`spec.agreementType` \"Barter\" is not one that the catalogue \"b2b-2026-1\" is for; permitted is Commercial, Framework or Amendment",
        "`spec.terms[payment-days].value` \"soon\" must be a whole number of days",
        "`spec.terms` must have `governing-law`",
        "`spec.orders[o1].items[01].discountPercent` must be given",
        "\"eva.lund@norrland-timber.example\" must not be on both sides",
    ] {
        assert!(message.contains(said), "{said:?} is missing in {message:?}");
    }
    assert_eq!(condition(&faulty, "Stalled").0, "True");
    Ok(())
}

/// An edit of the terms after confirmation voids it and an edit of the title voids nothing.
#[tokio::test]
async fn an_edit_of_the_terms_voids_a_confirmation_and_one_of_the_title_not() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    stage.confirm(&eva(), json!([{"id": "o1", "outcome": "Confirmed"}])).await?;
    let confirmed = stage.until_phase("AwaitingSignOff").await?;
    let before = confirmed.status.clone().unwrap();

    let edited = stage.edit(json!({"title": "Dedicated fibre, as discussed"})).await?;
    let generation = edited.metadata.generation;
    let same = stage
        .until("the new title was observed", |a| a.status.as_ref().unwrap().observed_generation == generation)
        .await?;
    let same = same.status.unwrap();
    assert_eq!(
        (&same.terms, &same.confirmation, &same.phase),
        (&before.terms, &before.confirmation, &before.phase)
    );

    let mut orders = serde_json::to_value(&confirmed.spec.orders)?;
    orders[0]["items"][0]["prices"][0]["amount"] = json!("1390.00");
    stage.edit(json!({"orders": orders})).await?;
    let asked_again = stage.until_phase("AwaitingConfirmation").await?.status.unwrap();
    let terms = asked_again.terms.unwrap();
    assert_eq!(terms.revision, 2);
    assert_ne!(terms.digest, before.terms.unwrap().digest);
    assert!(asked_again.confirmation.is_none());
    let ignored: Vec<_> = asked_again.ignored_decisions.iter().map(|i| i.reason.as_str()).collect();
    assert_eq!(ignored, ["Stale"], "its maker is told to decide again");

    // A decision on what stood there before is no decision on what stands there now.
    let on_the_old_terms = stage
        .decide_on(
            &confirmed,
            &eva(),
            json!({"action": "Confirm", "statements": ["Understood", "Acceptable"],
            "orders": [{"id": "o1", "outcome": "Confirmed"}]}),
        )
        .await?;
    assert_eq!(stage.ignored(&on_the_old_terms).await?, "Stale");
    Ok(())
}

#[tokio::test]
async fn an_agreement_that_was_deleted_and_made_again_counts_no_old_decision() -> Result<()> {
    let cluster = running().await?;
    let stage = Stage::with_agreement(cluster, "fibre").await?;
    let first = stage.until_phase("AwaitingConfirmation").await?;
    stage.agreements()?.delete(&stage.agreement, &DeleteParams::default()).await?;
    until("the agreement was gone", PATIENCE, || async {
        Ok(stage.agreements()?.get_opt(&stage.agreement).await?.is_none().then_some(()))
    })
    .await?;
    let act = json!({"action": "Confirm", "statements": ["Understood", "Acceptable"], "orders": [{"id": "o1", "outcome": "Confirmed"}]});
    let old = stage.decide_on(&first, &eva(), act).await?;
    cluster.example(&stage.namespace, "fibre").await?;
    let second = stage.until_phase("AwaitingConfirmation").await?;
    assert_ne!(second.metadata.uid, first.metadata.uid);
    assert_ne!(
        second.status.as_ref().unwrap().terms.as_ref().unwrap().digest,
        first.status.unwrap().terms.unwrap().digest
    );

    // Something is decided, so the old decision was weighed too.
    stage.decide(&eva(), json!({"action": "Confirm", "statements": ["Understood"]})).await?;
    let weighed = stage.until("the terms are understood", |a| condition(a, "Understood").0 == "True").await?;
    let status = weighed.status.unwrap();
    assert_eq!(condition_of(&status, "Acceptable"), "False");
    let counted: Vec<_> = status.confirmation.unwrap().decisions.into_iter().map(|d| d.decision).collect();
    assert!(!counted.contains(&old), "{counted:?}");
    Ok(())
}

#[tokio::test]
async fn the_sealed_terms_cannot_be_edited_any_more() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    stage.confirm(&eva(), json!([{"id": "o1", "outcome": "NotConfirmed", "reason": "later"}])).await?;
    stage.until_phase("AwaitingSignOff").await?;
    stage.decide(&eva(), json!({"action": "Sign"})).await?;
    stage.until_waiting_for("Jonas Berg").await?;
    stage.decide(&jonas(), json!({"action": "Countersign"})).await?;
    let agreed = stage.until_phase("Agreed").await?;
    assert_eq!(condition(&agreed, "OrdersIssued").1, "NoOrders");
    let refused = stage.edit(json!({"offerVersion": 2})).await.unwrap_err().to_string();
    assert!(refused.contains("the agreement is sealed"), "{refused}");
    stage.edit(json!({"description": "signed in Sundsvall"})).await?;
    Ok(())
}

fn condition_of(status: &countersign_api::CustomerAgreementStatus, type_: &str) -> String {
    status.conditions.iter().find(|c| c.type_ == type_).map(|c| c.status.clone()).unwrap_or_default()
}
