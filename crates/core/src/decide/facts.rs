//! The facts of an agreement that is neither sealed nor closed: derived anew each time from what was read.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::approval::{self, Approved, Question};
use super::confirmation::{self, Confirmed};
use super::decisions::{self, CurrentDecision, Decisions, Ignored, IgnoredDecisions, late};
use super::digest::{TERMS_ENCODING, confirmation_digest, is_pinned, terms_digest};
use super::fault::Fault;
use super::observed::{Guard, Observed};
use super::rules::RuleSet;
use super::separation::{People, attestation_fault};
use super::sign_off::{self, Signable, Signed};
use super::validate::{Assessment, assess, validate};
use super::{links, waiting};
use crate::text;
use countersign_api::agreement_status::{
    ChangeRequest, ClosedOutcome, Pinned, PinnedObject, TermsRevision, Waiting,
};
use countersign_api::conditions::{cause, ignored, reason};
use countersign_api::delegation_policy::EscalationTiming;
use countersign_api::{Action, CustomerAgreementStatus};

/// Where an open agreement stands. Derived, never read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// A check failed.
    Invalid,
    /// The rules that were pinned are gone.
    RulesGone,
    /// Somebody asked for other terms.
    Revising,
    /// The customer has to confirm (S2).
    Confirmation,
    /// Delegated managers have to approve (S4).
    Escalation,
    /// Somebody has to sign (S3).
    SignOff,
    /// Every signature is there.
    Complete,
}

/// A pinned object that is gone or was replaced.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// How an agreement ends without being agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) outcome: ClosedOutcome,
    pub(crate) cause: &'static str,
    /// The end of the offer, if that is the cause.
    pub(crate) offer_end_time: Option<Time>,
    pub(crate) reason: String,
    pub(crate) decisions: Vec<String>,
}

/// Every fact of an open agreement.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) revision: TermsRevision,
    pub(crate) pinned: Option<Pinned>,
    pub(crate) rules: Option<RuleSet<'a>>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) gone: Option<Gone>,
    /// By the orders that remain.
    pub(crate) assessment: Option<Assessment>,
    pub(crate) confirmed: Confirmed,
    pub(crate) confirmation_digest: Option<String>,
    /// The digest that managers decide on.
    pub(crate) approval_digest: Option<String>,
    pub(crate) approved: Approved,
    pub(crate) signed: Signed,
    pub(crate) change: Option<ChangeRequest>,
    pub(crate) decisions: Decisions<'a>,
    pub(crate) stage: Stage,
    pub(crate) waits: Vec<Waiting>,
    pub(crate) end: Option<End>,
    /// Server time of the first decision of this revision that counts.
    pub(crate) first_counted: Option<Timestamp>,
}

/// The revision in force: a new one whenever the digest is another than the last one that was written.
fn revision(observed: &Observed<'_>) -> TermsRevision {
    let spec = &observed.agreement.spec;
    let uid = observed.agreement.metadata.uid.as_deref().unwrap_or_default();
    let status = observed.agreement.status.as_ref();
    let last = status.and_then(|status| status.terms.as_ref());
    let pinned = status.and_then(|status| status.pinned.as_ref()).map(|pinned| &pinned.standard_terms);
    if let (Some(last), Some(pinned)) = (last, pinned)
        && pinned.name == spec.standard_terms_ref.name
        && terms_digest(spec, uid, Some(&pinned.uid)) == last.digest
    {
        return last.clone();
    }
    let live = observed.standard_terms.and_then(|terms| terms.metadata.uid.as_deref());
    let digest = terms_digest(spec, uid, live);
    match last {
        Some(last) if last.digest == digest => last.clone(),
        last => TermsRevision {
            revision: last.map_or(1, |last| last.revision.saturating_add(1)),
            digest,
            encoding: TERMS_ENCODING.to_owned(),
        },
    }
}

