//! What others write, and events that say nothing new.

use std::future::pending;
use std::time::Duration;

use anyhow::Result;
use http::{Request, Response};
use kube::client::Body;
use kube::{Client, ResourceExt};
use order_consumer::controller::{Options, run};
use serde_json::{Value, json};
use testkit::{PATIENCE, raw, schema};

use super::{Met, Mood, Replica, beside, history, made, one_order, options, shared, until_reported};

#[tokio::test]
async fn what_others_took_or_wrote_is_left_as_it_is() -> Result<()> {
    let (turn, _shared) = shared().await?;
    let (stage, request) = one_order(turn.cluster).await?;
    let name = request.name_any();
    let condition = |type_: &str| {
        json!({"type": type_, "status": "True", "reason": "Told", "message": "by somebody else",
               "lastTransitionTime": "2026-11-25T09:12:44Z"})
    };
    let other = |status: Value| json!({"apiVersion": "countersign.dev/v1alpha1", "kind": "OrderRequest", "status": status});
    let spec = serde_json::to_value(&request.spec)?;
    let theirs = schema::with(&spec, "/idempotencyKey", &json!("theirs"));
    beside(&stage, "theirs", &theirs).await?;
    let admin = stage.cluster.admin()?;
    for (name, status) in [
        (name.as_str(), json!({"conditions": [condition("Billed")]})),
        ("theirs", json!({"acknowledgedBy": "fulfilment", "conditions": [condition("Acknowledged")]})),
    ] {
        let path = raw::path(&format!("orderrequests/{name}/status"), &stage.namespace);
        raw::apply(&admin, &path, &other(status)).await.map_err(raw::Refusal::into_error)?;
    }
    let orders = tempfile::tempdir()?;
    let system = Met::at(&orders, Mood::Works)?;
    let replica = Replica::start(&stage, &system, options()).await?;
    until_reported(&stage, &name, "Completed").await?;
    let (billed, _) = until_reported(&stage, &name, "Billed").await?;
    assert_eq!((billed.reason.as_str(), billed.message.as_str()), ("Told", "by somebody else"));

    // Whatever is looked at now was looked at after those.
    beside(&stage, "last", &schema::with(&spec, "/idempotencyKey", &json!("last"))).await?;
    until_reported(&stage, "last", "Completed").await?;
    assert_eq!(history(&stage, "theirs").await?.len(), 2, "made, and taken by others");
    assert!(!made(orders.path())?.contains_key("theirs"));
    replica.stop().await
}

#[tokio::test]
async fn an_event_that_says_nothing_new_changes_nothing() -> Result<()> {
    let (turn, _shared) = shared().await?;
    let (stage, request) = one_order(turn.cluster).await?;
    let name = request.name_any();
    let orders = tempfile::tempdir()?;
    let system = Met::at(&orders, Mood::Works)?;
    let first = Replica::start(&stage, &system, options()).await?;
    until_reported(&stage, &name, "Completed").await?;
    let path = raw::path(&format!("orderrequests/{name}"), &stage.namespace);
    let admin = stage.cluster.admin()?;
    for note in ["a", "b"] {
        raw::ask(&admin, "PATCH", &path, &json!({"metadata": {"annotations": {"note": note}}})).await?;
    }
    // A replica that starts anew is told of everything once more.
    let at_once = Options { stand_in_after: Duration::ZERO, ..options() };
    let anew = Replica::start(&stage, &system, at_once).await?;
    let spec = serde_json::to_value(&request.spec)?;
    beside(&stage, "last", &schema::with(&spec, "/idempotencyKey", &json!("last"))).await?;
    until_reported(&stage, "last", "Completed").await?;
    first.stop().await?;
    anew.stop().await?;
    let calls = system.calls().into_iter().filter(|key| *key == request.spec.idempotency_key).count();
    let writes = history(&stage, &name).await?.len();
    assert_eq!((calls, writes), (1, 5), "made, taken, completed, and the two notes");
    Ok(())
}

/// A watch that lost its place ends the replica for the next start to begin anew.
#[tokio::test]
async fn a_watch_that_lost_its_place_ends_the_replica() -> Result<()> {
    let (turn, _shared) = shared().await?;
    let cluster = turn.cluster;
    let client = cluster.admin()?;
    let namespace = client.default_namespace().to_owned();
    let forgetful = move |request: Request<Body>| {
        let client = client.clone();
        async move {
            if request.uri().query().is_some_and(|query| query.contains("watch=true")) {
                let gone = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired",
                                  "message": "too old resource version", "code": 410});
                let gone = Body::from(gone.to_string().into_bytes());
                return Ok(Response::builder().status(410).body(gone).unwrap());
            }
            client.send(request).await
        }
    };
    let client = Client::new(tower::service_fn(forgetful), namespace);
    let system = Met::at(&tempfile::tempdir()?, Mood::Works)?;
    let ended = tokio::time::timeout(PATIENCE, run(client, system, options(), pending())).await?;
    let said = ended.expect_err("it goes on").to_string();
    assert!(said.contains("the watch has lost its place"), "{said}");
    Ok(())
}
