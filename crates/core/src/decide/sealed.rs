//! What becomes of an agreement that both sides signed. Decided from what was sealed alone: spec, decisions and rules may be
//! gone by now.

use jiff::Timestamp;

use super::changes::Outcome;
use super::conditions::Conditions;
use super::observed::Observed;
use super::{handover, late_decisions, links, orders};
use countersign_api::CustomerAgreementStatus;
use countersign_api::conditions::phase;

/// Its orders are passed on; then it shows what consumers report, and which agreements name it.
pub(super) fn follow_up(
    observed: &Observed<'_>,
    before: &CustomerAgreementStatus,
    now: Timestamp,
) -> Outcome {
    let mut status = before.clone();
    let mut conditions = Conditions::of(observed.agreement, now);
    conditions.keep_abnormal();
    let (mut orders, mut wakeups) = (Vec::new(), Vec::new());
    status.observed_generation = observed.agreement.metadata.generation;
    if status.agreed_time.is_none() {
        orders::issue(observed, &mut status, &mut conditions, &mut orders, now);
    }
    if status.agreed_time.is_some() {
        status.phase = Some(phase::AGREED.to_owned());
        handover::hand_over(observed, &mut status, &mut conditions, &mut wakeups, now);
    }
    status.conditions = conditions.finish();
    links::named_by(observed, &mut status);
    status.ignored_decisions = late_decisions::after_sealing(observed, before);
    Outcome { status, orders, wakeups }
}
