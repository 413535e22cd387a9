//! A dry run of a decision: the operator's own function, on what is there and a decision that is not made yet.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::decide;
use super::decisions::counted;
use super::evidence::Gathered;
use super::observed::Observed;
use super::plan::{Changes, Plan};
use countersign_api::agreement_status::IgnoredDecision;
use countersign_api::{AgreementDecision, CustomerAgreementStatus};

/// No decision can have this name.
const DRAFT: &str = "(draft)";

/// The effect of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It counts.
    Counts,
    /// It does not count, and why.
    Ignored(IgnoredDecision),
    /// It was not evaluated yet.
    Open,
}

/// The effect of a decision, by the status.
#[must_use]
pub fn effect(status: &CustomerAgreementStatus, decision: &str) -> Effect {
    if counted(status).contains(&decision) {
        return Effect::Counts;
    }
    let ignored = status.ignored_decisions.iter().find(|ignored| ignored.name == decision);
    ignored.cloned().map_or(Effect::Open, Effect::Ignored)
}

/// The effect that a decision would have if it were made now. `observed` must be whole: every decision of the agreement, its
/// policy and its catalogue.
#[must_use]
pub fn dry_run(observed: &Observed<'_>, draft: &AgreementDecision, now: Timestamp) -> Effect {
    // Clocks differ: the next decision comes after all that are there.
    let latest = observed
        .decisions
        .iter()
        .filter_map(|own| own.metadata.creation_timestamp.as_ref())
        .map(|time| time.0)
        .max();
    let next = latest.and_then(|latest| latest.checked_add(SignedDuration::from_secs(1)).ok());
    let now = next.map_or(now, |next| next.max(now));
    let mut draft = draft.clone();
    draft.metadata.name = Some(DRAFT.to_owned());
    draft.metadata.creation_timestamp = Some(Time(now));
    let mut decisions = observed.decisions.to_vec();
    decisions.push(Arc::new(draft));
    let observed = Observed {
        decisions: &decisions,
        evidence: Gathered::ALL,
        guard: observed.guard.clone(),
        ..*observed
    };
    match decide(&observed, now) {
        Plan::Write(Changes { status: Some(status), .. }) => effect(&status, DRAFT),
        Plan::Write(_) | Plan::Rest { .. } | Plan::Need(_) => Effect::Open,
    }
}
