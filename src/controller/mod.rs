//! SHELL: reads everything, decides once, writes what was decided.

mod client;
mod clock;
mod context;
mod events;
mod guard;
mod health;
mod informer;
mod leader;
mod metrics;
mod reconcile;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use kube::Client;
use kube::client::Body;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tower::{BoxError, Service};

pub use client::error::Error;
pub use clock::Clock;
pub use context::Decide;
pub use health::Health;
pub use leader::lease::Election;
pub use metrics::Metrics;

use crate::admission::LABEL;
use client::startup;
use context::Context;
use countersign_api::{AgreementDecision, CustomerAgreement, DelegationPolicy, OrderRequest, StandardTerms};
use countersign_core::decide::decide;
use guard::GuardMonitor;
use informer::kinds::{Kinds, NamespaceMeta, Watched};
use informer::watch::{Informer, Scope, watch};
use leader::leadership::Leadership;
use leader::lease::Candidate;
use leader::{SHUTDOWN_TIMEOUT, lead};
use metrics::agreements::AgreementsCollector;
use reconcile::conflicts::Conflicts;
use reconcile::queue::Queue;
use reconcile::rejected_creates::RejectedCreates;

/// At most so long an event that a watch left out stays unnoticed.
const RESYNC: Duration = Duration::from_secs(3_600);
/// How often it is checked whether everything was listed once.
const STARTUP_POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How an operator runs.
#[derive(Clone)]
pub struct Options {
    /// The namespaces that it serves; empty: all.
    pub namespaces: Vec<String>,
    /// Which of several operators this is, in events.
    pub instance: String,
    /// For which lease it stands before it acts. `None`: it acts, even if another operator does.
    pub election: Option<Election>,
    /// What time it is.
    pub clock: Clock,
    /// How it is decided.
    pub decide: Decide,
    /// Where it counts.
    pub metrics: Metrics,
    /// Where it says whether it is ready.
    pub health: Health,
    /// Whether it makes sure that the admission policies are in force, and counts no decision while they are not. Only a
    /// test of something else does without.
    pub guarded: bool,
    /// Everything is listed again after so long, whatever the watches have shown.
    pub resync: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            namespaces: Vec::new(),
            instance: "countersign".to_owned(),
            election: None,
            clock: Clock::system(),
            decide: Arc::new(decide),
            metrics: Metrics::new(),
            health: Health::default(),
            guarded: true,
            resync: RESYNC,
        }
    }
}

/// Runs an operator against the API server that `config` names, until `shutdown` is done; then finishes what is under
/// way.
///
/// # Errors
/// When the connection cannot be set up, or a part of the operator ended that must not.
pub async fn run(
    options: Options,
    config: kube::Config,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let connect = || client::connect(config.clone(), &options.metrics, &options.clock);
    // Events have connections of their own: an order request must not wait while one is opened in its place.
    let (client, for_events) = (connect()?, connect()?);
    operate(options, client, for_events, shutdown).await
}

/// The same over any transport, so that a test can be the API server.
///
/// # Errors
/// When a part of the operator ended that must not.
pub async fn run_over<S, B>(
    options: Options,
    transport: S,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Send + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let client = client::over(transport, &options.metrics, &options.clock);
    operate(options, client.clone(), client, shutdown).await
}

