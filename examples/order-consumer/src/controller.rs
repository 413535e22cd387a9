//! From a request to an order, one step at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::bail;
use futures::StreamExt;
use jiff::Timestamp;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::runtime::controller::{self, Action, Controller};
use kube::runtime::watcher;
use kube::{Client, ResourceExt};
use serde_json::Value;

use crate::order_system::{Order, OrderSystem, Refusal, State};
use crate::report::{Progress, report};
use crate::request::{Request, Standing, Unreadable, resource};
use crate::retry::pause;

/// How a consumer works.
#[derive(Debug, Clone)]
pub struct Options {
    /// The consumer's name, the same in all of its replicas. It is written to `status.acknowledgedBy`, and is the field manager.
    pub name: String,
    /// The namespace to serve; `None` for all.
    pub namespace: Option<String>,
    /// The category of orders to serve; `None` for all.
    pub category: Option<String>,
    /// How long the order system may take to answer.
    pub deadline: Duration,
    /// How long a request is left to the replica that took it. Longer than `deadline`.
    pub stand_in_after: Duration,
    /// How long until an order that is not done is requeued.
    pub look_again: Duration,
    /// How many requests are reconciled at the same time.
    pub at_a_time: u16,
}

impl Options {
    /// Serves everything under this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            namespace: None,
            category: None,
            deadline: Duration::from_secs(10),
            stand_in_after: Duration::from_secs(60),
            look_again: Duration::from_secs(10),
            at_a_time: 16,
        }
    }
}

/// Runs until `shutdown`, and then finishes what is under way.
///
/// # Errors
/// If only a restart can fix the watch.
pub async fn run<S: OrderSystem>(
    client: Client,
    system: S,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + Sync + 'static,
) -> anyhow::Result<()> {
    let kind = resource();
    let requests: Api<DynamicObject> = match &options.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &kind),
        None => Api::all_with(client.clone(), &kind),
    };
    let wanted = match &options.category {
        Some(category) => watcher::Config::default().fields(&format!("spec.category={category}")),
        None => watcher::Config::default(),
    };
    let at_a_time = options.at_a_time;
    let consumer = Arc::new(Consumer { client, system, options, under_way: Mutex::default() });
    let steps = Controller::new_with(requests, wanted, kind)
        .with_config(controller::Config::default().concurrency(at_a_time))
        .graceful_shutdown_on(shutdown)
        .run(step, after_failure, consumer);
    let mut steps = std::pin::pin!(steps);
    while let Some(outcome) = steps.next().await {
        match outcome {
            Ok(_) => {}
            // `after_failure` has logged it.
            Err(controller::Error::ReconcilerFailed(..)) => {}
            Err(controller::Error::QueueError(watcher::Error::WatchStartFailed(kube::Error::Api(
                status,
            )))) if [410, 504].contains(&status.code) => {
                // kube's watcher keeps asking for what the server said is gone. A restart lists everything again.
                bail!("the watch has lost its place, and a restart is needed: {status}");
            }
            Err(error) => tracing::warn!(error = %error, "Watch failed"),
        }
    }
    Ok(())
}

/// What every step needs.
struct Consumer<S> {
    client: Client,
    system: S,
    options: Options,
    /// What this replica works on, by UID. It is lost with the replica, which is fine: it decides when something is done,
    /// never whether.
    under_way: Mutex<HashMap<String, Work>>,
}

/// What a replica remembers of a request.
#[derive(Debug, Clone, Copy, Default)]
struct Work {
    /// Failures in a row.
    failures: u32,
    /// The end is reported; the watch has yet to show it.
    reported: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("{0}")]
    NoAnswer(String),
    #[error("could not report: {0}")]
    Report(#[source] kube::Error),
}

/// The outcome of a report.
enum Written {
    /// The request as it is now.
    Done(Box<DynamicObject>),
    /// A conflict, or the request is gone.
    Missed,
}

/// One reconcile of one request. kube never runs two for the same request in one replica; other replicas are independent.
async fn step<S: OrderSystem>(
    object: Arc<DynamicObject>,
    consumer: Arc<Consumer<S>>,
) -> Result<Action, Failure> {
    let request = Request::read(&object)?;
    match request.standing(&consumer.options.name) {
        Standing::Ended | Standing::Theirs(_) => {
            consumer.forget(&object);
            Ok(Action::await_change())
        }
        Standing::Ours => match consumer.left_alone_for(&object, &request) {
            Some(rest) => Ok(Action::requeue(rest)),
            None if consumer.with_work(&object, |work| work.reported) => Ok(Action::await_change()),
            None => consumer.work(&object, &request).await,
        },
        // It is being deleted: begin nothing new.
        Standing::Free if object.metadata.deletion_timestamp.is_some() => Ok(Action::await_change()),
        Standing::Free => consumer.take(&object, &request).await,
    }
}

