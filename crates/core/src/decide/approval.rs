//! The provider's own agreement (S4): who is asked, who decided, and what silence does. Silence never approves.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::authority::{Person, Requirement, canonical, holders, holds, in_words, stands_in};
use super::decisions::{CurrentDecision, Decisions, Ignored, late};
use super::ladder::{self, quorum, rank};
use super::observed::{Guard, Observed};
use super::rules::RuleSet;
use super::{calendar, separation};
use crate::text;
use countersign_api::Action;
use countersign_api::agreement_status::{Approval, ApprovalState, ApprovalVerdict, AskedLevel};
use countersign_api::conditions::ignored;
use countersign_api::delegation_policy::{EscalationMode, OnTimeout};
use countersign_api::references::Authority;

/// What approvals are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    /// The digest that an Approve or Refuse names; `None` while there is nothing to approve yet.
    pub(crate) digest: Option<&'a str>,
    /// From when it can be answered.
    pub(crate) since: Option<Timestamp>,
    /// Steps of the last status, if they were asked for the same digest.
    pub(crate) before: &'a [Approval],
}

/// When a step could be decided, by the server times of the decisions alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// From when; `None`: not yet.
    pub(crate) turn: Option<Timestamp>,
    /// When its quorum was reached.
    pub(crate) complete: Option<Timestamp>,
    /// Position on the ladder of the lowest level that covers the need. It rises where an amendment is no longer alone.
    least: usize,
}

/// The decision that refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// Position of the step.
    step: usize,
    pub(crate) time: Timestamp,
    pub(crate) decision: String,
    /// The reason that was given.
    pub(crate) words: String,
}

/// How far the provider's own agreement has come.
#[derive(Debug, Default)]
pub(crate) struct Approved {
    /// One step for each function, in the policy's order.
    pub(crate) steps: Vec<Approval>,
    /// When the last approval was there; if none is needed, when the question came up.
    pub(crate) complete: Option<Timestamp>,
    /// When each step could be decided.
    pub(crate) spans: Vec<Span>,
    /// The decision that refused, whatever others approved.
    pub(crate) refused: Option<Refusal>,
    /// A level stayed silent, and the policy lets the offer expire then.
    pub(crate) timed_out: bool,
}

