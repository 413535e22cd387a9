//! Deciding on one thing and having it count for another, or at another time.

use anyhow::Result;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use testenv::until;

use super::{policy, running, under};
use testkit::decision::confirm;
use testkit::people::eva;
use testkit::schema::{with, word};
use testkit::stage::{Stage, phase_of};
use testkit::{PATIENCE, decision, raw};

async fn prices(stage: &Stage<'_>, amount: &str) -> Result<()> {
    let mut orders = serde_json::to_value(&stage.get().await?.spec.orders)?;
    orders[0]["items"][0]["prices"][0]["amount"] = json!(amount);
    stage.edit(json!({"orders": orders})).await.map(drop)
}

/// Cheap, dear, cheap: whoever confirmed the first cheap offer has not confirmed the second.
#[tokio::test]
async fn a_text_that_comes_back_brings_no_decision_back() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let first = stage.until_phase("AwaitingConfirmation").await?;
    stage.confirm(&eva(), json!([{"id": "o1", "outcome": "Confirmed"}])).await?;
    stage.until_phase("AwaitingSignOff").await?;
    prices(&stage, "1390.00").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    prices(&stage, "1290.00").await?;
    let back = stage
        .until("the third revision", |a| {
            a.status
                .as_ref()
                .and_then(|status| status.terms.as_ref())
                .is_some_and(|terms| terms.revision == 3)
        })
        .await?;
    assert_eq!(phase_of(&back), "AwaitingConfirmation");
    let terms = |a: &countersign_api::CustomerAgreement| a.status.clone().unwrap().terms.unwrap();
    // The text and the agreement are the same, so the digest is; the revision tells them apart.
    assert_eq!(terms(&first).digest, terms(&back).digest);
    let replayed = stage.decide_on(&first, &eva(), confirm()).await?;
    assert_eq!(stage.ignored(&replayed).await?, "Stale");
    assert!(stage.get().await?.status.unwrap().confirmation.is_none());
    Ok(())
}

/// Each part of what a decision names is compared.
#[tokio::test]
async fn a_decision_on_another_uid_revision_or_digest_never_counts() -> Result<()> {
    let cluster = running().await?;
    let stage = Stage::with_agreement(cluster, "fibre").await?;
    let other = Stage::with_agreement(cluster, "fibre").await?;
    let here = stage.until_phase("AwaitingConfirmation").await?;
    let there = other.until_phase("AwaitingConfirmation").await?;
    let own = decision::as_shown(&here, &eva(), confirm());
    let foreign = decision::as_shown(&there, &eva(), confirm());
    let part = |name: &str| format!("/spec/agreementRef/{name}");
    let mut made = Vec::new();
    for changed in [
        foreign.clone(),
        with(&own, &part("uid"), &json!(word(&foreign, &part("uid")))),
        with(&own, &part("digest"), &json!(word(&foreign, &part("digest")))),
        with(&own, &part("revision"), &json!(2)),
    ] {
        let answer = cluster.decide(&eva(), &stage.namespace, &changed).await?;
        let answer = answer.map_err(raw::Refusal::into_error)?;
        made.push(word(&answer, "/metadata/name").to_owned());
    }
    // Once something counts, what does not is shown.
    let understood = stage.decide(&eva(), json!({"action": "Confirm", "statements": ["Understood"]})).await?;
    let weighed = stage
        .until("what is understood counts", |a| {
            a.status.as_ref().is_some_and(|status| status.confirmation.is_some())
        })
        .await?;
    let confirmation = weighed.status.unwrap().confirmation.unwrap();
    let counted: Vec<_> = confirmation.decisions.into_iter().map(|decision| decision.decision).collect();
    assert_eq!(counted, [understood]);
    assert_eq!(stage.ignored(&made[2]).await?, "Stale");
    assert_eq!(stage.ignored(&made[3]).await?, "Stale");
    Ok(())
}

/// What was said is said: nobody puts another word in its place.
#[tokio::test]
async fn a_decision_under_the_name_of_an_earlier_one_is_refused() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let first = stage.until_phase("AwaitingConfirmation").await?;
    let named = with(&decision::as_shown(&first, &eva(), confirm()), "/metadata", &json!({"name": "mine"}));
    // Declined first, confirmed under the same name.
    let declined = with(&named, "/spec", &with(&named, "/spec/action", &json!("Decline"))["spec"]);
    let declined = with(&with(&declined, "/spec/statements", &Value::Null), "/spec/orders", &Value::Null);
    let declined = with(&declined, "/spec/reason", &json!("too dear"));
    let made = stage.cluster.decide(&eva(), &stage.namespace, &declined).await?;
    made.map_err(raw::Refusal::into_error)?;
    let again = stage.cluster.decide(&eva(), &stage.namespace, &named).await?.unwrap_err();
    assert_eq!(again.code, 409, "{}", again.message);
    stage.until_phase("Declined").await?;
    // What people decided on stays, also when the answer was no.
    let refused = stage.agreements()?.delete(&stage.agreement, &DeleteParams::default()).await.unwrap_err();
    assert!(refused.to_string().contains("on which people decided"), "{refused}");
    Ok(())
}

/// What is decided after the deadline does not count whatever time it claims.
///
/// The time is the server's, and a customer who comes too late is told so.
#[tokio::test]
async fn what_is_decided_late_does_not_count_whatever_time_it_claims() -> Result<()> {
    let hasty = with(&policy("hasty")?, "/spec/rules/confirmation/deadlineSeconds", &json!(2));
    let stage = under(&hasty, "fibre").await?;
    let asked = stage
        .until("the customer is asked", |a| {
            a.status.as_ref().is_some_and(|status| {
                status.waiting_for.iter().any(|wait| wait.deadline_time.is_some()) || status.closed.is_some()
            })
        })
        .await?;
    let deadline = asked.status.as_ref().unwrap().waiting_for[0].deadline_time.clone().unwrap();
    let dated = |claimed: &str| {
        let decision = decision::as_shown(&asked, &eva(), confirm());
        with(&decision, "/metadata/creationTimestamp", &json!(claimed))
    };
    let clock = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "now-"}});
    let maps = format!("/api/v1/namespaces/{}/configmaps?dryRun=All", stage.namespace);
    let admin = stage.cluster.admin()?;
    let limit = serde_json::to_value(&deadline)?;
    let limit: jiff::Timestamp = limit.as_str().unwrap().parse()?;
    until("the deadline was over", PATIENCE, || async {
        let now = raw::ask(&admin, "POST", &maps, &clock).await?;
        let now: jiff::Timestamp = word(&now, "/metadata/creationTimestamp").parse()?;
        Ok((now > limit).then_some(()))
    })
    .await?;
    let made = stage.cluster.decide(&eva(), &stage.namespace, &dated("2020-01-01T00:00:00Z")).await?;
    let made = made.map_err(raw::Refusal::into_error)?;
    let reason = stage.ignored(word(&made, "/metadata/name")).await?;
    // Where the offer was closed before the decision was seen, that is what is said.
    assert!(["Late", "Closed"].contains(&reason.as_str()), "{reason}");
    let expired = stage.until_phase("Expired").await?;
    assert!(expired.status.unwrap().confirmation.is_none());
    assert_eq!(stage.order_requests().await?.len(), 0);
    Ok(())
}