/// When to retry what failed.
#[expect(clippy::needless_pass_by_value, reason = "kube's signature")]
fn after_failure<S: OrderSystem>(
    object: Arc<DynamicObject>,
    failure: &Failure,
    consumer: Arc<Consumer<S>>,
) -> Action {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    if let Failure::Unreadable(error) = failure {
        // Not rejected: a later version of this consumer may well read it. Until then it stays free, and the owner of the
        // agreement sees that nobody took it.
        tracing::error!(namespace, name, %error, "Skipped an order request that cannot be read");
        return Action::await_change();
    }
    let failures = consumer.with_work(&object, |work| {
        work.failures = work.failures.saturating_add(1);
        work.failures
    });
    let pause = pause(failures, rand::random());
    tracing::warn!(namespace, name, error = %failure, again_in_seconds = pause.as_secs_f64(), "Failed");
    Action::requeue(pause)
}

impl<S: OrderSystem> Consumer<S> {
    /// Takes a request over, unless another replica or consumer was first, and continues at once.
    async fn take(&self, object: &DynamicObject, request: &Request) -> Result<Action, Failure> {
        let progress = match request.order() {
            Ok(_) => Progress::Taken,
            Err(reasons) => Progress::Rejected(reasons),
        };
        let taken = match self.report(object, request, &progress).await? {
            Written::Done(taken) => taken,
            Written::Missed => return Ok(missed()),
        };
        if progress != Progress::Taken {
            return Ok(Action::await_change());
        }
        self.with_work(object, |_| ());
        self.work(&taken, &Request::read(&taken)?).await
    }

    /// Makes the order, or gets its progress, and reports it.
    async fn work(&self, object: &DynamicObject, request: &Request) -> Result<Action, Failure> {
        let (progress, outcome) = match request.order() {
            Ok(order) => self.place(&request.spec.idempotency_key, &order).await,
            // Taken over by an earlier version, which could do more.
            Err(reasons) => (Progress::Refused(reasons.join("; ")), Ok(Action::await_change())),
        };
        match self.report(object, request, &progress).await? {
            Written::Done(_) => {
                self.with_work(object, |work| {
                    work.reported = progress.is_end();
                    work.failures = if outcome.is_ok() { 0 } else { work.failures };
                });
                outcome
            }
            Written::Missed => Ok(missed()),
        }
    }

    async fn place(&self, key: &str, order: &Order) -> (Progress, Result<Action, Failure>) {
        let answer = tokio::time::timeout(self.options.deadline, self.system.place(key, order)).await;
        let late = |_| Refusal::Unknown(format!("it took longer than {:?}", self.options.deadline));
        match answer.map_err(late).flatten() {
            Ok(order) => {
                let next = match order.state {
                    State::InProgress => Action::requeue(self.options.look_again),
                    State::Completed | State::Failed => Action::await_change(),
                };
                (Progress::Made(order), Ok(next))
            }
            Err(Refusal::Never(why)) => (Progress::Refused(why), Ok(Action::await_change())),
            // Never reported as a failure, however long it lasts: the order may exist.
            Err(unknown @ Refusal::Unknown(_)) => {
                (Progress::Waiting, Err(Failure::NoAnswer(unknown.to_string())))
            }
        }
    }

    /// Writes the progress, unless the status has it already.
    async fn report(
        &self,
        object: &DynamicObject,
        request: &Request,
        progress: &Progress,
    ) -> Result<Written, Failure> {
        let Some(status) = report(object, request, &self.options.name, progress, now()) else {
            return Ok(Written::Done(Box::new(object.clone())));
        };
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        match self.apply(&namespace, &name, &status).await {
            Ok(written) => {
                tracing::info!(namespace, name, progress = ?progress, "Reported");
                Ok(Written::Done(Box::new(written)))
            }
            Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => {
                tracing::debug!(namespace, name, reason = status.reason, "Conflict");
                Ok(Written::Missed)
            }
            Err(error) => Err(Failure::Report(error)),
        }
    }

    /// Forced, because its resourceVersion already ensures that nobody wrote since it was read.
    async fn apply(&self, namespace: &str, name: &str, status: &Value) -> kube::Result<DynamicObject> {
        let requests: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), namespace, &resource());
        let manager = PatchParams::apply(&self.options.name).force();
        requests.patch_status(name, &manager, &Patch::Apply(status)).await
    }

    /// For how long to leave a request to the replica that took it. `None` if it is this replica's turn.
    fn left_alone_for(&self, object: &DynamicObject, request: &Request) -> Option<Duration> {
        if self.works_on(object) {
            return None;
        }
        let taken = request.status.condition("Acknowledged")?.last_transition_time.0;
        let since = Duration::try_from(now().duration_since(taken)).unwrap_or_default();
        self.options.stand_in_after.checked_sub(since).filter(|rest| !rest.is_zero())
    }

    fn works_on(&self, object: &DynamicObject) -> bool {
        self.under_way().contains_key(&uid(object))
    }

    fn forget(&self, object: &DynamicObject) {
        self.under_way().remove(&uid(object));
    }

    /// After the first call, the request is this replica's work.
    fn with_work<T>(&self, object: &DynamicObject, act: impl FnOnce(&mut Work) -> T) -> T {
        act(self.under_way().entry(uid(object)).or_default())
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<String, Work>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The watch brings what others wrote. If it does not, this requeues all the same.
fn missed() -> Action {
    Action::requeue(Duration::from_secs(5))
}

fn uid(object: &DynamicObject) -> String {
    object.uid().unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "the consumer's clock, for the time when a condition changed")]
fn now() -> Timestamp {
    Timestamp::now()
}
