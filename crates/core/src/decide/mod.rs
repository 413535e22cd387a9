//! PURE: from everything that was read to everything that is to be written.
//!
//! Read `decide` below, then `case` for the facts of an open agreement, then whichever rule you look for:
//! `validate` and `classify` (S1), `confirmation` (S2), `sign_off` (S3), `value`, `authority` and
//! `approval` (S4), `orders` (S5, S6). `status` turns facts into conditions, and those into a phase.

mod acts;
pub mod answers;
mod approval;
mod authority;
pub mod binding;
pub(crate) mod calendar;
mod case;
mod classify;
mod condition_list;
mod confirmation;
pub mod digest;
mod ended;
mod exact;
mod fault;
mod fit;
pub mod foresee;
mod links;
mod notices;
mod orders;
mod rule_book;
mod sign_off;
mod status;
mod validate;
mod value;
mod waiting;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use countersign_api::{
    AgreementDecision, CustomerAgreement, CustomerAgreementStatus, DelegationPolicy, OrderRequest,
    StandardTerms,
};

// What `verify` computes anew, and what `preview` shows.
pub(crate) use acts::counted;
pub(crate) use approval::who_is_asked_first;
pub(crate) use authority::{Requirement, canonical, holders, quorum, rank};
pub(crate) use calendar::wait_end;
pub(crate) use classify::permitted;
pub(crate) use fault::FaultKind;
pub(crate) use orders::{is_sealed, name_of, name_requests};
pub(crate) use rule_book::RuleBook;
pub(crate) use status::outcome_word;
pub(crate) use validate::{Assessment, assess, validate};
pub(crate) use value::value;
pub use words::{and, clean, count, or, shorten};

/// Everything that was read, in one value. Borrowed: nothing is cloned to decide.
#[derive(Debug)]
pub struct Observed<'a> {
    /// The agreement that is decided on.
    pub agreement: &'a CustomerAgreement,
    /// Every decision in its namespace that names its UID or its name, in any order.
    pub decisions: &'a [Arc<AgreementDecision>],
    /// Whether `decisions` was just read from the server. Without it nothing irrevocable is decided.
    pub fresh: bool,
    /// Every delegation policy.
    pub policies: &'a [Arc<DelegationPolicy>],
    /// Labels of the agreement's namespace.
    pub namespace_labels: &'a BTreeMap<String, String>,
    /// The catalogue that stands under the name in `spec.standardTermsRef`.
    pub standard_terms: Option<&'a StandardTerms>,
    /// Agreements of the same namespace that this one names, and those that amend or supersede it or what it names so.
    pub related: &'a [Arc<CustomerAgreement>],
    /// Order requests that come from this agreement's UID, and those that stand under a name that it needs.
    pub orders: &'a [Arc<OrderRequest>],
    /// Order requests that the server would not take. They stay in the plan; the shell holds them back until it is time
    /// to try again.
    pub refused: &'a [RefusedCreate],
    /// Whether the admission policies are in force.
    pub guard: Guard,
}

/// An order request that the server would not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCreate {
    /// The order.
    pub order_id: String,
    /// The server's words.
    pub message: String,
}

/// Whether the admission policies that keep decisions from being forged are in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// They are. Decisions made before `since` do not count, unless they already stand in status.
    Active {
        /// From when; `None` where the shell does not check it.
        since: Option<Timestamp>,
    },
    /// They are not. Nothing is counted, nothing ends or moves by time.
    Inactive {
        /// Why, in words.
        because: String,
    },
}

/// Everything that is to be written, in the order in which it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// True: read the decisions from the server and decide again. Nothing else is set then.
    pub needs_fresh: bool,
    /// Whether the new status counts a decision that did not stand before. The shell makes sure first that the guard held.
    pub counts: bool,
    /// The whole new status, where it differs.
    pub status: Option<Box<CustomerAgreementStatus>>,
    /// Order requests to create, once the status is written. Those in `refused` among them wait for their next attempt.
    pub orders: Vec<OrderRequest>,
    /// What people are told, once the status is written.
    pub notices: Vec<Notice>,
    /// When to decide again if nothing changes.
    pub wake: Wake,
}

/// When to decide again if nothing changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wake {
    /// At this time.
    At(Timestamp),
    /// Only when something changes.
    #[default]
    OnChange,
}

/// One event: something that happened, told to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Warning only for what is unexpected.
    pub severity: Severity,
    /// What happened, in one word.
    pub reason: &'static str,
    /// What the operator did about it, in one word.
    pub action: &'static str,
    /// In words, below 1,024 characters, without control characters.
    pub note: String,
    /// The other object that it is about.
    pub related: Option<Related>,
}

