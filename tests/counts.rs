//! What one life costs the API server, counted in its audit log and in etcd, not by the operator's word.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use common::operator::Operator;
use common::stage::Stage;
use common::{OPERATOR, OPERATOR_NAMESPACE, installed, stage};
use countersign::api::CustomerAgreement;
use testenv::{AuditEvent, AuditMark, ControlPlane, until};

/// Requests of the operator since a mark, by verb and resource; watches apart.
fn requests(plane: &ControlPlane, since: AuditMark) -> Result<BTreeMap<String, Vec<AuditEvent>>> {
    let user = format!("system:serviceaccount:{OPERATOR_NAMESPACE}:{OPERATOR}");
    let mut counted: BTreeMap<String, Vec<AuditEvent>> = BTreeMap::new();
    for event in plane.audit_since(since)? {
        let mine = event.user.username == user && event.verb != "watch";
        let Some(object) = event.object_ref.as_ref().filter(|_| mine) else { continue };
        let resource = object.resource.clone().unwrap_or_default();
        let what = match &object.subresource {
            Some(subresource) => format!("{} {resource}/{subresource}", event.verb),
            None => format!("{} {resource}", event.verb),
        };
        counted.entry(what).or_default().push(event);
    }
    Ok(counted)
}

fn counts(requests: &BTreeMap<String, Vec<AuditEvent>>) -> BTreeMap<&str, usize> {
    requests.iter().map(|(what, events)| (what.as_str(), events.len())).collect()
}

#[tokio::test]
async fn the_fibre_life_costs_what_it_must_and_rest_and_restart_cost_nothing() -> Result<()> {
    let cluster = installed().await?;
    stage::rules(cluster).await?;
    let operator = Operator::start(cluster, &[]).await?;
    let stage = Stage::set(cluster, "fibre").await?;
    let begin = cluster.plane.audit_mark()?;

    cluster.example(&stage.namespace, "fibre").await?;
    stage.sign_fibre().await?;
    stage.until_phase("Agreed").await?;

    // Events are told off the critical path: eight things happened.
    let life = until("eight events", common::PATIENCE, || async {
        let life = requests(&cluster.plane, begin)?;
        Ok((life.get("create events").map_or(0, Vec::len) >= 8).then_some(life))
    })
    .await?;
    let expected = BTreeMap::from([
        ("create events", 8),
        ("create orderrequests", 1),
        // Asked, confirmed, signed, sealed, agreed.
        ("patch customeragreements/status", 5),
        ("list agreementdecisions", 1),
    ]);
    assert_eq!(counts(&life), expected);
    for event in life.values().flatten() {
        let code = event.response_status.as_ref().map_or(0, |status| status.code);
        assert!((200..300).contains(&code), "refused or repeated: {event:?}");
    }

    let history = cluster
        .plane
        .history_of::<CustomerAgreement>(&format!("customeragreements/{}/", stage.namespace))
        .await?;
    let phases: Vec<_> = history
        .iter()
        .filter_map(|revision| revision.object())
        .map(|a| common::stage::phase_of(a).to_owned())
        .collect();
    assert_eq!(
        phases,
        ["", "AwaitingConfirmation", "AwaitingSignOff", "AwaitingSignOff", "IssuingOrders", "Agreed"],
        "applied once, then one write for each state that somebody can see"
    );
    let orders = cluster.plane.history("orderrequests/").await?;
    let orders =
        orders.iter().filter(|revision| revision.namespace.as_deref() == Some(stage.namespace.as_str()));
    assert_eq!(orders.count(), 1);
    // The operator's own word, which dashboards show, must be the same.
    let told = operator.metrics.render()?;
    for (what, number) in expected.iter().filter(|(what, _)| !what.starts_with("list")) {
        let (verb, resource) = what.split_once(' ').unwrap();
        let line = format!("countersign_writes_total{{verb=\"{verb}\",resource=\"{resource}\"}} {number}");
        assert!(told.lines().any(|known| known == line), "{line} is not in {told}");
    }

    let restart = cluster.plane.audit_mark()?;
    operator.stop().await?;
    let again = Operator::start(cluster, &[]).await?;
    let watched = || async {
        let begun = cluster.plane.audit_since(restart)?;
        Ok(begun.iter().any(|event| event.verb == "watch").then_some(()))
    };
    until("the restarted operator watched", common::PATIENCE, watched).await?;
    rest(Duration::from_secs(60)).await?;
    assert_eq!(
        counts(&requests(&cluster.plane, restart)?),
        BTreeMap::new(),
        "a restart and a minute at rest"
    );
    again.stop().await
}

/// Lets time pass: here, that nothing happens in it is what is tested.
async fn rest(time: Duration) -> Result<()> {
    tokio::time::timeout(time, std::future::pending::<()>()).await.ok();
    Ok(())
}
