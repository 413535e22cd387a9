//! Which agreements are to be reconciled, and when: first come, first served, and never two workers on one agreement.
//!
//! kube's scheduler takes what waits from a hash set, so that under full load some agreements would never get their turn, and it has
//! no deadlines by the wall clock (ADR 16, `tests/shell/kube_lacks.rs`).

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::controller::client::backoff;
use crate::controller::clock::{Clock, later};
use crate::controller::informer::key::Key;
use crate::controller::metrics::Metrics;

const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(90);
/// How long what did not change is left alone: only a net below the watches.
const IDLE_REQUEUE: Duration = Duration::from_secs(2 * 3_600);
/// A deadline that has passed already must not keep a worker spinning.
const MIN_DELAY: Duration = Duration::from_secs(1);

/// How looking at an agreement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Look again at this time, or when something changes.
    At(Timestamp),
    /// Look again when something changes.
    OnChange,
    /// Look again soon, later each time.
    Retry,
    /// The agreement is gone.
    Never,
}

/// The queue. Closed at first, and then it holds nothing: opening it takes the list of what to reconcile.
pub(crate) struct Queue {
    clock: Clock,
    metrics: Metrics,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    open: bool,
    entries: HashMap<Key, Entry>,
    ready: VecDeque<Key>,
    delayed: BTreeSet<(Timestamp, Key)>,
}

#[derive(Default)]
struct Entry {
    queued: Option<Instant>,
    running: bool,
    changed_meanwhile: bool,
    wake: Option<Timestamp>,
    failures: u32,
}

impl Queue {
    pub(crate) fn new(clock: Clock, metrics: Metrics) -> Self {
        Self { clock, metrics, state: Mutex::default(), changed: Notify::new() }
    }

    /// From now on agreements are reconciled.
    pub(crate) fn open(&self) {
        self.state().open = true;
    }

