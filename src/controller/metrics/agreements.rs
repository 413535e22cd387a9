//! The business in numbers, counted in the store at each scrape.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::controller::clock::Clock;
use crate::controller::metrics::approval_durations::open;
use crate::controller::metrics::authority_labels::{AuthorityLabels, Pair};
use crate::controller::metrics::transitions::phase_of;
use countersign_api::agreement_status::{Classification, WaitingAction};
use countersign_api::conditions::{condition, order_condition, phase, reason};
use countersign_api::{CustomerAgreement, CustomerAgreementStatus, OrderRequest};

const CLASSIFICATIONS: [&str; 3] = ["Standard", "NonStandard", "Unclassified"];
const ACTIONS: [&str; 5] = ["Confirm", "Approve", "Sign", "Countersign", "Edit"];
/// Of several that hold, the first is the state of an order request.
const STATES: [&str; 4] = [
    order_condition::FAILED,
    order_condition::REJECTED,
    order_condition::COMPLETED,
    order_condition::ACKNOWLEDGED,
];
const WAITING: &str = "Waiting";

/// What is counted at a scrape.
pub(crate) struct Snapshot {
    pub(crate) agreements: Vec<Arc<CustomerAgreement>>,
    pub(crate) orders: Vec<Arc<OrderRequest>>,
    /// How many stored objects could not be decoded, by kind.
    pub(crate) undecodable: [(&'static str, usize); 5],
}

/// Counts what the watches know.
pub(crate) struct AgreementsCollector {
    clock: Clock,
    authority_labels: AuthorityLabels,
    snapshot: Box<dyn Fn() -> Snapshot + Send + Sync>,
}

impl AgreementsCollector {
    /// Of what `snapshot` takes.
    pub(crate) fn new(
        clock: Clock,
        authority_labels: AuthorityLabels,
        snapshot: impl Fn() -> Snapshot + Send + Sync + 'static,
    ) -> Self {
        Self { clock, authority_labels, snapshot: Box::new(snapshot) }
    }

    fn encode_managers(
        &self,
        waits: &BTreeMap<(&str, &str), Managers>,
        encoder: &mut DescriptorEncoder<'_>,
    ) -> Result<(), fmt::Error> {
        let mut shown = BTreeMap::<Pair, Managers>::new();
        for ((function, level), managers) in waits {
            shown.entry(self.authority_labels.pair(function, level)).or_default().add(*managers);
        }
        for pair in self.authority_labels.known() {
            shown.entry(pair).or_default();
        }
        let now = self.clock.now();
        let by = |number: &dyn Fn(&Managers) -> usize| -> Counts<'_, 2> {
            let labelled = shown.iter().map(|(pair, managers)| (pair, number(managers)));
            labelled.map(|(pair, number)| ([pair.function.as_str(), pair.level.as_str()], number)).collect()
        };
        gauges(
            encoder,
            "approvals_waiting",
            "Approvals that are waited for, by function and by the level that is asked.",
            ["function", "level"],
            &by(&|managers| managers.count),
        )?;
        gauges(
            encoder,
            "approvals_longest_wait_seconds",
            "Longest current wait for an approval, by function and level; 0 if none waits.",
            ["function", "level"],
            &by(&|managers| managers.seconds(now)),
        )
    }
}

impl fmt::Debug for AgreementsCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgreementsCollector")
    }
}

impl Collector for AgreementsCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Snapshot { agreements, orders, undecodable } = (self.snapshot)();
        let undecodable: Counts<'_, 1> = undecodable.map(|(kind, number)| ([kind], number)).into();
        let mut counted = Agreements::new();
        for agreement in &agreements {
            counted.count(agreement.status.as_ref());
        }
        counted.encode(&mut encoder)?;
        self.encode_managers(&counted.managers, &mut encoder)?;
        gauges(
            &mut encoder,
            "order_requests",
            "Order requests by what consumers report.",
            ["state"],
            &states(&orders),
        )?;
        gauges(
            &mut encoder,
            "undecodable_objects",
            "Stored objects that could not be read and are left out, by kind.",
            ["kind"],
            &undecodable,
        )
    }
}

/// How many there are, by the values of some labels.
type Counts<'a, const N: usize> = BTreeMap<[&'a str; N], usize>;

/// The waits for one level of a function.
#[derive(Clone, Copy, Debug, Default)]
struct Managers {
    count: usize,
    /// When the one was asked that waits longest.
    since: Option<Timestamp>,
}

