//! PURE: from everything that was read to everything that is to be written.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::api::{
    AgreementDecision, CustomerAgreement, CustomerAgreementStatus, DelegationPolicy, OrderRequest,
    StandardTerms,
};

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
    /// Agreements of the same namespace that this one names, or that name this one or what this one amends.
    pub related: &'a [Arc<CustomerAgreement>],
    /// Order requests that come from this agreement's UID, and those that stand under a name that it needs.
    pub orders: &'a [Arc<OrderRequest>],
    /// Order requests that the server would not take, from the attempt just made.
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
    /// The whole new status, where it differs.
    pub status: Option<Box<CustomerAgreementStatus>>,
    /// Order requests to create, once the status is written.
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
    let _ = (seen, now);
    Plan::default()
}

/// Names under which the order requests of a sealed agreement stand; empty until it is sealed. `observe` looks them up.
#[must_use]
pub fn order_request_names(agreement: &CustomerAgreement) -> Vec<String> {
    let _ = agreement;
    Vec::new()
}
