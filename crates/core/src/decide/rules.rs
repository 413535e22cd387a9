//! The rules that apply to an open agreement.

use super::fault::Fault;
use countersign_api::agreement_status::Pinned;
use countersign_api::delegation_policy::DelegationPolicy;
use countersign_api::standard_terms::StandardTerms;

/// `spec.agreementType` of an agreement that changes another.
pub(crate) const AMENDMENT: &str = "Amendment";

/// The catalogue and the policy that apply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleSet<'a> {
    pub(crate) terms: &'a StandardTerms,
    pub(crate) policy: &'a DelegationPolicy,
}

/// The rules of a revision: those that it is pinned to, or for a new one those of today.
#[derive(Debug)]
pub(crate) enum Rules<T> {
    /// They are there.
    Found(T),
    /// It is pinned to rules that are gone.
    Gone(Gone),
    /// Something is wrong, and it is not pinned to any yet.
    Faulty(Vec<Fault>),
}

/// Pinned rules that are gone or were replaced.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    pub(crate) pinned: Pinned,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

impl<T> Rules<T> {
    pub(crate) fn map<U>(self, with: impl FnOnce(T) -> U) -> Rules<U> {
        match self {
            Self::Found(rules) => Rules::Found(with(rules)),
            Self::Gone(gone) => Rules::Gone(gone),
            Self::Faulty(faults) => Rules::Faulty(faults),
        }
    }

    pub(crate) const fn found(&self) -> Option<&T> {
        match self {
            Self::Found(rules) => Some(rules),
            Self::Gone(_) | Self::Faulty(_) => None,
        }
    }
}
