//! How an open agreement ends without being agreed: withdrawn, declined, refused, or by time.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::approval::Refusal;
use super::decisions::{CurrentDecision, Decisions, Ignored};
use super::evaluation::Evaluation;
use super::observed::{Guard, Observed};
use super::rules::{RuleSet, Rules};
use super::stage::Stage;
use super::{calendar, party, waiting};
use crate::text;
use countersign_api::Action;
use countersign_api::agreement_status::{ClosedOutcome, TermsRevision, Waiting};
use countersign_api::conditions::{cause, ignored};

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

impl End {
    fn by_decision(outcome: ClosedOutcome, reason: String, decision: &str) -> Self {
        let decisions = vec![decision.to_owned()];
        Self { outcome, cause: cause::DECISION, offer_end_time: None, reason, decisions }
    }

    fn expired(cause: &'static str, reason: String) -> Self {
        let outcome = ClosedOutcome::Expired;
        Self { outcome, cause, offer_end_time: None, reason, decisions: Vec::new() }
    }
}

/// Withdraw, then Decline, then Refuse: whichever is there, whatever else was decided.
pub(crate) fn by_people<'a>(
    observed: &Observed<'a>,
    revision: &TermsRevision,
    rules: Option<RuleSet<'a>>,
    refused: Option<&Refusal>,
    decisions: &mut Decisions<'a>,
) -> Option<End> {
    let withdrawn = first_valid(observed, revision, rules, decisions, Action::Withdraw);
    let declined = first_valid(observed, revision, rules, decisions, Action::Decline);
    let of =
        |outcome, decision: CurrentDecision<'_>| End::by_decision(outcome, decision.reason(), decision.name);
    let refusal = |refusal: &Refusal| {
        End::by_decision(ClosedOutcome::Refused, refusal.words.clone(), &refusal.decision)
    };
    withdrawn
        .map(|decision| of(ClosedOutcome::Withdrawn, decision))
        .or_else(|| declined.map(|decision| of(ClosedOutcome::Declined, decision)))
        .or_else(|| refused.map(refusal))
}

/// The first decision of a kind that names the terms digest and whose maker has a part in the agreement.
fn first_valid<'a>(
    observed: &Observed<'a>,
    revision: &TermsRevision,
    rules: Option<RuleSet<'a>>,
    decisions: &mut Decisions<'a>,
    action: Action,
) -> Option<CurrentDecision<'a>> {
    let mut first = None;
    for decision in decisions.of_kind(action) {
        match party::fault(observed, revision, rules, decisions, &decision) {
            Some(ignored) => decisions.ignored.add(&decision, ignored),
            None if first.is_none() => first = Some(decision),
            None => {
                let ignored = Ignored::new(ignored::NOT_REQUIRED, "somebody else did the same before");
                decisions.ignored.add(&decision, ignored);
            }
        }
    }
    first
}

/// Decisions are evaluated before the clock: what was decided in time is in the facts already.
pub(crate) fn by_time(
    observed: &Observed<'_>,
    rules: &Rules<Evaluation<'_>>,
    stage: Stage,
    waits: &[Waiting],
    now: Timestamp,
) -> Option<End> {
    if matches!(observed.guard, Guard::Inactive { .. }) || stage == Stage::Complete {
        return None;
    }
    let timed_out = rules.found().is_some_and(|evaluation| evaluation.approved.timed_out);
    if timed_out && stage == Stage::Escalation {
        return Some(End::expired(cause::APPROVAL_WAIT_ENDED, "nobody approved in time".to_owned()));
    }
    if calendar::is_over(observed.offer_end(), now) {
        let end = Time(observed.offer_end());
        let reason = format!("the offer ended at {}", text::time(&end));
        return Some(End { offer_end_time: Some(end), ..End::expired(cause::OFFER_ENDED, reason) });
    }
    if stage == Stage::RulesGone {
        // An answer in time cannot be evaluated without the rules, so its absence says nothing.
        return None;
    }
    waits
        .iter()
        .filter(|wait| waiting::ends_the_offer(wait.action))
        .find(|wait| wait.deadline_time.as_ref().is_some_and(|end| calendar::is_over(end.0, now)))
        .map(|wait| End::expired(cause::WAIT_ENDED, format!("{} did not answer in time", wait.who)))
}
