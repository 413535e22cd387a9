//! Class, value and requirements, computed again from spec, catalogue and policy.

use super::exported_agreement::ExportedAgreement;
use super::reconstructed::Reconstructed;
use crate::decide::{RuleSet, assess};
use countersign_api::agreement_status::{Deviation, Value};

/// What follows from the rules for the agreement.
pub(super) struct Assessed {
    pub(super) deviations: Vec<Deviation>,
    pub(super) value: Value,
    /// Function and lowest level of each approval that is needed.
    pub(super) needs: Vec<(String, String)>,
}

/// Class, value and requirements by the rules in the export, for the orders that remain.
pub(super) fn assessed(exported: &ExportedAgreement<'_>) -> Option<Assessed> {
    let (policy, terms) = (exported.policy?, exported.catalogue?);
    let reconstructed = Reconstructed::of(exported, Vec::new());
    let observed = reconstructed.observed(exported);
    let rules = RuleSet { terms, policy };
    let confirmed = exported.confirmed_orders();
    let remaining = exported.confirmation_digest().map(|_| &confirmed);
    let found = assess(&observed, remaining, rules);
    // If managers were asked before the customer had decided on all orders, they were asked about all of them.
    let verdicts = exported.status.approvals.iter().flat_map(|step| &step.decided_by);
    let mut asked = verdicts.filter_map(|own| exported.decision(&own.decision)).peekable();
    let on_terms = asked.peek().is_some()
        && asked.all(|decision| decision.spec.agreement_ref.digest == exported.terms_digest());
    let approvals = if on_terms {
        assess(&observed, None, rules).requirements.approvals
    } else {
        found.requirements.approvals
    };
    Some(Assessed {
        deviations: found.classed.deviations,
        value: found.valued.shown,
        needs: approvals.into_iter().map(|need| (need.function, need.level)).collect(),
    })
}
