//! What the order system answers, or does not.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use anyhow::Result;
use kube::ResourceExt;
use serde_json::{Value, json};
use testenv::until;
use testkit::example::Example;
use testkit::stage::{condition, status_of};
use testkit::{DEFINITIONS, PATIENCE, raw, schema};

use super::{
    Met, Mood, Replica, alone, beside, history, made, one_order, options, passed_on, shared, until_reported,
};

#[tokio::test]
async fn an_order_system_that_gives_no_answer_is_asked_until_it_does() -> Result<()> {
    let (turn, _shared) = shared().await?;
    let (stage, request) = one_order(turn.cluster).await?;
    let orders = tempfile::tempdir()?;
    let system = Met::at(&orders, Mood::Fails(Arc::new(AtomicU32::new(4))))?;
    let replica = Replica::start(&stage, &system, options()).await?;
    let (_, reported) = until_reported(&stage, &request.name_any(), "Completed").await?;
    assert_eq!(system.calls().len(), 5, "four without an answer, of which two made it, and one more");
    assert_eq!(reported, made(orders.path())?.into_values().collect::<Vec<_>>());
    assert_eq!(reported.len(), 1);
    let states: Vec<(String, bool)> = history(&stage, &request.name_any())
        .await?
        .into_iter()
        .flat_map(|request| request.status)
        .map(|status| {
            let completed = status.conditions.iter().find(|c| c.type_ == "Completed").unwrap();
            (completed.reason.clone(), status.conditions.iter().any(|c| c.type_ == "Failed"))
        })
        .collect();
    let expected = ["Taken", "NoAnswer", "Completed"].map(|reason| (reason.to_owned(), false));
    assert_eq!(states, expected, "one write for all failures, and never a word of failure");
    replica.stop().await
}

#[tokio::test]
async fn an_order_that_comes_to_nothing_is_failed_and_the_agreement_says_so() -> Result<()> {
    let (turn, _shared) = shared().await?;
    let (stage, request) = one_order(turn.cluster).await?;
    let orders = tempfile::tempdir()?;
    let mut system = Met::at(&orders, Mood::Works)?;
    system.folder.unobtainable = vec!["PO-FIB-1G".to_owned()];
    let replica = Replica::start(&stage, &system, options()).await?;
    let (failed, reported) = until_reported(&stage, &request.name_any(), "Failed").await?;
    assert_eq!((failed.reason.as_str(), reported.len()), ("OrderFailed", 1));
    let shown = stage.until("it failed", |a| condition(a, "HandedOver").1 == "Failed").await?;
    let handover = status_of(&shown).handover.unwrap();
    assert_eq!((handover.acknowledged, handover.completed, handover.failed), (1, 0, 1));
    replica.stop().await
}

/// What the consumer does not do is rejected with every reason and nothing is made.
#[tokio::test]
async fn what_the_consumer_does_not_do_is_rejected_with_every_reason() -> Result<()> {
    let (turn, _shared) = shared().await?;
    let example = Example::of("fibre")?
        .with("/spec/orders/0/specialRequirements", &json!(["by barge"]))
        .with("/spec/orders/0/feasibility", &Value::Null)
        .with("/spec/orders/0/items/0/action", &json!("Modify"))
        .with("/spec/orders/0/items/0/product", &json!({"id": "P-77"}));
    let stage = passed_on(turn.cluster, example, &["o1"]).await?;
    let request = stage.order_requests().await?.remove(0);
    let orders = tempfile::tempdir()?;
    let system = Met::at(&orders, Mood::Works)?;
    let replica = Replica::start(&stage, &system, options()).await?;
    let (rejected, reported) = until_reported(&stage, &request.name_any(), "Rejected").await?;
    assert!(
        rejected.message.contains("special requirements") && rejected.message.contains("is a Modify"),
        "{rejected:?}"
    );
    assert_eq!((reported.len(), made(orders.path())?.len(), system.calls().len()), (0, 0, 0));
    let shown = stage.until("it is rejected", |a| condition(a, "HandedOver").1 == "Rejected").await?;
    let handover = status_of(&shown).handover.unwrap();
    assert_eq!((handover.acknowledged, handover.rejected), (0, 1));
    replica.stop().await
}

/// What the consumer cannot read stays free and keeps nobody from the rest.
#[tokio::test]
async fn what_the_consumer_cannot_read_keeps_nobody_from_the_rest() -> Result<()> {
    let (turn, _alone) = alone().await?;
    let (stage, request) = one_order(turn.cluster).await?;
    let admin = stage.cluster.admin()?;
    // A later version of the definition has a word more.
    let path = format!("{DEFINITIONS}/orderrequests.countersign.dev");
    let definition = raw::ask(&admin, "GET", &path, &Value::Null).await?;
    let words = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/items/items/properties/action/enum/-";
    let later = schema::with(&definition, words, &json!("Swap"));
    raw::ask(&admin, "PATCH", &path, &json!({"spec": later["spec"]})).await?;
    let spec = serde_json::to_value(&request.spec)?;
    let swap = schema::with(&spec, "/items/0/action", &json!("Swap"));
    let swap = schema::with(&swap, "/idempotencyKey", &json!("swap"));
    until("the later definition was in force", PATIENCE, || async {
        beside(&stage, "a-swap", &swap).await.map(Some)
    })
    .await?;

    let orders = tempfile::tempdir()?;
    let system = Met::at(&orders, Mood::Works)?;
    let replica = Replica::start(&stage, &system, options()).await?;
    until_reported(&stage, &request.name_any(), "Completed").await?;
    // One that comes later, too.
    let later = schema::with(&spec, "/idempotencyKey", &json!("later"));
    beside(&stage, "later", &later).await?;
    until_reported(&stage, "later", "Completed").await?;
    let path = raw::path("orderrequests/a-swap", &stage.namespace);
    let left = raw::ask(&admin, "GET", &path, &Value::Null).await?;
    assert_eq!(left.get("status"), None);
    assert!(!made(orders.path())?.contains_key("swap"));
    replica.stop().await
}

/// A second request with the same key gets the same order and another content gets none.
#[tokio::test]
async fn a_second_request_with_the_same_key_gets_the_same_order() -> Result<()> {
    let (turn, _shared) = shared().await?;
    let (stage, request) = one_order(turn.cluster).await?;
    let orders = tempfile::tempdir()?;
    let system = Met::at(&orders, Mood::Works)?;
    let replica = Replica::start(&stage, &system, options()).await?;
    let (_, first) = until_reported(&stage, &request.name_any(), "Completed").await?;
    let spec = serde_json::to_value(&request.spec)?;
    beside(&stage, "the-same", &spec).await?;
    let (_, again) = until_reported(&stage, "the-same", "Completed").await?;
    assert_eq!((again, first.len()), (first.clone(), 1));
    beside(&stage, "another", &schema::with(&spec, "/items/0/quantity", &json!(9))).await?;
    let (failed, none) = until_reported(&stage, "another", "Failed").await?;
    assert_eq!((failed.reason.as_str(), none.len()), ("OrderRefused", 0));
    assert!(failed.message.contains(&first[0]), "{}", failed.message);
    assert_eq!(made(orders.path())?.len(), 1);
    replica.stop().await
}
