//! Whether the operator sees what it has to see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::controller::clock::{Clock, later};

/// A watch may be out of step for so long before the operator counts as not ready.
const OUT_OF_STEP_TOLERANCE: Duration = Duration::from_secs(40);

/// Whether the operator is ready, and why not. Clones speak of the same operator.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    waiting_for: Option<String>,
    watches: BTreeMap<String, Watch>,
    lease: Option<(String, Watch)>,
}

#[derive(Debug, Default)]
struct Watch {
    listed: bool,
    lost: Option<(Timestamp, String)>,
}

impl Watch {
    /// It counts from the earliest time that was ever given, with the reason of now.
    fn lost(&mut self, since: Timestamp, reason: String) {
        let since = self.lost.as_ref().map_or(since, |(earlier, _)| since.min(*earlier));
        self.lost = Some((since, reason));
    }
}

impl Health {
    /// `Ok` when everything was seen once and no watch has been out of step for long; else what is missing.
    ///
    /// # Errors
    /// What is missing, in words, a line each.
    pub fn readiness(&self, clock: &Clock) -> Result<(), String> {
        let state = self.state();
        let mut missing: Vec<String> = state.waiting_for.iter().cloned().collect();
        if missing.is_empty() && state.watches.is_empty() {
            missing.push("not started yet".to_owned());
        }
        let lease = state.lease.iter().map(|(name, watch)| (name, watch));
        for (name, watch) in state.watches.iter().chain(lease) {
            match &watch.lost {
                Some((since, reason))
                    if !watch.listed || clock.now() > later(*since, OUT_OF_STEP_TOLERANCE) =>
                {
                    missing.push(format!("{name}: out of step since {since}: {reason}"));
                }
                _ if !watch.listed => missing.push(format!("{name}: not read yet")),
                _ => {}
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(missing.join("\n")) }
    }

    /// Whether every watch has listed its objects once.
    pub(crate) fn all_listed(&self) -> bool {
        let state = self.state();
        !state.watches.is_empty() && state.watches.values().all(|watch| watch.listed)
    }

    /// Whether another operator acts is not known yet.
    pub(crate) fn expects_lease(&self, name: String) {
        self.state().lease = Some((name, Watch::default()));
    }

    /// It is known now; or it is not, and why.
    pub(crate) fn lease(&self, known: Result<(), (Timestamp, String)>) {
        if let Some((_, lease)) = &mut self.state().lease {
            match known {
                Ok(()) => *lease = Watch { listed: true, lost: None },
                Err((now, reason)) => lease.lost(now, reason),
            }
        }
    }

    pub(crate) fn waits_for(&self, what: Option<String>) {
        self.state().waiting_for = what;
    }

    pub(crate) fn expects(&self, watch: &str) {
        self.state().watches.entry(watch.to_owned()).or_default();
    }

    pub(crate) fn listed(&self, watch: &str) {
        self.state().watches.entry(watch.to_owned()).or_default().listed = true;
    }

    pub(crate) fn in_step(&self, watch: &str) {
        self.state().watches.entry(watch.to_owned()).or_default().lost = None;
    }

    /// The watch is out of step since then, and why.
    pub(crate) fn lost(&self, watch: &str, since: Timestamp, reason: String) {
        let mut state = self.state();
        state.watches.entry(watch.to_owned()).or_default().lost(since, reason);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
