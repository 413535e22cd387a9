//! From the status that an agreement should have to a plan: only what differs is written, and only with the evidence that it
//! takes.

use jiff::Timestamp;

use super::decisions::counted;
use super::evidence::Evidence;
use super::observed::Observed;
use super::plan::{Changes, Plan};
use super::seconds::next_second;
use super::{notices, size_limit};
use countersign_api::{CustomerAgreementStatus, OrderRequest};

/// What an agreement should look like.
pub(super) struct Outcome {
    pub(super) status: CustomerAgreementStatus,
    /// Order requests that are missing.
    pub(super) orders: Vec<OrderRequest>,
    /// When it changes by time alone.
    pub(super) wakeups: Vec<Timestamp>,
}

/// Only what differs is written, and people are told nothing that was not written.
pub(super) fn plan(observed: &Observed<'_>, outcome: Outcome, now: Timestamp) -> Plan {
    let Outcome { mut status, orders, wakeups } = outcome;
    let before = observed.agreement.status.as_ref();
    let wake = wakeups.into_iter().map(next_second).filter(|wakeup| *wakeup > now).min();
    // What is there already fits.
    if before != Some(&status) {
        size_limit::apply(&mut status);
    }
    if before == Some(&status) {
        return if orders.is_empty() {
            Plan::Rest { wake }
        } else {
            Plan::Write(Changes { orders, wake, ..Changes::default() })
        };
    }
    if let Some(evidence) = missing(observed, before, &status) {
        return Plan::Need(evidence);
    }
    let notices = notices::between(before, &status);
    Plan::Write(Changes { status: Some(Box::new(status)), orders, notices, wake })
}

/// The evidence that is still missing for a status that counts other decisions than the one before.
fn missing(
    observed: &Observed<'_>,
    before: Option<&CustomerAgreementStatus>,
    after: &CustomerAgreementStatus,
) -> Option<Evidence> {
    let (counted_before, counted_after) = (before.map(counted).unwrap_or_default(), counted(after));
    // The watch may lag behind the operator that counted it. A new revision voids every decision, fresh or not.
    let same_terms = before.is_some_and(|before| before.terms == after.terms);
    let takes_back = same_terms && counted_before.iter().any(|name| !counted_after.contains(name));
    if takes_back && !observed.evidence.has(Evidence::FreshDecisions) {
        return Some(Evidence::FreshDecisions);
    }
    let counts = counted_after.iter().any(|name| !counted_before.contains(name));
    (counts && !observed.evidence.has(Evidence::GuardTrial)).then_some(Evidence::GuardTrial)
}