/// How unexpected a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// As it should be.
    Normal,
    /// Somebody should look.
    Warning,
}

/// The other object that a notice is about, in the agreement's namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Related {
    /// An `AgreementDecision`, by name.
    Decision(String),
    /// An `OrderRequest`, by name.
    OrderRequest(String),
}

/// Decides. Total: no `Result`, no clock, no I/O, no logging, no panic.
#[must_use]
pub fn decide(seen: &Observed<'_>, now: Timestamp) -> Plan {
    let now = whole_seconds(now);
    if seen.agreement.metadata.deletion_timestamp.is_some() {
        return Plan::default();
    }
    let before = seen.agreement.status.as_ref();
    match before {
        Some(status) if status.closed.is_some() => {
            plan(seen, ended::closed(seen, status.clone(), now), Vec::new(), Vec::new(), now)
        }
        Some(status) if orders::is_sealed(status) => {
            let mut after = orders::after_sealing(seen, status.clone(), now);
            links::named_by(seen, &mut after.status);
            after.status.ignored_decisions = ended::after_sealing(seen, status);
            plan(seen, after.status, after.create, after.instants, now)
        }
        _ => open(seen, now),
    }
}

/// Times are stored as whole seconds: a fraction would come back from the server as a difference.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second())
        .map_or(time, |whole| if whole > time { previous_second(whole) } else { whole })
}

fn previous_second(time: Timestamp) -> Timestamp {
    time.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(time)
}

/// The first whole second at or after a time.
fn next_second(time: Timestamp) -> Timestamp {
    let whole = whole_seconds(time);
    if whole == time { whole } else { whole.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(whole) }
}

impl Observed<'_> {
    /// The end of the offer, as whole seconds.
    fn offer_end(&self) -> Timestamp {
        whole_seconds(self.agreement.spec.offer_end_time.0)
    }
}

/// An agreement on which everything can still be decided.
fn open(seen: &Observed<'_>, now: Timestamp) -> Plan {
    let mut case = case::build(seen, now);
    let step = match case.end.take() {
        Some(end) => status::Step::End(end),
        None if case.stage == case::Stage::Complete && !matches!(seen.guard, Guard::Inactive { .. }) => {
            status::Step::Seal
        }
        None => status::Step::None,
    };
    if !seen.fresh && !matches!(step, status::Step::None) {
        return Plan { needs_fresh: true, ..Plan::default() };
    }
    let instants = match step {
        status::Step::None => instants(seen, &case),
        status::Step::End(_) | status::Step::Seal => Vec::new(),
    };
    let status = status::of(seen, case, step, now);
    plan(seen, status, Vec::new(), instants, now)
}

/// The instants at which an open agreement changes by time alone.
fn instants(seen: &Observed<'_>, case: &case::Case<'_>) -> Vec<Timestamp> {
    let offer_end = seen.offer_end();
    let mut instants = waiting::instants(case);
    instants.push(offer_end.checked_add(calendar::GRACE).unwrap_or(offer_end));
    if case.book.is_none() {
        let period = seen.standard_terms.and_then(|terms| terms.spec.valid_period.as_ref());
        instants.extend(period.map(|period| period.start_time.0));
        let end = period.and_then(|period| period.end_time.as_ref());
        instants.extend(end.and_then(|end| end.0.checked_add(jiff::SignedDuration::from_secs(1)).ok()));
    }
    instants.extend(links::instants(seen, case.pinned.is_some()));
    instants
}

/// Only what differs is written, and nothing is told that was not written.
fn plan(
    seen: &Observed<'_>,
    mut status: CustomerAgreementStatus,
    orders: Vec<OrderRequest>,
    instants: Vec<Timestamp>,
    now: Timestamp,
) -> Plan {
    let before = seen.agreement.status.as_ref();
    // What is there already fits.
    if before != Some(&status) {
        fit::fit(&mut status);
    }
    let wake = instants.into_iter().map(next_second).filter(|instant| *instant > now).min();
    let wake = wake.map_or(Wake::OnChange, Wake::At);
    if before == Some(&status) {
        return Plan { orders, wake, ..Plan::default() };
    }
    let stood = before.map(acts::counted).unwrap_or_default();
    let counts = acts::counted(&status).iter().any(|name| !stood.contains(name));
    let notices = notices::between(before, &status);
    Plan { needs_fresh: false, counts, status: Some(Box::new(status)), orders, notices, wake }
}

/// Names under which the order requests of a sealed agreement stand; empty until it is sealed. `observe` looks them up.
#[must_use]
pub fn order_request_names(agreement: &CustomerAgreement) -> Vec<String> {
    orders::names(agreement)
}
