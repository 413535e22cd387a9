//! Decisions that a party may make at any time until sealing: Withdraw, Decline, and a customer's RequestChange.

use super::decisions::{CurrentDecision, Decisions, Ignored, late};
use super::observed::Observed;
use super::rules::RuleSet;
use super::separation::{People, attestation_fault};
use crate::text;
use countersign_api::Action;
use countersign_api::agreement_status::TermsRevision;
use countersign_api::conditions::ignored;

/// Why a decision of this kind does not count, by itself. Without rules nobody has several usernames.
pub(crate) fn fault(
    observed: &Observed<'_>,
    revision: &TermsRevision,
    rules: Option<RuleSet<'_>>,
    decisions: &Decisions<'_>,
    decision: &CurrentDecision<'_>,
) -> Option<Ignored> {
    let spec = &observed.agreement.spec;
    if decision.digest() != revision.digest {
        let message =
            format!("a {} must name the terms digest {}", decision.action().as_str(), revision.digest);
        return Some(Ignored::new(ignored::STALE, message));
    }
    if let Some(fault) = attestation_fault(observed, rules, &decisions.binding(), decision) {
        return Some(fault);
    }
    let people = People::of(observed, rules);
    let mut representatives = spec.customer.representatives.iter();
    // A representative has one username.
    let customer = representatives.any(|representative| representative.username == decision.acts_for);
    let provider = people.is_owner(decision.acts_for) || people.is_signatory(decision.acts_for);
    let (holds, who) = match decision.action() {
        Action::Withdraw => {
            (customer || provider, "a representative, the owner or a signatory of the provider")
        }
        _ => (customer, "a representative of the customer"),
    };
    if !holds && !decision.already_counts {
        let message = format!("{:?} is not {who}", text::user(decision.acts_for));
        return Some(Ignored::new(ignored::NOT_HOLDER, message));
    }
    late(observed, decision, None)
}
