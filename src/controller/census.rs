//! The business in numbers, counted in the watches when somebody asks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use super::cache::{Cache, Watched};
use super::tally::phase_of;
use crate::api::agreement_status::{Classification, WaitingAction};
use crate::api::conditions::{condition, order_condition, phase, reason};
use crate::api::{
    AgreementDecision, CustomerAgreement, CustomerAgreementStatus, DelegationPolicy, OrderRequest,
    StandardTerms,
};

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

/// Counts what is in the cache.
pub(crate) struct Census(pub(crate) Arc<Cache>);

impl fmt::Debug for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Census")
    }
}

impl Collector for Census {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let tables = self.0.read();
        let undecodable: Counts<1> = [
            ([CustomerAgreement::PLURAL], tables.agreements.undecodable()),
            ([AgreementDecision::PLURAL], tables.decisions.undecodable()),
            ([OrderRequest::PLURAL], tables.orders.undecodable()),
            ([StandardTerms::PLURAL], tables.standard_terms.undecodable()),
            ([DelegationPolicy::PLURAL], tables.policies.undecodable()),
        ]
        .into();
        // Counted after the lock is let go: whoever decides or watches must not wait for a scrape.
        let agreements: Vec<_> = tables.agreements.all().map(|(_, agreement)| agreement.clone()).collect();
        let orders: Vec<_> = tables.orders.all().map(|(_, order)| order.clone()).collect();
        drop(tables);

        let mut counted = Agreements::new();
        for agreement in &agreements {
            counted.count(agreement.status.as_ref());
        }
        counted.encode(&mut encoder)?;
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
type Counts<const N: usize> = BTreeMap<[&'static str; N], usize>;

/// What is counted of the agreements. Every value that a label can take is there, also where nothing has it.
struct Agreements {
    by_phase: Counts<2>,
    stalled: Counts<1>,
    waits: Counts<2>,
    overdue: usize,
}

impl Agreements {
    fn new() -> Self {
        let pairs = |one: &[&'static str], two: &[&'static str]| {
            one.iter().flat_map(|one| two.iter().map(|two| ([*one, *two], 0))).collect()
        };
        Self {
            by_phase: pairs(&phase::ALL, &CLASSIFICATIONS),
            stalled: reason::STALLING.into_iter().map(|reason| ([reason], 0)).collect(),
            waits: pairs(&ACTIONS, &["false", "true"]),
            overdue: 0,
        }
    }

    fn count(&mut self, status: Option<&CustomerAgreementStatus>) {
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

fn states(orders: &[Arc<OrderRequest>]) -> Counts<1> {
    let mut counts: Counts<1> = STATES.into_iter().chain([WAITING]).map(|state| ([state], 0)).collect();
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
    counts: &Counts<N>,
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