    /// Nothing is reconciled any more. What a worker has begun it finishes.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.open = false;
        state.ready.clear();
        state.delayed.clear();
        state.entries.retain(|_, entry| entry.running);
        self.told(state);
    }

    /// Something changed that these agreements depend on.
    pub(crate) fn add(&self, keys: impl IntoIterator<Item = Key>) {
        let mut state = self.state();
        if !state.open {
            return;
        }
        for key in keys {
            self.metrics.queue_adds.inc();
            let entry = state.entries.entry(key.clone()).or_default();
            if entry.running {
                entry.changed_meanwhile = true;
            } else {
                state.push(key);
            }
        }
        self.told(state);
    }

    /// The next agreement to look at. Whoever takes it says [`Queue::done`] when it is.
    pub(crate) async fn next(&self) -> Key {
        loop {
            let changed = self.changed.notified();
            let wake = {
                let mut state = self.state();
                state.release(self.clock.now());
                if let Some(key) = self.take(&mut state) {
                    return key;
                }
                state.delayed.first().map(|(when, _)| *when)
            };
            match wake {
                Some(when) => tokio::select! {
                    () = self.clock.sleep_until(when) => {}
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }

    /// The worker has let go of the agreement.
    pub(crate) fn done(&self, key: &Key, next: Next) {
        let mut state = self.state();
        if !state.open {
            state.entries.remove(key);
            return;
        }
        let Some(entry) = state.entries.get_mut(key) else { return };
        entry.running = false;
        entry.failures = if next == Next::Retry { entry.failures.saturating_add(1) } else { 0 };
        let (changed, failures) = (std::mem::take(&mut entry.changed_meanwhile), entry.failures);
        if changed {
            state.push(key.clone());
            return self.told(state);
        }
        let now = self.clock.now();
        let delay = match next {
            Next::Never => {
                state.entries.remove(key);
                return self.told(state);
            }
            Next::At(when) => Duration::try_from(when.duration_since(now)).unwrap_or_default().max(MIN_DELAY),
            Next::OnChange => IDLE_REQUEUE,
            Next::Retry => {
                self.metrics.queue_retries.inc();
                backoff::delay(failures - 1, FIRST_RETRY_DELAY, MAX_RETRY_DELAY)
            }
        };
        // Jitter on the net only: a deadline is a deadline.
        let delay = if delay >= IDLE_REQUEUE { backoff::delay(0, IDLE_REQUEUE, IDLE_REQUEUE) } else { delay };
        state.wake_at(key, later(now, delay));
        self.told(state);
    }

    fn take(&self, state: &mut State) -> Option<Key> {
        let key = state.ready.pop_front()?;
        self.metrics.queue_depth.set(depth(state));
        if let Some(entry) = state.entries.get_mut(&key) {
            if let Some(since) = entry.queued.take() {
                self.metrics.queue_seconds.observe(since.elapsed().as_secs_f64());
            }
            entry.running = true;
        }
        Some(key)
    }

    fn told(&self, state: MutexGuard<'_, State>) {
        self.metrics.queue_depth.set(depth(&state));
        drop(state);
        self.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn depth(state: &State) -> i64 {
    i64::try_from(state.ready.len()).unwrap_or(i64::MAX)
}

impl State {
    fn push(&mut self, key: Key) {
        let entry = self.entries.entry(key.clone()).or_default();
        if let Some(wake) = entry.wake.take() {
            self.delayed.remove(&(wake, key.clone()));
        }
        if entry.queued.is_none() {
            entry.queued = Some(Clock::instant());
            self.ready.push_back(key);
        }
    }

    fn wake_at(&mut self, key: &Key, when: Timestamp) {
        let entry = self.entries.entry(key.clone()).or_default();
        if let Some(wake) = entry.wake.replace(when) {
            self.delayed.remove(&(wake, key.clone()));
        }
        self.delayed.insert((when, key.clone()));
    }

    fn release(&mut self, now: Timestamp) {
        while self.delayed.first().is_some_and(|(when, _)| *when <= now) {
            if let Some((_, key)) = self.delayed.pop_first() {
                self.push(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        let queue = Queue::new(Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()), Metrics::new());
        queue.open();
        queue
    }

    async fn within(queue: &Queue, seconds: u64) -> Option<Key> {
        tokio::time::timeout(Duration::from_secs(seconds), queue.next()).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn an_agreement_is_never_in_two_hands() {
        let (queue, key) = (queue(), Key::new("n", "a"));
        queue.add([key.clone(), key.clone()]);
        assert_eq!(within(&queue, 1).await, Some(key.clone()));
        queue.add([key.clone()]);
        assert_eq!(within(&queue, 3_600).await, None, "it is in somebody's hands");
        queue.done(&key, Next::OnChange);
        assert_eq!(within(&queue, 1).await, Some(key.clone()), "what changed meanwhile is not lost");
        queue.done(&key, Next::Never);
        assert_eq!(within(&queue, 86_400).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_queue_holds_nothing_but_what_is_in_somebodys_hands() {
        let (queue, busy, idle) = (queue(), Key::new("n", "busy"), Key::new("n", "idle"));
        queue.add([busy.clone(), idle.clone()]);
        assert_eq!(within(&queue, 1).await, Some(busy.clone()));
        queue.close();
        queue.add([idle.clone()]);
        assert_eq!(within(&queue, 86_400).await, None);
        queue.open();
        queue.add([busy.clone()]);
        assert_eq!(within(&queue, 86_400).await, None, "it is still in the hands of before");
        queue.done(&busy, Next::Retry);
        assert_eq!(within(&queue, 1).await, Some(busy.clone()));
        queue.close();
        queue.done(&busy, Next::At(queue.clock.now()));
        queue.open();
        assert_eq!(within(&queue, 86_400).await, None, "nothing is left of before");
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_met() {
        let (queue, key) = (queue(), Key::new("n", "a"));
        queue.add([key.clone()]);
        queue.next().await;
        queue.done(&key, Next::At(later(queue.clock.now(), Duration::from_secs(100))));
        assert_eq!(within(&queue, 99).await, None);
        assert_eq!(within(&queue, 2).await, Some(key));
    }

    #[tokio::test(start_paused = true)]
    async fn failures_wait_longer_each_time_but_not_for_ever() {
        let (queue, key) = (queue(), Key::new("n", "a"));
        queue.add([key.clone()]);
        for _ in 0..40 {
            assert_eq!(within(&queue, MAX_RETRY_DELAY.as_secs() + 1).await, Some(key.clone()));
            queue.done(&key, Next::Retry);
        }
        assert_eq!(within(&queue, MAX_RETRY_DELAY.as_secs() / 2 - 1).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_rests_is_looked_at_once_in_a_while() {
        let (queue, key) = (queue(), Key::new("n", "a"));
        queue.add([key.clone()]);
        queue.next().await;
        queue.done(&key, Next::OnChange);
        assert_eq!(within(&queue, IDLE_REQUEUE.as_secs() / 2 - 1).await, None);
        assert_eq!(within(&queue, IDLE_REQUEUE.as_secs()).await, Some(key));
    }
}