impl<'a> Facts<'a> {
    /// Derives every fact.
    pub(crate) fn derive(observed: &Observed<'a>, now: Timestamp) -> Self {
        let revision = revision(observed);
        let decisions = decisions::sort(observed, &revision);
        let mut facts = Self {
            revision,
            pinned: None,
            rules: None,
            faults: Vec::new(),
            gone: None,
            assessment: None,
            confirmed: Confirmed::default(),
            confirmation_digest: None,
            approval_digest: None,
            approved: Approved::default(),
            signed: Signed::default(),
            change: None,
            decisions,
            stage: Stage::Invalid,
            waits: Vec::new(),
            end: None,
            first_counted: None,
        };
        facts.find_rules(observed, now);
        match facts.rules {
            Some(rules) => {
                facts.evaluate(observed, rules);
                facts.check_links(observed, now);
            }
            None => facts.leave_unevaluated(),
        }
        let ended = facts.ended_by_people(observed);
        facts.request_change(observed);
        let offer_is_over =
            now >= observed.offer_end().checked_add(super::calendar::GRACE).unwrap_or(Timestamp::MAX);
        match facts.rules {
            Some(rules)
                if ended.is_none() && facts.change.is_none() && facts.faults.is_empty() && !offer_is_over =>
            {
                approval::ask(observed, rules, &mut facts.approved, now);
            }
            _ => approval::rest(&mut facts.approved),
        }
        facts.stage = facts.derive_stage();
        facts.waits = waiting::waits(observed, &facts, now);
        facts.end = ended.or_else(|| {
            if facts.stage == Stage::Complete { None } else { facts.ended_by_time(observed, now) }
        });
        let counted = facts.counted();
        facts.first_counted = facts
            .decisions
            .current
            .iter()
            .filter(|decision| counted.contains(&decision.name))
            .map(|decision| decision.time)
            .min();
        facts
    }

    /// The rules pinned to this revision; for a new one, those of today, if nothing is wrong.
    fn find_rules(&mut self, observed: &Observed<'a>, now: Timestamp) {
        let status = observed.agreement.status.as_ref();
        let pinned = status
            .filter(|status| status.terms.as_ref() == Some(&self.revision))
            .and_then(|status| status.pinned.clone());
        let Some(pinned) = pinned else {
            let found = validate(observed, now);
            match found.rules.filter(|_| found.faults.is_empty()) {
                Some((rules, _)) => {
                    self.pinned = Some(Pinned {
                        standard_terms: named(&rules.terms.metadata),
                        policy: named(&rules.policy.metadata),
                    });
                    self.rules = Some(rules);
                }
                None => self.faults = found.faults,
            }
            return;
        };
        let terms = observed.standard_terms.filter(|terms| {
            is_pinned(&pinned.standard_terms, &pinned.standard_terms.name, terms.metadata.uid.as_deref())
        });
        let policy = observed.policies.iter().find(|policy| {
            is_pinned(
                &pinned.policy,
                policy.metadata.name.as_deref().unwrap_or_default(),
                policy.metadata.uid.as_deref(),
            )
        });
        match (terms, policy) {
            (Some(terms), Some(policy)) => self.rules = Some(RuleSet { terms, policy }),
            (None, _) => {
                self.gone = Some(gone(reason::TERMS_MISSING, "StandardTerms", &pinned.standard_terms))
            }
            (_, None) => self.gone = Some(gone(reason::POLICY_MISSING, "DelegationPolicy", &pinned.policy)),
        }
        self.pinned = Some(pinned);
    }