impl Managers {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.since = self.since.into_iter().chain(other.since).min();
    }

    fn seconds(&self, now: Timestamp) -> usize {
        let seconds = self.since.map_or(0, |since| now.duration_since(since).as_secs());
        usize::try_from(seconds).unwrap_or_default()
    }
}

/// What is counted of the agreements. Every value that a label can take is there, also where nothing has it.
struct Agreements<'a> {
    by_phase: Counts<'static, 2>,
    stalled: Counts<'static, 1>,
    waits: Counts<'static, 2>,
    overdue: usize,
    /// By function and level: only those that are asked.
    managers: BTreeMap<(&'a str, &'a str), Managers>,
}

impl<'a> Agreements<'a> {
    fn new() -> Self {
        let pairs = |one: &[&'static str], two: &[&'static str]| {
            one.iter().flat_map(|one| two.iter().map(|two| ([*one, *two], 0))).collect()
        };
        Self {
            by_phase: pairs(&phase::ALL, &CLASSIFICATIONS),
            stalled: reason::STALLING.into_iter().map(|reason| ([reason], 0)).collect(),
            waits: pairs(&ACTIONS, &["false", "true"]),
            overdue: 0,
            managers: BTreeMap::new(),
        }
    }

    fn count(&mut self, status: Option<&'a CustomerAgreementStatus>) {
        let classification = match status.and_then(|status| status.classification) {
            Some(Classification::Standard) => "Standard",
            Some(Classification::NonStandard) => "NonStandard",
            None => "Unclassified",
        };
        *self.by_phase.entry([phase_of(status), classification]).or_default() += 1;
        let Some(status) = status else { return };
        for wait in &status.waiting_for {
            let action = match wait.action {
                WaitingAction::Confirm => "Confirm",
                WaitingAction::Approve => "Approve",
                WaitingAction::Sign => "Sign",
                WaitingAction::Countersign => "Countersign",
                WaitingAction::Edit => "Edit",
            };
            let reminded = if wait.reminded_time.is_some() { "true" } else { "false" };
            *self.waits.entry([action, reminded]).or_default() += 1;
        }
        for (step, asked) in open(status) {
            let one = Managers { count: 1, since: Some(asked.asked_time.0) };
            self.managers.entry((&step.function, &asked.level)).or_default().add(one);
        }
        for known in &status.conditions {
            if known.type_ == condition::STALLED {
                let why = reason::STALLING.into_iter().find(|reason| *reason == known.reason);
                *self.stalled.entry([why.unwrap_or("Other")]).or_default() += 1;
            }
            if known.type_ == condition::HANDED_OVER && known.reason == reason::OVERDUE {
                self.overdue += 1;
            }
        }
    }

    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        gauges(
            encoder,
            "agreements",
            "Agreements by phase, and by whether their terms are standard.",
            ["phase", "classification"],
            &self.by_phase,
        )?;
        gauges(
            encoder,
            "agreements_stalled",
            "Agreements for which somebody has to repair something, by what.",
            ["reason"],
            &self.stalled,
        )?;
        gauges(
            encoder,
            "waits",
            "Waits for somebody, by what is waited for and whether half of the time is gone.",
            ["action", "reminded"],
            &self.waits,
        )?;
        let help = "Agreements of which nobody acknowledged every order request in time.";
        let overdue = encoder.encode_descriptor("handovers_overdue", help, None, MetricType::Gauge)?;
        gauge(self.overdue).encode(overdue)
    }
}

fn states(orders: &[Arc<OrderRequest>]) -> Counts<'static, 1> {
    let mut counts: Counts<'static, 1> =
        STATES.into_iter().chain([WAITING]).map(|state| ([state], 0)).collect();
    for order in orders {
        let conditions = order.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        let holds =
            |state: &str| conditions.iter().any(|known| known.type_ == state && known.status == "True");
        let state = STATES.into_iter().find(|state| holds(state)).unwrap_or(WAITING);
        *counts.entry([state]).or_default() += 1;
    }
    counts
}

fn gauges<const N: usize>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    labels: [&'static str; N],
    counts: &Counts<'_, N>,
) -> Result<(), fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (values, count) in counts {
        let pairs: Vec<(&str, &str)> = labels.into_iter().zip(values.iter().copied()).collect();
        gauge(*count).encode(family.encode_family(&pairs)?)?;
    }
    Ok(())
}

fn gauge(count: usize) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX))
}
