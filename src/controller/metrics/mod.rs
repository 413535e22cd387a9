//! What the operator counts. No label holds what people choose, but for functions and levels, of which there is an end.

pub(crate) mod agreements;
pub(crate) mod approval_durations;
pub(crate) mod authority_labels;
mod buckets;
pub(crate) mod transitions;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::controller::metrics::authority_labels::AuthorityLabels;
use crate::controller::metrics::buckets::PHASE_BUCKETS;
use countersign_api::conditions::{event, ignored, phase, reason};

/// The kinds that are watched, as labels call them.
pub(crate) const WATCHED: [&str; 8] = [
    "customeragreements",
    "agreementdecisions",
    "orderrequests",
    "standardterms",
    "delegationpolicies",
    "namespaces",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
];

/// Handles to every metric. Clones count into the same ones; each operator in a process has its own.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    pub(crate) requests: Family<RequestLabels, Counter>,
    pub(crate) writes: Family<WriteLabels, Counter>,
    pub(crate) reconciles: Family<ResultLabels, Counter>,
    pub(crate) reconcile_errors: Family<CategoryLabels, Counter>,
    pub(crate) reconcile_seconds: Histogram,
    pub(crate) active_workers: Gauge,
    pub(crate) max_concurrent_reconciles: Gauge,
    pub(crate) panics: Counter,
    pub(crate) conflicts: Counter,
    pub(crate) queue_depth: Gauge,
    pub(crate) queue_adds: Counter,
    pub(crate) queue_retries: Counter,
    pub(crate) queue_seconds: Histogram,
    pub(crate) watch_failures: Family<KindLabels, Counter>,
    pub(crate) events_published: Counter,
    pub(crate) events_dropped: Counter,
    pub(crate) clock_skew: Gauge<f64, AtomicU64>,
    pub(crate) decision_guard_active: Gauge,
    pub(crate) leader: Gauge,
    pub(crate) agreement_events: Family<ReasonLabels, Counter>,
    pub(crate) outcomes: Family<OutcomeLabels, Counter>,
    pub(crate) ignored: Family<ReasonLabels, Counter>,
    pub(crate) phase_seconds: Family<PhaseLabels, Histogram, fn() -> Histogram>,
    pub(crate) authority_labels: AuthorityLabels,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Fresh metrics, all zero.
    #[must_use]
    pub fn new() -> Self {
        let metrics = Self {
            registry: Arc::new(Mutex::new(Registry::with_prefix("countersign"))),
            requests: Family::default(),
            writes: Family::default(),
            reconciles: Family::default(),
            reconcile_errors: Family::default(),
            reconcile_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 16)),
            active_workers: Gauge::default(),
            max_concurrent_reconciles: Gauge::default(),
            panics: Counter::default(),
            conflicts: Counter::default(),
            queue_depth: Gauge::default(),
            queue_adds: Counter::default(),
            queue_retries: Counter::default(),
            queue_seconds: Histogram::new(exponential_buckets(0.001, 4.0, 10)),
            watch_failures: Family::default(),
            events_published: Counter::default(),
            events_dropped: Counter::default(),
            clock_skew: Gauge::default(),
            decision_guard_active: Gauge::default(),
            leader: Gauge::default(),
            agreement_events: Family::default(),
            outcomes: Family::default(),
            ignored: Family::default(),
            phase_seconds: Family::new_with_constructor(|| Histogram::new(PHASE_BUCKETS)),
            authority_labels: AuthorityLabels::default(),
        };
        metrics.begin_at_zero();
        metrics.register();
        metrics.register_business();
        metrics
    }

    /// What has not agreement_events yet is zero, and not unknown: else nobody sees the first time as an increase.
    fn begin_at_zero(&self) {
        for result in ["success", "conflict", "superseded", "error", "panic"] {
            let _ = self.reconciles.get_or_create(&ResultLabels { result });
        }
        for kind in WATCHED {
            let _ = self.watch_failures.get_or_create(&KindLabels { kind });
        }
        for (verb, resource) in [
            ("patch", "customeragreements/status"),
            ("create", "orderrequests"),
            ("create", "events"),
            ("create", "leases"),
            ("patch", "leases"),
        ] {
            let _ = self.writes.get_or_create(&WriteLabels::new(verb, resource));
        }
        for reason in event::ALL.into_iter().chain(reason::STALLING) {
            let _ = self.agreement_events.get_or_create(&ReasonLabels { reason });
        }
        for reason in ignored::ALL {
            let _ = self.ignored.get_or_create(&ReasonLabels { reason });
        }
        for phase in phase::ALL.into_iter().filter(|phase| !phase::FINAL.contains(phase)) {
            let _ = self.phase_seconds.get_or_create(&PhaseLabels { phase });
            for outcome in phase::FINAL {
                let _ = self.outcomes.get_or_create(&OutcomeLabels { outcome, phase });
            }
        }
    }

    fn register(&self) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let registry = &mut *registry;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version that runs", build);
        registry.register(
            "rest_client_requests",
            "Requests to the API server, each attempt counted, by verb, resource and status code",
            self.requests.clone(),
        );
        registry.register(
            "writes",
            "Requests that wrote something, as the API server confirmed, by verb and resource",
            self.writes.clone(),
        );
        registry.register("reconcile", "Reconciles of an agreement, by result", self.reconciles.clone());
        registry.register(
            "reconcile_errors",
            "Failed reconciles of an agreement, by the kind of failure",
            self.reconcile_errors.clone(),
        );
        registry.register(
            "reconcile_time_seconds",
            "How long it took to look at an agreement and write what was decided",
            self.reconcile_seconds.clone(),
        );
        registry.register(
            "active_workers",
            "Agreements that are being reconciled",
            self.active_workers.clone(),
        );
        registry.register(
            "max_concurrent_reconciles",
            "Agreements that can be reconciled at the same time",
            self.max_concurrent_reconciles.clone(),
        );
        registry.register(
            "reconcile_panics",
            "Times looking at an agreement ended in a panic, which is a bug",
            self.panics.clone(),
        );
        registry.register(
            "conflicts",
            "Status writes that were refused because something else wrote first",
            self.conflicts.clone(),
        );
        registry.register(
            "workqueue_depth",
            "Agreements that wait to be reconciled",
            self.queue_depth.clone(),
        );
        registry.register(
            "workqueue_adds",
            "Times an agreement was put into the queue",
            self.queue_adds.clone(),
        );
        registry.register(
            "workqueue_retries",
            "Times an agreement was put into the queue because it failed",
            self.queue_retries.clone(),
        );
        registry.register(
            "workqueue_queue_duration_seconds",
            "How long agreements wait in the queue",
            self.queue_seconds.clone(),
        );
        registry.register(
            "watch_failures",
            "Watches that broke off or could not be opened, by kind",
            self.watch_failures.clone(),
        );
        registry.register("events_published", "Events that were written", self.events_published.clone());
        registry.register(
            "events_dropped",
            "Events that were not written, because too many waited or the API server refused",
            self.events_dropped.clone(),
        );
        registry.register(
            "clock_skew_seconds",
            "How far the operator's clock is ahead of the API server's",
            self.clock_skew.clone(),
        );
        registry.register(
            "decision_guard_active",
            "1 while the admission policies that keep decisions from being forged are in force; while 0 no decision is counted",
            self.decision_guard_active.clone(),
        );
        registry.register(
            "leader_election_master_status",
            "1 while this operator acts; 0 while it stands by, because another one holds the lease",
            self.leader.clone(),
        );
    }

    fn register_business(&self) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register(
            "agreement_events",
            "What agreement_events to agreements, by the reason of the event that tells it",
            self.agreement_events.clone(),
        );
        registry.register(
            "agreement_outcomes",
            "Agreements that came to an end, by the end and by the phase in which they were before",
            self.outcomes.clone(),
        );
        registry.register(
            "decisions_ignored",
            "Decisions that do not count, each once, by the first reason that was shown",
            self.ignored.clone(),
        );
        registry.register(
            "phase_duration_seconds",
            "How long agreements were in a phase that they left",
            self.phase_seconds.clone(),
        );
        registry.register(
            "approval_wait_seconds",
            "How long a level of a function was waited for, by how the wait ended",
            self.authority_labels.seconds.clone(),
        );
    }

    /// Adds what is computed at each scrape.
    pub(crate) fn collect_from(&self, collector: Box<dyn Collector>) {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner).register_collector(collector);
    }

    /// Everything, in the OpenMetrics text format.
    ///
    /// # Errors
    /// When a metric cannot be written as text.
    pub fn render(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    verb: &'static str,
    resource: String,
    code: String,
}

impl RequestLabels {
    pub(crate) fn new(verb: &'static str, resource: &str, code: String) -> Self {
        Self { verb, resource: resource.to_owned(), code }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct WriteLabels {
    verb: &'static str,
    resource: String,
}

impl WriteLabels {
    pub(crate) fn new(verb: &'static str, resource: &str) -> Self {
        Self { verb, resource: resource.to_owned() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ResultLabels {
    pub(crate) result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct CategoryLabels {
    pub(crate) category: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct KindLabels {
    pub(crate) kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ReasonLabels {
    pub(crate) reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OutcomeLabels {
    pub(crate) outcome: &'static str,
    pub(crate) phase: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct PhaseLabels {
    pub(crate) phase: &'static str,
}
