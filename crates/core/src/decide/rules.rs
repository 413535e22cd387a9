//! The rules that hold for an agreement.

use countersign_api::delegation_policy::DelegationPolicy;
use countersign_api::standard_terms::StandardTerms;

/// `spec.agreementType` of an agreement that changes another.
pub(crate) const AMENDMENT: &str = "Amendment";

/// Catalogue and policy whose rules hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleSet<'a> {
    pub(crate) terms: &'a StandardTerms,
    pub(crate) policy: &'a DelegationPolicy,
}
