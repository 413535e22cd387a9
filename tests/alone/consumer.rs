//! The example of a consumer, with the operator: one customer order for each order that was confirmed, whatever fails.

mod order_system;
mod others;
mod readme;
mod replicas;

use std::collections::BTreeMap;
use std::fs;
use std::future::pending;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use countersign_api::OrderRequest;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Api, Client};
use order_consumer::controller::{Options, run};
use order_consumer::folder::Folder;
use order_consumer::order_system::{CustomerOrder, Order, OrderSystem, Refusal};
use serde_json::{Value, json};
use tempfile::TempDir;
use testenv::until;
use testkit::Cluster;
use testkit::alone::{Turn, running};
use testkit::example::Example;
use testkit::people::order_desk;
use testkit::stage::Stage;
use testkit::{PATIENCE, raw, schema};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, oneshot};
use tokio::task::JoinHandle;

/// A change of a definition makes the server start the kind's storage anew, which refuses requests for a moment. Whoever
/// changes one is alone.
static DEFINITION: RwLock<()> = RwLock::const_new(());

/// The control plane of the consumers, with an operator, for a test that changes no definition.
async fn shared() -> Result<(Turn, RwLockReadGuard<'static, ()>)> {
    let shared = DEFINITION.read().await;
    Ok((running("consumer").await?, shared))
}

/// The same for the test that changes one.
async fn alone() -> Result<(Turn, RwLockWriteGuard<'static, ()>)> {
    let alone = DEFINITION.write().await;
    Ok((running("consumer").await?, alone))
}

/// The name of all replicas, and of their field manager.
const DESK: &str = "order-desk";

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
        Ok(Self::start_with(stage.cluster.client(&order_desk()).await?, stage, system, options))
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
async fn passed_on<'a>(cluster: &'a Cluster, example: Example, orders: &[&str]) -> Result<Stage<'a>> {
    let stage = example.and(order_desk(), "countersign-order-consumer").begin(cluster).await?;
    stage.agreed_on(orders).await?;
    Ok(stage)
}

async fn one_order(cluster: &Cluster) -> Result<(Stage<'_>, OrderRequest)> {
    let stage = passed_on(cluster, Example::of("fibre")?, &["o1"]).await?;
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