    /// Confirmation, approvals and signatures, each from the decisions alone.
    fn evaluate(&mut self, observed: &Observed<'a>, rules: RuleSet<'a>) {
        let before_customer =
            rules.policy.spec.rules.escalation.timing == EscalationTiming::BeforeConfirmation;
        // Managers who are asked before the customer decide on the terms, and the customer's turn comes after theirs.
        let first_round = before_customer.then(|| self.approvals_on_terms(observed, rules));
        let turn = match &first_round {
            Some((approved, _)) => approved.complete,
            None => Some(Timestamp::MIN),
        };
        self.confirmed = confirmation::evaluate(observed, &self.revision, rules, turn, &mut self.decisions);
        let remaining: Option<BTreeSet<String>> =
            self.confirmed.complete.map(|_| self.confirmed.confirmed_orders());
        self.confirmation_digest = remaining.as_ref().map(|orders| {
            let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
            confirmation_digest(&self.revision.digest, self.revision.revision, &orders)
        });
        self.decisions.digests.extend(self.confirmation_digest.clone());
        let assessment = assess(observed, remaining.as_ref(), rules);
        let left_out =
            remaining.as_ref().is_some_and(|orders| orders.len() < observed.agreement.spec.orders.len());
        // A refusal from before the customer left something out was no less a refusal because it was seen with it.
        let refused_before = |approved: &Approved| {
            let refused = approved.refused.as_ref().map(|refusal| refusal.time);
            refused.is_some_and(|refused| Some(refused) <= self.confirmed.complete)
                && !self.asks_again(observed)
        };
        match first_round {
            Some((approved, ignored)) if !left_out || refused_before(&approved) => {
                self.approval_digest = Some(self.revision.digest.clone());
                self.approved = approved;
                self.decisions.ignored.extend(ignored);
            }
            // After the customer; or once more, since leaving orders out voids what was said about all of them.
            _ => {
                self.approval_digest.clone_from(&self.confirmation_digest);
                let status = self.status_of_this_revision(observed);
                let digest =
                    status.and_then(|status| status.confirmation.as_ref()).and_then(|c| c.digest.as_ref());
                // What was asked for another set of orders was another question.
                let same_question = digest.is_some() && digest == self.confirmation_digest.as_ref();
                let before = status.filter(|_| same_question).map(|status| status.approvals.as_slice());
                let question = Question {
                    digest: self.confirmation_digest.as_deref(),
                    since: self.confirmed.complete,
                    before: before.unwrap_or_default(),
                };
                let needed = &assessment.requirements.approvals;
                self.approved = approval::evaluate(observed, rules, needed, question, &mut self.decisions);
            }
        }
        let since = match (self.confirmed.complete, self.approved.complete) {
            (Some(confirmed), Some(approved)) => Some(confirmed.max(approved)),
            _ => None,
        };
        let signable = Signable {
            digest: self.confirmation_digest.as_deref(),
            since,
            exercised: &assessment.requirements.exercised,
        };
        self.signed = sign_off::evaluate(observed, rules, signable, &mut self.decisions);
        self.assessment = Some(assessment);
    }

    /// The approvals for all orders, from managers who are asked before the customer.
    fn approvals_on_terms(
        &self,
        observed: &Observed<'a>,
        rules: RuleSet<'a>,
    ) -> (Approved, IgnoredDecisions) {
        let assessment = assess(observed, None, rules);
        let status = self.status_of_this_revision(observed);
        let before = status.filter(|_| !self.asks_again(observed)).map(|status| status.approvals.as_slice());
        let question = Question {
            digest: Some(&self.revision.digest),
            since: Some(Timestamp::MIN),
            before: before.unwrap_or_default(),
        };
        let (current, digests) = (self.decisions.current.clone(), self.decisions.digests.clone());
        let mut decisions = Decisions { current, digests, ..Decisions::default() };
        let approved =
            approval::evaluate(observed, rules, &assessment.requirements.approvals, question, &mut decisions);
        (approved, decisions.ignored)
    }

    /// Whether managers were already asked once more, since the customer left something out.
    fn asks_again(&self, observed: &Observed<'a>) -> bool {
        let status = self.status_of_this_revision(observed);
        status.is_some_and(|status| status.orders.iter().any(|order| order.confirmed == Some(false)))
    }

    fn status_of_this_revision<'s>(&self, observed: &'s Observed<'a>) -> Option<&'s CustomerAgreementStatus> {
        observed.agreement.status.as_ref().filter(|status| status.terms.as_ref() == Some(&self.revision))
    }

