//! Amendments and successors: what they take, and what the agreement that they name says of them.

use anyhow::{Context, Result};
use countersign_api::CustomerAgreement;
use serde_json::json;

use super::running;
use testkit::people::{eva, rita};
use testkit::schema::with;
use testkit::stage::{Stage, condition};

/// An amendment of the stage's agreement, that adds something for so much, once.
async fn amended<'a>(stage: &Stage<'a>, name: &str, amount: &str) -> Result<Stage<'a>> {
    let mut amendment = stage.another(name);
    for (field, value) in [
        ("/spec/agreementType", json!("Amendment")),
        ("/spec/amendsRef", json!({"name": stage.agreement})),
        ("/spec/terms", json!([])),
        ("/spec/orders/0/items/0/prices", json!([{"type": "OneTime", "amount": amount, "currency": "EUR"}])),
    ] {
        amendment.document = with(&amendment.document, field, &value);
    }
    amendment.submit().await?;
    Ok(amendment)
}

async fn superseded<'a>(stage: &Stage<'a>, name: &str) -> Result<Stage<'a>> {
    let mut successor = stage.another(name);
    successor.document = with(&successor.document, "/spec/supersedesRef", &json!({"name": stage.agreement}));
    successor.submit().await?;
    Ok(successor)
}

#[tokio::test]
async fn an_amendment_is_put_down_on_the_agreement_which_stays_in_force() -> Result<()> {
    let first = Stage::with_agreement(running().await?, "fibre").await?;
    let before = first.agreed().await?.status.context("a status")?;
    let declined = amended(&first, "more-bandwidth", "900.00").await?;
    declined.until_phase("AwaitingConfirmation").await?;
    declined.decide(&eva(), json!({"action": "Decline", "reason": "not now"})).await?;
    declined.until_phase("Declined").await?;

    let amendment = amended(&first, "second-line", "900.00").await?;
    let value = amendment.until_phase("AwaitingConfirmation").await?.status.and_then(|status| status.value);
    let value = value.context("a value")?;
    assert_eq!(value.total.as_deref(), Some("900.00"));
    assert_eq!(value.compared_total.as_deref(), Some("51840.00"), "with what it amends");
    assert_eq!(value.compared_with, [first.agreement.as_str()]);
    amendment.agreed().await?;

    let amended = |agreement: &CustomerAgreement| {
        agreement.status.as_ref().is_some_and(|status| !status.amended_by.is_empty())
    };
    let after = first.until("it says what amends it", amended).await?.status.context("a status")?;
    assert_eq!(after.amended_by, ["second-line"], "and not what was declined");
    assert_eq!((&after.phase, &after.orders, &after.terms), (&before.phase, &before.orders, &before.terms));
    Ok(())
}

#[tokio::test]
async fn a_deal_in_slices_takes_the_approval_of_the_whole() -> Result<()> {
    let first = Stage::with_agreement(running().await?, "fibre").await?;
    first.agreed().await?;
    // With the 50,940.00 of the first agreement either is within what the countersignatory may decide, and both are not.
    let one = amended(&first, "slice-1", "120000.00").await?;
    let alone = one.until_phase("AwaitingConfirmation").await?;
    assert_eq!(condition(&alone, "Approved").1, "NotRequired");
    let other = amended(&first, "slice-2", "120000.00").await?;
    let orders = json!([{"id": "o1", "outcome": "Confirmed"}]);
    for slice in [&one, &other] {
        let needed = |agreement: &CustomerAgreement| condition(agreement, "Approved").1 == "AwaitingApproval";
        slice.until("both need an approval", needed).await?;
        slice.confirm(&eva(), orders.clone()).await?;
        slice.until_waiting_for("Regional sales lead").await?;
        let approve = json!({"action": "Approve", "function": "sales", "level": "L2"});
        slice.decide(&rita(), approve).await?;
        slice.until_phase("AwaitingSignOff").await?;
    }
    Ok(())
}

#[tokio::test]
async fn of_two_that_supersede_the_same_the_first_to_be_sealed_wins() -> Result<()> {
    let first = Stage::with_agreement(running().await?, "fibre").await?;
    first.agreed().await?;
    let (one, other) = (superseded(&first, "renewal").await?, superseded(&first, "rival").await?);
    other.until_phase("AwaitingConfirmation").await?;
    one.agreed().await?;
    let lost =
        other.until("it cannot go on", |agreement| condition(agreement, "Stalled").0 == "True").await?;
    let (status, reason, message) = condition(&lost, "Valid");
    assert_eq!((status.as_str(), reason.as_str()), ("False", "LinkInvalid"));
    assert!(message.ends_with("is superseded by \"renewal\""), "{message}");
    let superseded = |agreement: &CustomerAgreement| {
        agreement.status.as_ref().and_then(|status| status.superseded_by.as_deref()) == Some("renewal")
    };
    first.until("it says by what", superseded).await?;
    // Without the link it is an agreement like any other.
    other.edit(json!({"supersedesRef": null})).await?;
    other.agreed().await?;
    Ok(())
}
