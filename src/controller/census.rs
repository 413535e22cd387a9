//! The business in numbers, counted in the watches when somebody asks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use super::cache::{Cache, Tables, Watched};
use crate::api::{AgreementDecision, CustomerAgreement, DelegationPolicy, OrderRequest, StandardTerms};

/// The phases, so that whatever is written into a status there is no new series.
const PHASES: [&str; 10] = [
    "Pending",
    "AwaitingConfirmation",
    "Escalated",
    "Revising",
    "AwaitingSignOff",
    "IssuingOrders",
    "Agreed",
    "Declined",
    "Refused",
    "Expired",
];
const WITHDRAWN: &str = "Withdrawn";

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
        gauges(&mut encoder, "agreements", "Agreements by phase", "phase", &agreements(&tables))?;
        gauges(
            &mut encoder,
            "order_requests",
            "Order requests by what consumers report",
            "state",
            &orders(&tables),
        )?;
        let undecodable = [
            (CustomerAgreement::PLURAL, tables.agreements.undecodable()),
            (AgreementDecision::PLURAL, tables.decisions.undecodable()),
            (OrderRequest::PLURAL, tables.orders.undecodable()),
            (StandardTerms::PLURAL, tables.standard_terms.undecodable()),
            (DelegationPolicy::PLURAL, tables.policies.undecodable()),
        ];
        let help = "Stored objects that could not be read and are left out, by kind";
        gauges(&mut encoder, "undecodable_objects", help, "kind", &undecodable.into())
    }
}

fn agreements(tables: &Tables) -> BTreeMap<&'static str, usize> {
    let mut counts: BTreeMap<_, _> = PHASES.into_iter().chain([WITHDRAWN]).map(|phase| (phase, 0)).collect();
    for (_, agreement) in tables.agreements.all() {
        let phase = agreement.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("Pending");
        let known = PHASES.into_iter().chain([WITHDRAWN]).find(|known| *known == phase);
        *counts.entry(known.unwrap_or("Other")).or_default() += 1;
    }
    counts
}

fn orders(tables: &Tables) -> BTreeMap<&'static str, usize> {
    let states = ["Failed", "Rejected", "Completed", "Acknowledged"];
    let mut counts: BTreeMap<_, _> = states.into_iter().chain(["Waiting"]).map(|state| (state, 0)).collect();
    for (_, order) in tables.orders.all() {
        let conditions = order.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        let holds = |state: &str| conditions.iter().any(|c| c.type_ == state && c.status == "True");
        let state = states.into_iter().find(|state| holds(state)).unwrap_or("Waiting");
        *counts.entry(state).or_default() += 1;
    }
    counts
}

fn gauges(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    counts: &BTreeMap<&'static str, usize>,
) -> Result<(), fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (value, count) in counts {
        let gauge = ConstGauge::new(i64::try_from(*count).unwrap_or(i64::MAX));
        gauge.encode(family.encode_family(&[(label, *value)])?)?;
    }
    Ok(())
}