    /// Withdraw, then Decline, then Refuse: whichever is there, whatever else was decided.
    fn ended_by_people(&mut self, observed: &Observed<'a>) -> Option<End> {
        let withdrawn = self.first_valid(observed, Action::Withdraw);
        let declined = self.first_valid(observed, Action::Decline);
        let by_decision = |outcome, reason: String, decision: String| End {
            outcome,
            cause: cause::DECISION,
            offer_end_time: None,
            reason,
            decisions: vec![decision],
        };
        let of = |outcome, decision: CurrentDecision<'_>| {
            by_decision(outcome, decision.reason(), decision.name.to_owned())
        };
        let refused = self.approved.refused.clone();
        withdrawn
            .map(|decision| of(ClosedOutcome::Withdrawn, decision))
            .or_else(|| declined.map(|decision| of(ClosedOutcome::Declined, decision)))
            .or_else(|| {
                refused.map(|refusal| by_decision(ClosedOutcome::Refused, refusal.words, refusal.decision))
            })
    }

    /// The first act of a kind that names the terms digest and whose maker has a part in the agreement.
    fn first_valid(&mut self, observed: &Observed<'a>, action: Action) -> Option<CurrentDecision<'a>> {
        let mut first = None;
        for decision in
            self.decisions.current.clone().into_iter().filter(|decision| decision.action() == action)
        {
            match self.fault_of_party(observed, &decision) {
                Some(ignored) => self.decisions.ignored.add(&decision, ignored),
                None if first.is_none() => first = Some(decision),
                None => self
                    .decisions
                    .ignored
                    .add(&decision, Ignored::new(ignored::NOT_REQUIRED, "somebody else did the same before")),
            }
        }
        first
    }

    fn fault_of_party(&self, observed: &Observed<'a>, decision: &CurrentDecision<'_>) -> Option<Ignored> {
        let spec = &observed.agreement.spec;
        if decision.digest() != self.revision.digest {
            let message = format!(
                "a {} must name the terms digest {}",
                decision.action().as_str(),
                self.revision.digest
            );
            return Some(Ignored::new(ignored::STALE, message));
        }
        if let Some(fault) = attestation_fault(observed, self.rules, &self.decisions.binding(), decision) {
            return Some(fault);
        }
        let people = People::of(observed, self.rules);
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

    /// The first RequestChange of a representative, or of somebody who could approve.
    fn request_change(&mut self, observed: &Observed<'a>) {
        for decision in self
            .decisions
            .current
            .clone()
            .into_iter()
            .filter(|decision| decision.action() == Action::RequestChange)
        {
            let fault = match (&decision.object.spec.function, self.rules) {
                (Some(_), Some(rules)) if decision.digest() == self.revision.digest => {
                    approval::may_request_change(
                        observed,
                        rules,
                        &self.approved,
                        &self.decisions.binding(),
                        &decision,
                    )
                }
                (Some(_), None) if decision.already_counts => None,
                (Some(_), None) => Some(Ignored::new(ignored::OUT_OF_TURN, "nobody is asked to approve yet")),
                _ => self.fault_of_party(observed, &decision),
            };
            match fault {
                Some(ignored) => self.decisions.ignored.add(&decision, ignored),
                None if self.change.is_none() => {
                    self.change = Some(ChangeRequest {
                        decision: decision.name.to_owned(),
                        username: decision.acts_for.to_owned(),
                        reason: decision.reason(),
                        time: Time(decision.time),
                    });
                }
                None => self
                    .decisions
                    .ignored
                    .add(&decision, Ignored::new(ignored::NOT_REQUIRED, "a change was already asked for")),
            }
        }
    }

    /// Without rules nothing can be evaluated but what ends it or asks for other terms.
    fn leave_unevaluated(&mut self) {
        let message = if self.gone.is_some() {
            "the rules that the terms are pinned to are gone; decide again once the terms are offered anew"
        } else {
            "the terms have faults; decide again once they are mended"
        };
        for decision in self.decisions.current.iter().filter(|decision| !decision.already_counts) {
            match decision.action() {
                Action::Confirm | Action::Approve | Action::Refuse | Action::Sign | Action::Countersign => {
                    self.decisions.ignored.add(decision, Ignored::new(ignored::OUT_OF_TURN, message));
                }
                Action::Decline | Action::Withdraw | Action::RequestChange => {}
            }
        }
    }

    /// What this agreement names may cease to be in force, or be superseded by another, until this one is sealed.
    fn check_links(&mut self, observed: &Observed<'_>, now: Timestamp) {
        let signed = self.signed.customer.zip(self.signed.provider).map(|(one, other)| one.max(other));
        self.faults.extend(links::faults(observed, signed.unwrap_or_else(|| links::judged_at(now))));
    }

    fn derive_stage(&self) -> Stage {
        if self.gone.is_some() {
            return Stage::RulesGone;
        }
        let Some(rules) = self.rules.filter(|_| self.faults.is_empty()) else { return Stage::Invalid };
        if self.change.is_some() {
            return Stage::Revising;
        }
        let before_customer =
            rules.policy.spec.rules.escalation.timing == EscalationTiming::BeforeConfirmation;
        match (self.confirmed.complete.is_some(), self.approved.complete.is_some(), self.signed.is_complete())
        {
            (false, false, _) if before_customer => Stage::Escalation,
            (false, _, _) => Stage::Confirmation,
            (true, false, _) => Stage::Escalation,
            (true, true, false) => Stage::SignOff,
            (true, true, true) => Stage::Complete,
        }
    }

    /// Decisions are evaluated before the clock: what was decided in time is in the facts already.
    fn ended_by_time(&self, observed: &Observed<'_>, now: Timestamp) -> Option<End> {
        if matches!(observed.guard, Guard::Inactive { .. }) {
            return None;
        }
        let expired = |cause, reason: String| End {
            outcome: ClosedOutcome::Expired,
            cause,
            offer_end_time: None,
            reason,
            decisions: Vec::new(),
        };
        let is_over = |end: Timestamp| now >= end.checked_add(super::calendar::GRACE).unwrap_or(end);
        if self.approved.timed_out && self.stage == Stage::Escalation {
            return Some(expired(cause::APPROVAL_WAIT_ENDED, "nobody approved in time".to_owned()));
        }
        if is_over(observed.offer_end()) {
            let end = Time(observed.offer_end());
            let reason = format!("the offer ended at {}", text::time(&end));
            return Some(End { offer_end_time: Some(end), ..expired(cause::OFFER_ENDED, reason) });
        }
        if self.gone.is_some() {
            // An answer in time cannot be evaluated without the rules, so its absence says nothing.
            return None;
        }
        self.waits
            .iter()
            .filter(|wait| waiting::ends_the_offer(wait.action))
            .find(|wait| wait.deadline_time.as_ref().is_some_and(|end| is_over(end.0)))
            .map(|wait| expired(cause::WAIT_ENDED, format!("{} did not answer in time", wait.who)))
    }

    /// Names of the decisions that count.
    fn counted(&self) -> BTreeSet<&str> {
        let confirmed = self.confirmed.decisions.iter().map(|decision| decision.decision.as_str());
        let approved =
            self.approved.steps.iter().flat_map(|step| step.decided_by.iter().map(|d| d.decision.as_str()));
        let signed = self.signed.signatures.iter().map(|signature| signature.decision.as_str());
        let changed = self.change.iter().map(|change| change.decision.as_str());
        let ended = self.end.iter().flat_map(|end| end.decisions.iter().map(String::as_str));
        confirmed.chain(approved).chain(signed).chain(changed).chain(ended).collect()
    }
}

fn named(metadata: &kube::core::ObjectMeta) -> PinnedObject {
    PinnedObject {
        name: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
    }
}

fn gone(reason: &'static str, kind: &str, pinned: &PinnedObject) -> Gone {
    Gone {
        reason,
        message: format!(
            "the {kind} `{}` (uid {}) that these terms are pinned to is gone or was replaced; raise `spec.offerVersion` to offer the terms under today's rules",
            pinned.name, pinned.uid
        ),
    }
}
