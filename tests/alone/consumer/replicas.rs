//! Several replicas, and replicas that die.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use http::{Method, Request};
use kube::client::Body;
use kube::{Client, ResourceExt};
use order_consumer::controller::Options;
use serde_json::{Value, json};
use testenv::until;
use testkit::Cluster;
use testkit::example::Example;
use testkit::people::{desk, lea, mary, omar, order_desk};
use testkit::stage::{condition, status_of};
use testkit::{PATIENCE, documents, schema};
use tokio::sync::Barrier;

use super::{DESK, Met, Mood, Replica, made, one_order, options, passed_on, shared, until_reported};

fn fibre_with(orders: &[&str]) -> Result<Example> {
    let fibre = documents("examples/fibre/agreement.yaml")?.remove(0);
    let order = |id: &&str| schema::with(&fibre["spec"]["orders"][0], "/id", &json!(id));
    let all: Vec<Value> = orders.iter().map(order).collect();
    Ok(Example::of("fibre")?.with("/spec/orders", &json!(all)))
}

#[tokio::test]
async fn two_replicas_make_one_customer_order_for_each_order_that_was_confirmed() -> Result<()> {
    let (turn, _shared) = shared().await?;
    let three = ["o1", "o2", "o3"];
    let fibre = passed_on(turn.cluster, fibre_with(&three)?, &three).await?;
    let example = Example::of("fleet")?.and(order_desk(), "countersign-order-consumer");
    let fleet = example.begin(turn.cluster).await?;
    let orders = tempfile::tempdir()?;
    let mut systems = Vec::new();
    let mut replicas = Vec::new();
    for stage in [&fibre, &fleet, &fibre, &fleet] {
        let mut system = Met::at(&orders, Mood::Works)?;
        system.folder.takes = Duration::from_millis(300);
        replicas.push(Replica::start(stage, &system, options()).await?);
        systems.push(system);
    }

    fleet.until_phase("AwaitingConfirmation").await?;
    let outcomes = json!([{"id": "sims", "outcome": "Confirmed"},
                          {"id": "handsets", "outcome": "NotConfirmed", "reason": "buying elsewhere"}]);
    fleet.confirm(&omar(), outcomes.clone()).await?;
    fleet.until_waiting_for("Lea Vogt").await?;
    fleet.confirm(&lea(), outcomes).await?;
    fleet.approve(&desk(), "finance", "L1").await?;
    fleet.approve(&mary(), "sales", "L3").await?;
    fleet.sign(&lea(), "Mary Osei", &mary()).await?;

    for (stage, number) in [(&fibre, 3), (&fleet, 1)] {
        let done = stage.until("it is completed", |a| condition(a, "HandedOver").1 == "Completed").await?;
        let handover = status_of(&done).handover.unwrap();
        let counts = (handover.acknowledged, handover.completed, handover.failed, handover.rejected);
        assert_eq!(counts, (number, number, 0, 0));
    }
    let made = made(orders.path())?;
    assert_eq!(made.len(), 4, "{made:?}");
    for stage in [&fibre, &fleet] {
        for request in stage.order_requests().await? {
            let (_, reported) = until_reported(stage, &request.name_any(), "Completed").await?;
            assert_eq!(reported, [made[&request.spec.idempotency_key].clone()]);
            assert_eq!(request.status.unwrap().acknowledged_by.as_deref(), Some(DESK));
        }
    }
    for key in made.keys() {
        let who = systems.iter().filter(|system| system.calls().contains(key)).count();
        assert_eq!(who, 1, "one replica works on an order, and the others leave it alone");
    }
    for replica in replicas {
        replica.stop().await?;
    }
    Ok(())
}

/// A client whose first write waits until the other's is on its way too.
pub(super) fn at_once(client: Client, meeting: Arc<Barrier>) -> Client {
    let (first, namespace) = (Arc::new(AtomicBool::new(true)), client.default_namespace().to_owned());
    let send = move |request: Request<Body>| {
        let (client, meeting, first) = (client.clone(), meeting.clone(), first.clone());
        async move {
            if request.method() == Method::PATCH && first.swap(false, Ordering::SeqCst) {
                meeting.wait().await;
            }
            client.send(request).await
        }
    };
    Client::new(tower::service_fn(send), namespace)
}