async fn operate(
    options: Options,
    client: Client,
    for_events: Client,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let Options { namespaces, instance, election, clock, decide, metrics, health, guarded, resync } = options;
    let mut shutdown = std::pin::pin!(shutdown);
    let kinds = Arc::new(Kinds::default());
    let guard = tokio::select! {
        () = &mut shutdown => return Ok(()),
        guard = async {
            startup::wait_for_kinds(&client, &health).await;
            if !guarded {
                return None;
            }
            let monitor = GuardMonitor::new(client.clone(), clock.clone(), kinds.clone(), &health);
            Some(Arc::new(monitor.await))
        } => guard,
    };

    let leadership = Arc::new(if election.is_some() { Leadership::none() } else { Leadership::for_ever() });
    let (events, waiting_events) = events::Publisher::new(&instance, metrics.clone());
    let context = Arc::new(Context {
        client,
        queue: Queue::new(clock.clone(), metrics.clone()),
        clock,
        decide,
        guard,
        leadership,
        kinds: kinds.clone(),
        rejected_creates: RejectedCreates::default(),
        conflicts: Conflicts::default(),
        linked: tokio::sync::Mutex::default(),
        events,
        metrics: metrics.clone(),
        health,
    });
    metrics.collect_from(Box::new(AgreementsCollector::new(
        context.clock.clone(),
        metrics.authority_labels.clone(),
        move || kinds.snapshot(),
    )));

    let mut parts = JoinSet::new();
    let informer = Informer {
        client: context.client.clone(),
        clock: context.clock.clone(),
        metrics: metrics.clone(),
        health: context.health.clone(),
        kinds: context.kinds.clone(),
        resync,
        wake: Box::new({
            let context = context.clone();
            move |agreements| context.queue.add(agreements)
        }),
    };
    start_watches(&mut parts, &Arc::new(informer), context.guard.is_some(), &namespaces);
    let candidate = election.map(|election| Candidate::new(&context, election, &instance));
    if let Some(monitor) = &context.guard {
        parts.spawn(watch_over(context.clone(), monitor.clone()));
    }
    let mut publisher = spawn(events::publish(for_events, waiting_events, metrics));
    let stop = CancellationToken::new();
    let mut dispatcher = spawn({
        let (context, stop) = (context.clone(), stop.clone());
        async move {
            let begun = async {
                everything_listed(&context).await;
                while context.guard.as_ref().is_some_and(|guard| !guard.has_tried()) {
                    Clock::sleep(STARTUP_POLL_INTERVAL).await;
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = begun => {}
            }
            tracing::info!("Started");
            lead(&context, candidate, &stop).await;
        }
    });

    tokio::select! {
        () = shutdown => {
            tracing::info!("Shutting down");
            stop.cancel();
            dispatcher.await.map_err(|_| Error::Ended("the dispatcher"))?;
            // Nothing hands events in any more; those that wait are still told.
            parts.shutdown().await;
            drop(context);
            if tokio::time::timeout(SHUTDOWN_TIMEOUT, &mut publisher).await.is_err() {
                tracing::warn!("Dropped events at the shutdown timeout");
            }
            tracing::info!("Stopped");
            Ok(())
        }
        part = parts.join_next() => Err(Error::Ended(match part {
            Some(Ok(part)) => part,
            _ => "a watch",
        })),
        _ = &mut dispatcher => Err(Error::Ended("the dispatcher")),
        _ = &mut publisher => Err(Error::Ended("the publisher of events")),
    }
}

/// A task that ends with the operator, however that ends.
fn spawn<F>(part: F) -> AbortOnDropHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    AbortOnDropHandle::new(tokio::spawn(part))
}

/// Before everything was listed once, what is missing cannot be told from what is not there.
async fn everything_listed(context: &Context) {
    while !context.health.all_listed() {
        Clock::sleep(STARTUP_POLL_INTERVAL).await;
    }
}

async fn watch_over(context: Arc<Context>, monitor: Arc<GuardMonitor>) -> &'static str {
    everything_listed(&context).await;
    monitor.watch_over(&context.events, &context.metrics, &context.queue).await;
    "the guard"
}

fn start_watches(
    parts: &mut JoinSet<&'static str>,
    informer: &Arc<Informer>,
    guarded: bool,
    namespaces: &[String],
) {
    let everywhere = || vec![Scope::default()];
    let inside = |scope: &dyn Fn(String) -> Scope| match namespaces {
        [] => everywhere(),
        some => some.iter().cloned().map(scope).collect(),
    };
    let within = |namespace| Scope { namespace: Some(namespace), ..Scope::default() };
    let named = |name| Scope { name: Some(name), ..Scope::default() };
    let ours = || vec![Scope { label: Some(format!("{}={}", LABEL.0, LABEL.1)), ..Scope::default() }];
    if guarded {
        start::<ValidatingAdmissionPolicy>(parts, informer, ours());
        start::<ValidatingAdmissionPolicyBinding>(parts, informer, ours());
    }
    start::<StandardTerms>(parts, informer, everywhere());
    start::<DelegationPolicy>(parts, informer, everywhere());
    start::<NamespaceMeta>(parts, informer, inside(&named));
    start::<AgreementDecision>(parts, informer, inside(&within));
    start::<OrderRequest>(parts, informer, inside(&within));
    start::<CustomerAgreement>(parts, informer, inside(&within));
}

fn start<K: Watched>(parts: &mut JoinSet<&'static str>, informer: &Arc<Informer>, scopes: Vec<Scope>) {
    for scope in scopes {
        informer.health.expects(&scope.title(K::PLURAL));
        let informer = informer.clone();
        parts.spawn(async move {
            watch::<K>(informer, scope).await;
            K::PLURAL
        });
    }
}
