//! Takes agreements from the queue and reconciles them, a bounded number at a time.
//!
//! A panic in one is caught and counted. In kube's `Controller` it would end them all (ADR 16, `tests/shell/kube_lacks.rs`).

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::controller::client::error::Error;
use crate::controller::clock::Clock;
use crate::controller::context::Context;
use crate::controller::informer::key::Key;
use crate::controller::metrics::{CategoryLabels, ResultLabels};
use crate::controller::reconcile::apply::{Applied, apply};
use crate::controller::reconcile::observe::{Lookup, Observation, observe};
use crate::controller::reconcile::queue::Next;
use countersign_core::decide::Plan;

/// Agreements that are reconciled at a time: each may hold a few connections.
const MAX_CONCURRENT_RECONCILES: usize = 16;
/// Sealing, order requests and *Agreed* are three; more means that a plan does not settle.
const MAX_ROUNDS: u32 = 6;

/// Hands out work until it is told to stop, then waits for what is under way. True when all of that ended.
pub(crate) async fn dispatch(context: Arc<Context>, stop: CancellationToken, timeout: Duration) -> bool {
    let slots = Arc::new(Semaphore::new(MAX_CONCURRENT_RECONCILES));
    context
        .metrics
        .max_concurrent_reconciles
        .set(i64::try_from(MAX_CONCURRENT_RECONCILES).unwrap_or(i64::MAX));
    let running = TaskTracker::new();
    loop {
        let work = async {
            let slot = slots.clone().acquire_owned().await.ok()?;
            Some((context.queue.next().await, slot))
        };
        let work = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            work = work => work,
        };
        let Some((key, slot)) = work else { break };
        running.spawn(reconcile_and_requeue(context.clone(), key, slot));
    }
    running.close();
    let ended = tokio::time::timeout(timeout, running.wait()).await.is_ok();
    if !ended {
        tracing::warn!(
            unfinished = running.len(),
            "Left reconciles unfinished at the shutdown timeout; the next start resumes them"
        );
    }
    ended
}

/// Looks at one agreement and says when to look again, whatever happens.
async fn reconcile_and_requeue(context: Arc<Context>, key: Key, slot: OwnedSemaphorePermit) {
    let began = Clock::instant();
    context.metrics.active_workers.inc();
    let outcome = AssertUnwindSafe(reconcile(&context, &key)).catch_unwind().await;
    context.metrics.active_workers.dec();
    context.metrics.reconcile_seconds.observe(began.elapsed().as_secs_f64());
    let (next, result) = match outcome {
        Ok(Ok(next)) => (next, "success"),
        // The next reconcile finds that this version conflicted, and waits for the watch.
        Ok(Err(Error::Conflict)) => (Next::Retry, "conflict"),
        Ok(Err(Error::Superseded)) => (Next::Retry, "superseded"),
        Ok(Err(error)) => {
            let category = error.category();
            context.metrics.reconcile_errors.get_or_create(&CategoryLabels { category }).inc();
            tracing::warn!(kind = "CustomerAgreement", namespace = %key.namespace, name = %key.name, category, error = error.to_string(), "Failed to reconcile an agreement");
            (Next::Retry, "error")
        }
        Err(panic) => {
            context.metrics.panics.inc();
            tracing::error!(kind = "CustomerAgreement", namespace = %key.namespace, name = %key.name, panic = message(&*panic), "Panicked while reconciling an agreement");
            (Next::Retry, "panic")
        }
    };
    context.metrics.reconciles.get_or_create(&ResultLabels { result }).inc();
    context.queue.done(&key, next);
    drop(slot);
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// Decides; gathers what the decision needs, each kind of evidence at most once (and the guard's trial again after decisions were read); writes what was decided, and decides on that; until
/// there is nothing left to do.
async fn reconcile(context: &Context, key: &Key) -> Result<Next, Error> {
    let term = context.leadership.term().ok_or(Error::Superseded)?;
    for _ in 0..MAX_ROUNDS {
        let mut observed = match observe(context, key) {
            Lookup::Found(observed) => observed,
            Lookup::NamespaceMissing => return Ok(Next::OnChange),
            Lookup::Gone => {
                context.rejected_creates.forget(key);
                context.conflicts.forget(key);
                return Ok(Next::Never);
            }
        };
        if let Some(until) = context.conflicts.until(key, observed.version(), context.clock.now()) {
            return Ok(Next::At(until));
        }
        loop {
            match (context.decide)(&observed.view(), context.clock.now()) {
                Plan::Need(evidence) => observed.gather(evidence, context, term).await?,
                Plan::Write(changes) => {
                    let wake = changes.wake;
                    match apply(context, &observed, changes, term).await? {
                        Applied::Something => break,
                        Applied::Nothing => return Ok(rest(context, &observed, wake)),
                        Applied::Gone => return Ok(Next::OnChange),
                    }
                }
                Plan::Rest { wake } => return Ok(rest(context, &observed, wake)),
            }
        }
    }
    Err(Error::Unsettled(MAX_ROUNDS))
}

/// Until the time that was decided, or until an order request that the server rejected may be tried again.
fn rest(context: &Context, observed: &Observation<'_>, wake: Option<Timestamp>) -> Next {
    let retry = context.rejected_creates.next_try(&observed.key, observed.uid());
    wake.into_iter().chain(retry).min().map_or(Next::OnChange, Next::At)
}
