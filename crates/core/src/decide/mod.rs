//! The process itself, as a pure function: from everything that was read to what is to be done.
//!
//! Read [`decide`] below, then `facts`, which derives the facts of an open agreement step by step, then the rule that you look
//! for:
//!
//! - S1, terms: `validate`, `classify`, `value`, `decimal`
//! - S2 and S5, the customer's confirmation: `confirmation`
//! - S3, sign-off: `sign_off` for signatures, `commit` for sealing and closing
//! - S4, escalation: `authority`, `ladder`, `approval`
//! - S6, order requests: `orders`, and `handover` for what consumers report
//! - S7, separation of duties: `separation`
//!
//! `decisions` says which decisions are current. `pinned` says under which rules. `endings` has how an agreement ends without
//! being agreed, and `party` who may withdraw, decline or request a change. `status`, `conditions`, `waiting` and `notices` turn
//! facts into words, and `changes` into a plan. Files import one another one way only; a test looks.

mod approval;
mod authority;
pub mod binding;
pub(crate) mod calendar;
mod change_request;
mod changes;
mod classify;
mod commit;
mod conditions;
mod confirmation;
mod decimal;
mod decisions;
pub mod digest;
pub mod dry_run;
pub mod eligibility;
mod endings;
mod evaluation;
mod evidence;
mod facts;
mod fault;
mod handover;
mod ladder;
mod late_decisions;
mod links;
mod notices;
mod observed;
mod orders;
mod party;
mod pinned;
mod plan;
mod rules;
mod sealed;
mod seconds;
mod separation;
mod sign_off;
mod size_limit;
mod stage;
mod status;
mod validate;
mod value;
mod waiting;

use jiff::{SignedDuration, Timestamp};

use self::changes::Outcome;
use self::commit::Step;
use self::facts::Facts;
use self::seconds::whole_seconds;
use self::stage::Stage;
use countersign_api::CustomerAgreement;

pub use self::evidence::{Evidence, Gathered};
pub use self::observed::{Guard, Observed, RefusedCreate};
pub use self::plan::{Changes, Notice, Plan, Related, Severity};

// What `verify` computes anew, and what `preview` shows.
pub(crate) use approval::who_is_asked_first;
pub(crate) use authority::{Requirement, canonical, holders, in_words};
pub(crate) use calendar::wait_end;
pub(crate) use classify::permitted;
pub(crate) use commit::outcome_word;
pub(crate) use decisions::counted;
pub(crate) use fault::FaultKind;
pub(crate) use ladder::{quorum, rank};
pub(crate) use orders::{name_of, name_requests};
pub(crate) use rules::RuleSet;
pub(crate) use validate::{Assessment, assess, validate};
pub(crate) use value::value;

/// Decides. Total: no `Result`, no clock, no I/O, no logging, no panic.
#[must_use]
pub fn decide(observed: &Observed<'_>, now: Timestamp) -> Plan {
    let now = whole_seconds(now);
    if observed.agreement.metadata.deletion_timestamp.is_some() {
        return Plan::Rest { wake: None };
    }
    let outcome = match &observed.agreement.status {
        Some(status) if status.closed.is_some() => {
            let status = late_decisions::closed(observed, status.clone(), now);
            Outcome { status, orders: Vec::new(), wakeups: Vec::new() }
        }
        Some(status) if status.is_sealed() => sealed::follow_up(observed, status, now),
        _ => match open(observed, now) {
            Ok(outcome) => outcome,
            Err(evidence) => return Plan::Need(evidence),
        },
    };
    changes::plan(observed, outcome, now)
}

/// An agreement on which everything can still be decided. Nothing irrevocable is decided without the evidence that it takes.
fn open(observed: &Observed<'_>, now: Timestamp) -> Result<Outcome, Evidence> {
    let mut facts = Facts::derive(observed, now);
    let step = match facts.end.take() {
        Some(end) => Step::End(end),
        None if facts.stage == Stage::Complete && !matches!(observed.guard, Guard::Inactive { .. }) => {
            Step::Seal
        }
        None => Step::None,
    };
    let wakeups = match step {
        Step::None => wakeups(observed, &facts),
        Step::End(_) | Step::Seal => {
            require_evidence(observed)?;
            Vec::new()
        }
    };
    let status = status::of(observed, facts, step, now);
    Ok(Outcome { status, orders: Vec::new(), wakeups })
}

/// What an irrevocable step takes.
fn require_evidence(observed: &Observed<'_>) -> Result<(), Evidence> {
    let names_others = observed.agreement.spec.links().next().is_some();
    if names_others && !observed.evidence.has(Evidence::LinkedAgreements) {
        return Err(Evidence::LinkedAgreements);
    }
    if !observed.evidence.has(Evidence::FreshDecisions) {
        return Err(Evidence::FreshDecisions);
    }
    Ok(())
}

/// When an open agreement changes by time alone.
fn wakeups(observed: &Observed<'_>, facts: &Facts<'_>) -> Vec<Timestamp> {
    let mut wakeups = waiting::wakeups(facts.rules.found(), facts.stage, &facts.waits);
    wakeups.push(calendar::judged_at(observed.offer_end()));
    if facts.rules.found().is_none() {
        let period = observed.standard_terms.and_then(|terms| terms.spec.valid_period.as_ref());
        wakeups.extend(period.map(|period| period.start_time.0));
        let end = period.and_then(|period| period.end_time.as_ref());
        wakeups.extend(end.and_then(|end| end.0.checked_add(SignedDuration::from_secs(1)).ok()));
    }
    wakeups.extend(links::wakeups(observed, facts.pinned().is_some()));
    wakeups
}

/// Names under which the order requests of a sealed agreement stand; empty until it is sealed. `observe` looks them up.
#[must_use]
pub fn order_request_names(agreement: &CustomerAgreement) -> Vec<String> {
    orders::names(agreement)
}
