//! Everything that was read about one agreement, in one value.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::evidence::Gathered;
use super::seconds::whole_seconds;
use countersign_api::{AgreementDecision, CustomerAgreement, DelegationPolicy, OrderRequest, StandardTerms};

/// Everything that was read. Borrowed: nothing is cloned to decide.
#[derive(Debug)]
pub struct Observed<'a> {
    /// The agreement that is decided on.
    pub agreement: &'a CustomerAgreement,
    /// Every decision in its namespace that names its UID or its name, in any order.
    pub decisions: &'a [Arc<AgreementDecision>],
    /// Every delegation policy.
    pub policies: &'a [Arc<DelegationPolicy>],
    /// Labels of the agreement's namespace.
    pub namespace_labels: &'a BTreeMap<String, String>,
    /// The catalogue with the name in `spec.standardTermsRef`.
    pub standard_terms: Option<&'a StandardTerms>,
    /// Agreements of the same namespace that this one names, that amend or supersede it, or that amend or supersede what it
    /// amends or supersedes.
    pub related: &'a [Arc<CustomerAgreement>],
    /// Order requests with this agreement's UID, and those with a name that it needs.
    pub orders: &'a [Arc<OrderRequest>],
    /// Order requests that the server rejected. They stay in the plan; the shell holds them back until it is time to try again.
    pub refused: &'a [RefusedCreate],
    /// Whether the admission policies are in force.
    pub guard: Guard,
    /// What of this is more than the watches show.
    pub evidence: Gathered,
}

static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

impl<'a> Observed<'a> {
    /// Nothing but an agreement, outside a cluster or beside the operator: the admission policies are taken to be in force, and
    /// there is no more evidence to gather. Whatever else is known is set by whoever knows it.
    #[must_use]
    pub const fn alone(agreement: &'a CustomerAgreement) -> Self {
        Self {
            agreement,
            decisions: &[],
            policies: &[],
            namespace_labels: &NO_LABELS,
            standard_terms: None,
            related: &[],
            orders: &[],
            refused: &[],
            guard: Guard::Active { since: None },
            evidence: Gathered::ALL,
        }
    }
}

impl Observed<'_> {
    /// The end of the offer, as whole seconds.
    pub(super) fn offer_end(&self) -> Timestamp {
        whole_seconds(self.agreement.spec.offer_end_time.0)
    }
}

/// An order request that the server rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCreate {
    /// The order.
    pub order_id: String,
    /// The server's message.
    pub message: String,
}

/// Whether the admission policies that keep decisions from being forged are in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// They are. Decisions made before `since` do not count, unless they already count in status.
    Active {
        /// From when; `None` if the shell does not check it.
        since: Option<Timestamp>,
    },
    /// They are not. No decision is counted, and nothing ends or moves by time.
    Inactive {
        /// Why, in words.
        because: String,
    },
}