/// Of two replicas that claim at once one wins and the other leaves it alone.
#[tokio::test]
async fn of_two_replicas_that_claim_at_once_one_wins() -> Result<()> {
    let (turn, _shared) = shared().await?;
    let (stage, request) = one_order(turn.cluster).await?;
    let mark = stage.cluster.plane.audit_mark()?;
    let orders = tempfile::tempdir()?;
    let (one, other) = (Met::at(&orders, Mood::Works)?, Met::at(&orders, Mood::Works)?);
    let meeting = Arc::new(Barrier::new(2));
    let mut replicas = Vec::new();
    for system in [&one, &other] {
        let client = at_once(stage.cluster.client(&order_desk()).await?, meeting.clone());
        replicas.push(Replica::start_with(client, &stage, system, options()));
    }
    until_reported(&stage, &request.name_any(), "Completed").await?;
    for replica in replicas {
        replica.stop().await?;
    }
    assert_eq!(one.calls().len() + other.calls().len(), 1, "one replica asked, and once");
    let writes = until("both claims were in the audit log", PATIENCE, || async {
        let mut codes: Vec<u16> = Vec::new();
        for event in stage.cluster.plane.audit_since(mark)? {
            let of = event.object_ref.as_ref();
            let here = of.and_then(|of| of.namespace.as_deref()) == Some(&stage.namespace);
            if here && event.verb == "patch" && event.user.username == order_desk().name {
                codes.extend(event.response_status.map(|status| status.code));
            }
        }
        Ok((codes.len() >= 3).then_some(codes))
    })
    .await?;
    let refused = writes.iter().filter(|&&code| code == 409).count();
    assert_eq!((writes.len(), refused), (3, 1), "a claim, a refused claim and a report: {writes:?}");
    Ok(())
}

/// The first replica stops in this mood, and is killed; the second one is there from the beginning.
async fn dies(cluster: &Cluster, mood: Mood, made_by_the_first: usize) -> Result<()> {
    let (stage, request) = one_order(cluster).await?;
    let name = request.name_any();
    let orders = tempfile::tempdir()?;
    let first = Met::at(&orders, mood)?;
    let dying = Replica::start(&stage, &first, Options { deadline: PATIENCE, ..options() }).await?;
    let (taken, _) = until_reported(&stage, &name, "Acknowledged").await?;
    until("the first replica had asked for what it could", PATIENCE, || async {
        Ok((!first.calls().is_empty() && made(orders.path())?.len() == made_by_the_first).then_some(()))
    })
    .await?;
    drop(dying);
    let before = made(orders.path())?;

    let second = Met::at(&orders, Mood::Works)?;
    let soon = Options { stand_in_after: Duration::from_secs(3), ..options() };
    let standing_in = Replica::start(&stage, &second, soon).await?;
    let (completed, reported) = until_reported(&stage, &name, "Completed").await?;
    let after = made(orders.path())?;
    assert_eq!(reported, after.values().cloned().collect::<Vec<_>>(), "one order, and that is reported");
    assert_eq!(after.len(), 1);
    assert!(before.iter().all(|(key, id)| after.get(key) == Some(id)), "{before:?} became {after:?}");
    let waited = completed.last_transition_time.0.duration_since(taken.last_transition_time.0);
    assert!(waited.as_secs() >= 2, "it was left alone with it for a while: {waited:?}");
    standing_in.stop().await
}

/// A replica that dies after the order was made leaves it for another to report.
#[tokio::test]
async fn a_replica_that_dies_after_ordering_leaves_the_report_to_another() -> Result<()> {
    let (turn, _shared) = shared().await?;
    dies(turn.cluster, Mood::HangsBehind, 1).await
}

/// A replica that dies after its claim leaves the order for another to make.
#[tokio::test]
async fn a_replica_that_dies_after_its_claim_leaves_the_order_to_another() -> Result<()> {
    let (turn, _shared) = shared().await?;
    dies(turn.cluster, Mood::HangsBefore, 0).await
}
