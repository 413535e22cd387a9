//! The example of a consumer, with the operator: one customer order for each order that was confirmed, whatever fails.

use std::collections::BTreeMap;
use std::fs;
use std::future::pending;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use countersign_api::OrderRequest;
use http::{Method, Request, Response};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::client::Body;
use kube::{Api, Client, ResourceExt};
use order_consumer::controller::{Options, run};
use order_consumer::folder::Folder;
use order_consumer::order_system::{CustomerOrder, Order, OrderSystem, Refusal};
use serde_json::{Value, json};
use tempfile::TempDir;
use testenv::until;
use testkit::example::Example;
use testkit::operator::running;
use testkit::people::Person;
use testkit::stage::{Stage, condition, desk, eva, jonas, lea, mary, omar, status_of};
use testkit::{DEFINITIONS, PATIENCE, documents, raw, schema};
use tokio::sync::{Barrier, RwLock, oneshot};
use tokio::task::JoinHandle;

/// A change of a definition makes the server start the kind's storage anew, which refuses requests for a moment. Whoever
/// changes one is alone.
static DEFINITION: RwLock<()> = RwLock::const_new(());

/// The name of all replicas, and of their field manager.
const DESK: &str = "order-desk";

fn consumer() -> Person {
    Person::user("order-desk@telecom.example", &["order-desk"])
}

