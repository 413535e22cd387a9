//! How far an agreement has come under its rules: confirmation, approvals and signatures, each from the decisions alone.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::approval::{self, Approved, Question};
use super::confirmation::{self, Confirmed};
use super::decisions::{Decisions, IgnoredDecisions};
use super::digest::confirmation_digest;
use super::fault::Fault;
use super::links;
use super::observed::Observed;
use super::pinned::status_of;
use super::rules::RuleSet;
use super::sign_off::{self, Signable, Signed};
use super::validate::{Assessment, assess};
use countersign_api::agreement_status::{Pinned, TermsRevision};
use countersign_api::delegation_policy::EscalationTiming;

/// How far an agreement has come under its rules.
#[derive(Debug)]
pub(crate) struct Evaluation<'a> {
    pub(crate) rules: RuleSet<'a>,
    pub(crate) pinned: Pinned,
    /// What this agreement names may cease to be in force, or be superseded by another, until this one is sealed.
    pub(crate) faults: Vec<Fault>,
    /// By the orders that remain.
    pub(crate) assessment: Assessment,
    pub(crate) confirmed: Confirmed,
    /// Once the confirmation is complete.
    pub(crate) confirmation_digest: Option<String>,
    /// The digest that managers decide on.
    pub(crate) approval_digest: Option<String>,
    pub(crate) approved: Approved,
    pub(crate) signed: Signed,
}

/// Evaluates every decision that moves the agreement forward. Those that stop it come later.
pub(crate) fn evaluate<'a>(
    observed: &Observed<'a>,
    revision: &TermsRevision,
    (rules, pinned): (RuleSet<'a>, Pinned),
    decisions: &mut Decisions<'a>,
    now: Timestamp,
) -> Evaluation<'a> {
    // Managers who are asked before the customer decide on the terms, and the customer's turn comes after theirs.
    let first_round =
        asks_managers_first(rules).then(|| approvals_on_terms(observed, revision, rules, decisions));
    let turn = match &first_round {
        Some((approved, _)) => approved.complete,
        None => Some(Timestamp::MIN),
    };
    let confirmed = confirmation::evaluate(observed, revision, rules, turn, decisions);
    let remaining: Option<BTreeSet<String>> = confirmed.complete.map(|_| confirmed.confirmed_orders());
    let confirmation_digest = remaining.as_ref().map(|orders| {
        let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
        confirmation_digest(&revision.digest, revision.revision, &orders)
    });
    decisions.digests.extend(confirmation_digest.clone());
    let assessment = assess(observed, remaining.as_ref(), rules);
    let left_out = remaining.is_some_and(|orders| orders.len() < observed.agreement.spec.orders.len());
    // A refusal from before the customer left something out is a refusal, even if both are seen at once.
    let refused_before = |approved: &Approved| {
        let refused = approved.refused.as_ref().map(|refusal| refusal.time);
        refused.is_some_and(|refused| Some(refused) <= confirmed.complete) && !asks_again(observed, revision)
    };
    let (approved, approval_digest) = match first_round {
        Some((approved, ignored)) if !left_out || refused_before(&approved) => {
            decisions.ignored.extend(ignored);
            (approved, Some(revision.digest.clone()))
        }
        // After the customer; or again, since leaving orders out voids the decisions on all of them.
        _ => {
            let status = status_of(observed, revision);
            let digest =
                status.and_then(|status| status.confirmation.as_ref()).and_then(|c| c.digest.as_ref());
            // For another set of orders it was another question.
            let same_question = digest.is_some() && digest == confirmation_digest.as_ref();
            let before = status.filter(|_| same_question).map(|status| status.approvals.as_slice());
            let question = Question {
                digest: confirmation_digest.as_deref(),
                since: confirmed.complete,
                before: before.unwrap_or_default(),
            };
            let needed = &assessment.requirements.approvals;
            let approved = approval::evaluate(observed, rules, needed, question, decisions);
            (approved, confirmation_digest.clone())
        }
    };
    let since =
        confirmed.complete.zip(approved.complete).map(|(confirmed, approved)| confirmed.max(approved));
    let signable = Signable {
        digest: confirmation_digest.as_deref(),
        since,
        exercised: &assessment.requirements.exercised,
    };
    let signed = sign_off::evaluate(observed, rules, signable, decisions);
    let by_both = signed.customer.zip(signed.provider).map(|(customer, provider)| customer.max(provider));
    let faults = links::faults(observed, by_both.unwrap_or_else(|| links::judged_at(now)));
    Evaluation {
        rules,
        pinned,
        faults,
        assessment,
        confirmed,
        confirmation_digest,
        approval_digest,
        approved,
        signed,
    }
}

/// Whether managers are asked before the customer.
pub(crate) fn asks_managers_first(rules: RuleSet<'_>) -> bool {
    rules.policy.spec.rules.escalation.timing == EscalationTiming::BeforeConfirmation
}

/// The approvals for all orders, from managers who are asked before the customer.
fn approvals_on_terms<'a>(
    observed: &Observed<'a>,
    revision: &TermsRevision,
    rules: RuleSet<'a>,
    decisions: &Decisions<'a>,
) -> (Approved, IgnoredDecisions) {
    let assessment = assess(observed, None, rules);
    let status = status_of(observed, revision).filter(|_| !asks_again(observed, revision));
    let question = Question {
        digest: Some(&revision.digest),
        since: Some(Timestamp::MIN),
        before: status.map(|status| status.approvals.as_slice()).unwrap_or_default(),
    };
    let (current, digests) = (decisions.current.clone(), decisions.digests.clone());
    let mut decisions = Decisions { current, digests, ..Decisions::default() };
    let needed = &assessment.requirements.approvals;
    let approved = approval::evaluate(observed, rules, needed, question, &mut decisions);
    (approved, decisions.ignored)
}

/// Whether managers were already asked again because the customer left something out.
fn asks_again(observed: &Observed<'_>, revision: &TermsRevision) -> bool {
    let status = status_of(observed, revision);
    status.is_some_and(|status| status.orders.iter().any(|order| order.confirmed == Some(false)))
}