/// Evaluates every Approve and Refuse.
///
/// One after the other by server time, across all steps: a person for whom an earlier decision counted cannot count again.
pub(crate) fn evaluate<'a>(
    observed: &Observed<'a>,
    rules: RuleSet<'_>,
    needed: &[Requirement],
    question: Question<'_>,
    decisions: &mut Decisions<'a>,
) -> Approved {
    let sequential = rules.policy.spec.rules.escalation.mode == EscalationMode::Sequential;
    let mut approved = Approved {
        steps: needed.iter().map(|need| begin(observed, rules, need, question)).collect(),
        spans: needed.iter().map(|need| span(rules, need, question)).collect(),
        ..Approved::default()
    };
    if sequential {
        approved.spans.iter_mut().skip(1).for_each(|span| span.turn = None);
    }
    let mut mine: Vec<(usize, CurrentDecision<'a>)> = Vec::new();
    for decision in decisions.current.clone() {
        if !matches!(decision.action(), Action::Approve | Action::Refuse) {
            continue;
        }
        let function = decision.object.spec.function.as_deref().unwrap_or_default();
        match needed.iter().position(|need| need.function == function) {
            Some(step) => mine.push((step, decision)),
            None => {
                let message =
                    format!("nothing in the agreement asks for an approval of {}", text::id(function));
                decisions.ignored.add(&decision, Ignored::new(ignored::NOT_REQUIRED, message));
            }
        }
    }
    // Within one second a refusal comes before an approval, and in a sequence the earlier step, so that the next one has
    // its turn. Steps that are asked together have no order of their own: what counted may not depend on when it is seen.
    mine.sort_by_key(|(step, decision)| {
        (decision.time, if sequential { *step } else { 0 }, decision.action() == Action::Approve)
    });
    let binding = decisions.binding();
    for (at, decision) in mine {
        let verdict = evaluate_decision(observed, rules, question, &approved, at, &binding, &decision);
        let (Some(step), Some(span)) = (approved.steps.get_mut(at), approved.spans.get_mut(at)) else {
            continue;
        };
        match verdict {
            Err(ignored) => decisions.ignored.add(&decision, ignored),
            Ok(verdict) if decision.action() == Action::Refuse => {
                step.decided_by.push(verdict);
                approved.refused = Some(Refusal {
                    step: at,
                    time: decision.time,
                    decision: decision.name.to_owned(),
                    words: decision.reason(),
                });
            }
            Ok(verdict) => {
                step.decided_by.push(verdict);
                let level = level_at(step, decision.time);
                let quorum = quorum(&rules.policy.spec.rules, &step.function, level);
                if step.decided_by.len() >= usize::try_from(quorum).unwrap_or(1) {
                    span.complete = Some(decision.time);
                    if let Some(next) = approved.spans.get_mut(at + 1).filter(|_| sequential) {
                        next.turn = Some(decision.time);
                    }
                }
            }
        }
    }
    let refused = approved.refused.as_ref().map(|refusal| refusal.step);
    for (at, (step, span)) in approved.steps.iter_mut().zip(&approved.spans).enumerate() {
        step.state = match (span.turn, span.complete) {
            _ if refused == Some(at) => ApprovalState::Refused,
            (_, Some(_)) => ApprovalState::Approved,
            (Some(_), None) => ApprovalState::Waiting,
            (None, None) => ApprovalState::Next,
        };
    }
    let ends = approved.spans.iter().map(|span| span.complete);
    approved.complete =
        [question.since].into_iter().chain(ends).collect::<Option<Vec<_>>>().into_iter().flatten().max();
    approved
}

fn span(rules: RuleSet<'_>, need: &Requirement, question: Question<'_>) -> Span {
    let least = rank(&rules.policy.spec.rules, &need.function, &need.level).unwrap_or_default();
    Span { turn: question.since, complete: None, least }
}

/// The step as the last status has it; or as it will be asked when its turn comes.
fn begin(
    observed: &Observed<'_>,
    rules: RuleSet<'_>,
    need: &Requirement,
    question: Question<'_>,
) -> Approval {
    let before = question.before.iter().find(|step| step.function == need.function);
    let asked = before.map(|step| step.asked.clone()).unwrap_or_default();
    let rank_of = |level: &str| rank(&rules.policy.spec.rules, &need.function, level);
    let level = match asked.last().filter(|asked| rank_of(&asked.level) >= rank_of(&need.level)) {
        Some(asked) => asked.level.clone(),
        None => who_is_asked_first(observed, rules, &need.function, &need.level),
    };
    Approval {
        function: need.function.clone(),
        quorum: quorum(&rules.policy.spec.rules, &need.function, &level),
        level,
        because: need.because.clone(),
        state: ApprovalState::Next,
        asked,
        decided_by: Vec::new(),
    }
}

/// The level that is asked first. One whose only holders may not approve would only cost time.
pub(crate) fn who_is_asked_first(
    observed: &Observed<'_>,
    rules: RuleSet<'_>,
    function: &str,
    needed: &str,
) -> String {
    let passed_over = nobody_may_approve(observed, rules, function, needed);
    passed_over
        .then(|| next_level(observed, rules, function, needed))
        .flatten()
        .unwrap_or_else(|| needed.to_owned())
}

fn asked(rules: RuleSet<'_>, function: &str, level: &str, now: Timestamp) -> AskedLevel {
    let rules = &rules.policy.spec.rules;
    let seconds = ladder::level(rules, function, level).map(|level| level.deadline_seconds);
    AskedLevel {
        level: level.to_owned(),
        asked_time: Time(now),
        wait_end_time: seconds.map(|seconds| Time(calendar::wait_end(rules.calendar.as_ref(), now, seconds))),
    }
}

/// The verdict of one decision on its step, or why it does not count.
fn evaluate_decision(
    observed: &Observed<'_>,
    rules: RuleSet<'_>,
    question: Question<'_>,
    approved: &Approved,
    at: usize,
    current: &[CurrentDecision<'_>],
    decision: &CurrentDecision<'_>,
) -> Result<ApprovalVerdict, Ignored> {
    let (Some(step), Some(span)) = (approved.steps.get(at), approved.spans.get(at)) else {
        return Err(Ignored::new(ignored::NOT_REQUIRED, "no such step"));
    };
    // A refusal counts until the agreement is sealed, an approval only while one is missing.
    let is_refusal = decision.action() == Action::Refuse;
    if approved.refused.is_some() || (span.complete.is_some() && !is_refusal) {
        return Err(Ignored::new(ignored::ALREADY_APPROVED, "the step was already decided"));
    }
    if let Some(fault) = binding_fault(decision, question, span.turn) {
        return Err(fault);
    }
    if decision.already_counts {
        let verdict = recorded_verdict(observed, decision)
            .ok_or_else(|| Ignored::new(ignored::NOT_HOLDER, "its verdict is not on record"))?;
        let enough = rank(&rules.policy.spec.rules, &step.function, &verdict.level) >= Some(span.least);
        return if enough || is_refusal {
            Ok(verdict)
        } else {
            Err(insufficient(step, &step.level, &verdict.level))
        };
    }
    let verdict = evaluate_authority(observed, rules, step, span, current, decision)?;
    if is_refusal {
        return Ok(verdict);
    }
    // What counted before counts, even if this decision is older and was seen late.
    let others = question.before.iter().chain(&approved.steps);
    match separation::distinct_fault(observed, rules, question.digest, others, &step.function, &verdict) {
        Some(fault) => Err(fault),
        None => Ok(verdict),
    }
}

fn binding_fault(
    decision: &CurrentDecision<'_>,
    question: Question<'_>,
    turn: Option<Timestamp>,
) -> Option<Ignored> {
    let Some(digest) = question.digest else {
        return Some(Ignored::new(
            ignored::OUT_OF_TURN,
            "the customer has yet to confirm; decide again then",
        ));
    };
    if decision.digest() != digest {
        return Some(Ignored::new(ignored::STALE, format!("it must name the digest {digest}")));
    }
    if turn.is_none_or(|turn| decision.time < turn) {
        return Some(Ignored::new(
            ignored::OUT_OF_TURN,
            "another step comes first; decide again when this one is asked",
        ));
    }
    None
}

/// The verdict as the status has it.
fn recorded_verdict(observed: &Observed<'_>, decision: &CurrentDecision<'_>) -> Option<ApprovalVerdict> {
    let steps = observed.agreement.status.as_ref()?.approvals.iter();
    steps.flat_map(|step| &step.decided_by).find(|verdict| verdict.decision == decision.name).cloned()
}

fn evaluate_authority(
    observed: &Observed<'_>,
    rules: RuleSet<'_>,
    step: &Approval,
    span: &Span,
    current: &[CurrentDecision<'_>],
    decision: &CurrentDecision<'_>,
) -> Result<ApprovalVerdict, Ignored> {
    let policy = &rules.policy.spec;
    let function = &step.function;
    let said = &decision.object.spec;
    let level = said.level.as_deref().unwrap_or_default();
    if let Some(fault) = separation::approver_fault(observed, rules, current, decision) {
        return Err(fault);
    }
    let least = least_level(observed, rules, step, decision.time);
    let (Some(held), Some(least_rank)) =
        (rank(&policy.rules, function, level), rank(&policy.rules, function, least))
    else {
        return Err(Ignored::new(
            ignored::LEVEL_INSUFFICIENT,
            format!("{function} has no level {:?}; {function} {least} is asked", text::id(level)),
        ));
    };
    if held < least_rank {
        return Err(insufficient(step, least, level));
    }
    if held < span.least {
        return Err(insufficient(step, &step.level, level));
    }
    let authority = Authority { function: function.clone(), level: level.to_owned() };
    let groups = &said.decided_by.groups;
    let via = match said.on_behalf_of.as_deref() {
        None => holds(policy, Person { username: decision.made_by, groups }, &authority),
        Some(holder) if stands_in_for(rules, decision, holder, function) => {
            holds(policy, Person { username: holder, groups: &[] }, &authority)
        }
        Some(_) => None,
    };
    let Some(via) = via else {
        let message = match said.on_behalf_of.as_deref() {
            None => format!(
                "{:?} does not hold {function} {level} or higher; a holder through a group must name it in `decidedBy.groups`, \
                 a substitute must name the holder in `onBehalfOf`",
                text::user(decision.made_by)
            ),
            Some(holder) => format!(
                "{:?} does not stand in for a holder {:?} of {function} {level} at that time",
                text::user(decision.made_by),
                text::user(holder)
            ),
        };
        return Err(Ignored::new(ignored::NOT_HOLDER, message));
    };
    if let Some(late) = late(observed, decision, None).or_else(|| after_silence(rules, step, decision)) {
        return Err(late);
    }
    Ok(ApprovalVerdict {
        decision: decision.name.to_owned(),
        username: decision.made_by.to_owned(),
        level: level.to_owned(),
        via: in_words(via),
        subject: Some(via.clone()),
        on_behalf_of: said.on_behalf_of.clone(),
    })
}

fn insufficient(step: &Approval, least: &str, level: &str) -> Ignored {
    let message = format!("{} {least} or higher must decide, not {level}", step.function);
    Ignored::new(ignored::LEVEL_INSUFFICIENT, message)
}

/// If silence ends the offer, an answer after that is late. If the next level is asked instead, it is not.
fn after_silence(rules: RuleSet<'_>, step: &Approval, decision: &CurrentDecision<'_>) -> Option<Ignored> {
    let expires = rules.policy.spec.rules.escalation.on_timeout == OnTimeout::Expire;
    let end = step.asked.last().filter(|_| expires)?.wait_end_time.as_ref()?;
    (decision.time > end.0)
        .then(|| Ignored::new(ignored::LATE, format!("the time to answer ended at {}", text::time(end))))
}

/// The level that was asked at a time. The second in which the next one was asked still belongs to the one before.
fn level_at(step: &Approval, time: Timestamp) -> &str {
    let then = step.asked.iter().rev().find(|asked| asked.asked_time.0 < time).or(step.asked.first());
    then.map_or(&step.level, |asked| &asked.level)
}

/// The lowest level that may decide at a time: the one asked then, or any asked before it if the policy lets that one still
/// decide, or if nobody is left to be asked.
fn least_level<'s>(
    observed: &Observed<'_>,
    rules: RuleSet<'_>,
    step: &'s Approval,
    time: Timestamp,
) -> &'s str {
    let still = rules.policy.spec.rules.escalation.earlier_level_may_still_decide;
    let silent =
        step.asked.last().and_then(|asked| asked.wait_end_time.as_ref()).is_some_and(|end| end.0 < time);
    if still || (silent && next_level(observed, rules, &step.function, &step.level).is_none()) {
        step.asked.first().map_or(&step.level, |asked| &asked.level)
    } else {
        level_at(step, time)
    }
}

fn stands_in_for(rules: RuleSet<'_>, decision: &CurrentDecision<'_>, holder: &str, function: &str) -> bool {
    let policy = &rules.policy.spec;
    policy.substitutes.iter().any(|substitute| {
        canonical(policy, &substitute.holder) == canonical(policy, holder)
            && canonical(policy, &substitute.substitute) == canonical(policy, decision.made_by)
            && stands_in(substitute, function, decision.time)
    })
}

fn nobody_may_approve(observed: &Observed<'_>, rules: RuleSet<'_>, function: &str, level: &str) -> bool {
    holders(&rules.policy.spec, function, level)
        .iter()
        .all(|holder| separation::may_not_approve(observed, rules, holder))
}

/// Whether somebody holds this level of a function, or a higher one, and may approve.
pub(crate) fn anybody_may_approve(
    observed: &Observed<'_>,
    rules: RuleSet<'_>,
    function: &str,
    level: &str,
) -> bool {
    !nobody_may_approve(observed, rules, function, level)
        || next_level(observed, rules, function, level).is_some()
}

fn next_level(observed: &Observed<'_>, rules: RuleSet<'_>, function: &str, level: &str) -> Option<String> {
    let above = ladder::above(&rules.policy.spec.rules, function, level);
    above.map(|level| level.name.clone()).find(|level| !nobody_may_approve(observed, rules, function, level))
}

/// Asks those whose turn has come, and moves on the steps whose level stayed silent.
pub(crate) fn ask(observed: &Observed<'_>, rules: RuleSet<'_>, approved: &mut Approved, now: Timestamp) {
    let guarded = !matches!(observed.guard, Guard::Inactive { .. });
    let waiting = approved.steps.iter_mut().filter(|step| step.state == ApprovalState::Waiting);
    for step in waiting {
        let Some(last) = step.asked.last().filter(|asked| asked.level == step.level) else {
            step.asked.push(asked(rules, &step.function, &step.level, now));
            continue;
        };
        let over = last.wait_end_time.as_ref().is_some_and(|end| calendar::is_over(end.0, now));
        if !over || !guarded {
            continue;
        }
        if rules.policy.spec.rules.escalation.on_timeout == OnTimeout::Expire {
            approved.timed_out = true;
            continue;
        }
        match next_level(observed, rules, &step.function, &step.level) {
            Some(next) => {
                step.asked.push(asked(rules, &step.function, &next, now));
                step.quorum = quorum(&rules.policy.spec.rules, &step.function, &next);
                step.level = next;
            }
            None => step.state = ApprovalState::Exhausted,
        }
    }
}

/// Asks nobody new: the terms are to change, or the offer is over.
pub(crate) fn rest(approved: &mut Approved) {
    let waiting = approved.steps.iter_mut().filter(|step| step.state == ApprovalState::Waiting);
    waiting.filter(|step| step.asked.is_empty()).for_each(|step| step.state = ApprovalState::Next);
}

/// Why a manager may not ask for other terms: only one who could approve now may.
pub(crate) fn may_request_change(
    observed: &Observed<'_>,
    rules: RuleSet<'_>,
    approved: &Approved,
    current: &[CurrentDecision<'_>],
    decision: &CurrentDecision<'_>,
) -> Option<Ignored> {
    if decision.already_counts {
        return None;
    }
    let function = decision.object.spec.function.as_deref().unwrap_or_default();
    let steps = approved.steps.iter().zip(&approved.spans);
    let open = steps.filter(|(step, _)| step.function == function).find(|(_, span)| {
        span.turn.is_some_and(|turn| turn <= decision.time)
            && span.complete.is_none_or(|complete| decision.time <= complete)
    });
    match open {
        Some((step, span)) => evaluate_authority(observed, rules, step, span, current, decision).err(),
        None => Some(Ignored::new(
            ignored::OUT_OF_TURN,
            format!("{} was not being asked to approve", text::id(function)),
        )),
    }
}