/// An order system as one replica meets it.
#[derive(Clone)]
struct Met {
    folder: Folder,
    mood: Mood,
    /// The keys of all calls.
    calls: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
enum Mood {
    Works,
    /// Never answers, and makes nothing.
    HangsBefore,
    /// Makes the order, and never answers.
    HangsBehind,
    /// Fails so many times, by turns before and behind.
    Fails(Arc<AtomicU32>),
}

impl Met {
    fn at(orders: &TempDir, mood: Mood) -> Result<Self> {
        Ok(Self { folder: Folder::at(orders.path())?, mood, calls: Arc::default() })
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

impl OrderSystem for Met {
    async fn place(&self, key: &str, order: &Order) -> Result<CustomerOrder, Refusal> {
        self.calls.lock().unwrap().push(key.to_owned());
        match &self.mood {
            Mood::Works => self.folder.place(key, order).await,
            Mood::HangsBefore => pending().await,
            Mood::HangsBehind => {
                self.folder.place(key, order).await?;
                pending().await
            }
            Mood::Fails(times) => {
                let left = times.load(Ordering::SeqCst);
                if left == 0 {
                    return self.folder.place(key, order).await;
                }
                times.store(left - 1, Ordering::SeqCst);
                if left.is_multiple_of(2) {
                    self.folder.place(key, order).await?;
                }
                Err(Refusal::Unknown("connection reset by peer".to_owned()))
            }
        }
    }
}

/// A running replica. Dropped, it is cut off in the middle of whatever it does.
struct Replica {
    task: JoinHandle<Result<()>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Replica {
    async fn start(stage: &Stage<'_>, system: &Met, options: Options) -> Result<Self> {
        Ok(Self::start_with(stage.cluster.client(&consumer()).await?, stage, system, options))
    }

    fn start_with(client: Client, stage: &Stage<'_>, system: &Met, options: Options) -> Self {
        let options = Options { namespace: Some(stage.namespace.clone()), ..options };
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            stopped.await.ok();
        };
        let task = tokio::spawn(run(client, system.clone(), options, shutdown));
        Self { task, stop: Some(stop) }
    }

    /// Lets it finish what is under way, as by SIGTERM.
    async fn stop(mut self) -> Result<()> {
        self.stop.take().map(|stop| stop.send(()));
        (&mut self.task).await?
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Looks again soon, and leaves to the other replica what it took for as long as a test lasts.
fn options() -> Options {
    Options { look_again: Duration::from_millis(200), ..Options::named(DESK) }
}

/// The fibre agreement with these orders, signed and passed on.
async fn passed_on<'a>(example: Example, orders: &[&str]) -> Result<Stage<'a>> {
    let stage = example.and(consumer(), "countersign-order-consumer").begin(running().await?).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let outcomes: Vec<Value> = orders.iter().map(|id| json!({"id": id, "outcome": "Confirmed"})).collect();
    stage.confirm(&eva(), json!(outcomes)).await?;
    stage.sign(&eva(), "Jonas Berg", &jonas()).await?;
    stage.until_phase("Agreed").await?;
    Ok(stage)
}

fn fibre_with(orders: &[&str]) -> Result<Example> {
    let fibre = documents("examples/fibre/agreement.yaml")?.remove(0);
    let order = |id: &&str| schema::with(&fibre["spec"]["orders"][0], "/id", &json!(id));
    let all: Vec<Value> = orders.iter().map(order).collect();
    Ok(Example::of("fibre")?.with("/spec/orders", &json!(all)))
}

async fn one_order<'a>() -> Result<(Stage<'a>, OrderRequest)> {
    let stage = passed_on(Example::of("fibre")?, &["o1"]).await?;
    let request = stage.order_requests().await?.remove(0);
    Ok((stage, request))
}

/// Identifier of each order in the pretended system, by key.
fn made(orders: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(orders)? {
        let path = entry?.path();
        // What is being written has no name of its own yet.
        if path.extension().is_some_and(|extension| extension == "json") {
            let kept: Value = serde_json::from_slice(&fs::read(&path)?)?;
            let key = path.file_stem().context("a file without a name")?.to_string_lossy().into_owned();
            found.insert(key, schema::word(&kept, "/id").to_owned());
        }
    }
    Ok(found)
}

/// What is reported, once this condition holds: the condition, and the identifiers of the orders.
async fn until_reported(stage: &Stage<'_>, name: &str, type_: &str) -> Result<(Condition, Vec<String>)> {
    let api: Api<OrderRequest> = Api::namespaced(stage.cluster.admin()?, &stage.namespace);
    until(format_args!("{name} was {type_}"), PATIENCE, || async {
        let status = api.get(name).await?.status.unwrap_or_default();
        let holds = status.conditions.iter().find(|c| c.type_ == type_ && c.status == "True");
        match holds {
            Some(holds) => {
                Ok(Some((holds.clone(), status.customer_orders.into_iter().map(|o| o.id).collect())))
            }
            None => Err(anyhow!("it says {status:?}")),
        }
    })
    .await
}

/// Puts another request beside those that are there, as nobody but the operator may.
async fn beside(stage: &Stage<'_>, name: &str, spec: &Value) -> Result<()> {
    let request = json!({
        "apiVersion": "countersign.dev/v1alpha1", "kind": "OrderRequest", "metadata": {"name": name}, "spec": spec,
    });
    let path = raw::path("orderrequests", &stage.namespace);
    raw::ask(&stage.cluster.operator().await?, "POST", &path, &request).await.map(drop)
}

async fn history(stage: &Stage<'_>, name: &str) -> Result<Vec<OrderRequest>> {
    let prefix = format!("orderrequests/{}/{name}", stage.namespace);
    let revisions = stage.cluster.plane.history_of::<OrderRequest>(&prefix).await?;
    Ok(revisions.iter().filter_map(|revision| revision.object().cloned()).collect())
}

#[tokio::test]
async fn two_replicas_make_one_customer_order_for_each_order_that_was_confirmed() -> Result<()> {
    let _shared = DEFINITION.read().await;
    let three = ["o1", "o2", "o3"];
    let fibre = passed_on(fibre_with(&three)?, &three).await?;
    let example = Example::of("fleet")?.and(consumer(), "countersign-order-consumer");
    let fleet = example.begin(running().await?).await?;
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
fn at_once(client: Client, meeting: Arc<Barrier>) -> Client {
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

#[tokio::test]
async fn of_two_replicas_that_claim_at_once_one_wins_and_the_other_leaves_it_alone() -> Result<()> {
    let _shared = DEFINITION.read().await;
    let (stage, request) = one_order().await?;
    let mark = stage.cluster.plane.audit_mark()?;
    let orders = tempfile::tempdir()?;
    let (one, other) = (Met::at(&orders, Mood::Works)?, Met::at(&orders, Mood::Works)?);
    let meeting = Arc::new(Barrier::new(2));
    let mut replicas = Vec::new();
    for system in [&one, &other] {
        let client = at_once(stage.cluster.client(&consumer()).await?, meeting.clone());
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
            if here && event.verb == "patch" && event.user.username == consumer().name {
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
async fn dies(mood: Mood, made_by_the_first: usize) -> Result<()> {
    let (stage, request) = one_order().await?;
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

#[tokio::test]
async fn a_replica_that_dies_after_the_order_was_made_leaves_it_for_another_to_report() -> Result<()> {
    let _shared = DEFINITION.read().await;
    dies(Mood::HangsBehind, 1).await
}

#[tokio::test]
async fn a_replica_that_dies_after_its_claim_leaves_the_order_for_another_to_make() -> Result<()> {
    let _shared = DEFINITION.read().await;
    dies(Mood::HangsBefore, 0).await
}

#[tokio::test]
async fn an_order_system_that_gives_no_answer_is_asked_until_it_does() -> Result<()> {
    let _shared = DEFINITION.read().await;
    let (stage, request) = one_order().await?;
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
    let _shared = DEFINITION.read().await;
    let (stage, request) = one_order().await?;
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

#[tokio::test]
async fn what_the_consumer_does_not_do_is_rejected_with_every_reason_and_nothing_is_made() -> Result<()> {
    let _shared = DEFINITION.read().await;
    let example = Example::of("fibre")?
        .with("/spec/orders/0/specialRequirements", &json!(["by barge"]))
        .with("/spec/orders/0/feasibility", &Value::Null)
        .with("/spec/orders/0/items/0/action", &json!("Modify"))
        .with("/spec/orders/0/items/0/product", &json!({"id": "P-77"}));
    let stage = passed_on(example, &["o1"]).await?;
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

#[tokio::test]
async fn what_the_consumer_cannot_read_stays_free_and_keeps_nobody_from_the_rest() -> Result<()> {
    let _alone = DEFINITION.write().await;
    let (stage, request) = one_order().await?;
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

#[tokio::test]
async fn a_second_request_with_the_same_key_gets_the_same_order_and_another_content_gets_none() -> Result<()>
{
    let _shared = DEFINITION.read().await;
    let (stage, request) = one_order().await?;
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

#[tokio::test]
async fn what_others_took_or_wrote_is_left_as_it_is() -> Result<()> {
    let _shared = DEFINITION.read().await;
    let (stage, request) = one_order().await?;
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
    let _shared = DEFINITION.read().await;
    let (stage, request) = one_order().await?;
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

#[tokio::test]
async fn a_watch_that_lost_its_place_ends_the_replica_for_the_next_start_to_begin_anew() -> Result<()> {
    let _shared = DEFINITION.read().await;
    let cluster = running().await?;
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
