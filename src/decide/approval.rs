//! The provider's own agreement (S4): who is asked, who decided, and what silence does. Silence never approves.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::acts::{Act, Acts, late};
use super::authority::{Person, Requirement, canonical, holders, holds, quorum, rank};
use super::confirmation::attests;
use super::validate::RuleBook;
use super::words::clean;
use super::{Guard, Observed, calendar, digest};
use crate::api::Action;
use crate::api::agreement_status::{Approval, ApprovalState, ApprovalVerdict, AskedLevel};
use crate::api::conditions::ignored;
use crate::api::delegation_policy::{EscalationMode, OnTimeout};
use crate::api::references::Authority;
use crate::api::subject::SubjectKind;

/// A deadline is judged this long after it, so that what was decided in its last second is there to be read.
pub(crate) const GRACE: SignedDuration = SignedDuration::from_secs(5);

/// What approvals are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    /// The digest that an Approve or Refuse names; `None` while there is nothing to approve yet.
    pub(crate) digest: Option<&'a str>,
    /// From when it can be answered.
    pub(crate) since: Option<Timestamp>,
    /// Steps of the last status, where they were asked for the same digest.
    pub(crate) before: &'a [Approval],
}

/// How far the provider's own agreement has come.
#[derive(Debug, Default)]
pub(crate) struct Approved {
    /// One step for each function, in the policy's order.
    pub(crate) steps: Vec<Approval>,
    /// When the last approval was there; where none is needed, when the question arose.
    pub(crate) complete: Option<Timestamp>,
    /// The decision that refused, with its words.
    pub(crate) refused: Option<(String, String)>,
    /// A level stayed silent, and the policy lets the offer expire then.
    pub(crate) timed_out: bool,
}

/// Weighs every Approve and Refuse.
pub(crate) fn weigh<'a>(
    seen: &Observed<'a>,
    book: RuleBook<'_>,
    needed: &[Requirement],
    question: Question<'_>,
    acts: &mut Acts<'a>,
    now: Timestamp,
) -> Approved {
    let sequential = book.policy.spec.rules.escalation.mode == EscalationMode::Sequential;
    let mut approved = Approved { complete: question.since, ..Approved::default() };
    let mut since = question.since;
    for need in needed {
        let turn = if sequential { since } else { question.since };
        let mut step = begin(seen, book, need, question, turn, now);
        let complete = decide_step(seen, book, question, turn, &mut step, &mut approved, acts);
        since = complete;
        approved.complete = match (approved.complete, complete) {
            (Some(so_far), Some(complete)) => Some(so_far.max(complete)),
            _ => None,
        };
        approved.steps.push(step.approval);
    }
    let functions: Vec<&str> = needed.iter().map(|need| need.function.as_str()).collect();
    for act in acts.current.clone() {
        let function = act.decision.spec.function.as_deref().unwrap_or_default();
        if matches!(act.action(), Action::Approve | Action::Refuse) && !functions.contains(&function) {
            let message = format!("nothing in the agreement asks for an approval of {}", clean(function, 63));
            acts.ignored.add(&act, ignored::NOT_REQUIRED, message);
        }
    }
    approved
}

struct Step {
    approval: Approval,
    /// The level that is needed, before anybody stayed silent.
    first_level: String,
}

/// The step as it stood, or asked now where its turn has come.
fn begin(
    seen: &Observed<'_>,
    book: RuleBook<'_>,
    need: &Requirement,
    question: Question<'_>,
    turn: Option<Timestamp>,
    now: Timestamp,
) -> Step {
    let rules = &book.policy.spec.rules;
    let before = question.before.iter().find(|step| step.function == need.function && !step.asked.is_empty());
    let mut asked = before.map(|step| step.asked.clone()).unwrap_or_default();
    if asked.is_empty() && turn.is_some() {
        asked.push(ask(book, &need.function, &need.level, now));
        // A level whose only holders may not approve would only cost time.
        if let Some(step) = asked.first_mut()
            && nobody_may_approve(seen, book, &need.function, &step.level)
            && let Some(next) = next_level(seen, book, &need.function, &step.level)
        {
            *step = ask(book, &need.function, &next, now);
        }
    }
    let level = asked.last().map_or_else(|| need.level.clone(), |asked| asked.level.clone());
    Step {
        first_level: need.level.clone(),
        approval: Approval {
            function: need.function.clone(),
            quorum: quorum(rules, &need.function, &level),
            level,
            because: need.because.clone(),
            state: if turn.is_some() { ApprovalState::Waiting } else { ApprovalState::Next },
            asked,
            decided_by: Vec::new(),
        },
    }
}

fn ask(book: RuleBook<'_>, function: &str, level: &str, now: Timestamp) -> AskedLevel {
    let rules = &book.policy.spec.rules;
    let seconds = rules
        .ladders
        .iter()
        .filter(|ladder| ladder.function == function)
        .flat_map(|ladder| &ladder.levels)
        .find(|candidate| candidate.name == level)
        .map(|level| level.deadline_seconds);
    AskedLevel {
        level: level.to_owned(),
        asked_time: Time(now),
        wait_end_time: seconds.map(|seconds| Time(calendar::wait_end(rules.calendar.as_ref(), now, seconds))),
    }
}

/// Counts the verdicts of one step. Returns when its quorum was reached.
fn decide_step<'a>(
    seen: &Observed<'a>,
    book: RuleBook<'_>,
    question: Question<'_>,
    turn: Option<Timestamp>,
    step: &mut Step,
    approved: &mut Approved,
    acts: &mut Acts<'a>,
) -> Option<Timestamp> {
    let mut complete = None;
    for act in acts.current.clone() {
        let is_mine = act.decision.spec.function.as_deref() == Some(step.approval.function.as_str());
        if !is_mine || !matches!(act.action(), Action::Approve | Action::Refuse) {
            continue;
        }
        let already = (complete.is_some() || approved.refused.is_some())
            .then(|| (ignored::ALREADY_APPROVED, "the step was already decided".to_owned()));
        let verdict = match already.or_else(|| binding_fault(&act, question, turn)) {
            Some(fault) => Err(fault),
            None if act.stands => stood(seen, &act)
                .ok_or_else(|| (ignored::NOT_HOLDER, "its verdict is not on record".to_owned())),
            None => weigh_authority(seen, book, step, approved, &acts.current, &act),
        };
        match verdict {
            Err((reason, message)) => acts.ignored.add(&act, reason, message),
            Ok(verdict) => {
                step.approval.decided_by.push(verdict);
                if act.action() == Action::Refuse {
                    step.approval.state = ApprovalState::Refused;
                    approved.refused = Some((act.name.to_owned(), act.words()));
                } else if step.approval.decided_by.len() >= usize::try_from(step.approval.quorum).unwrap_or(1)
                {
                    step.approval.state = ApprovalState::Approved;
                    complete = Some(act.time);
                }
            }
        }
    }
    complete
}

fn binding_fault(
    act: &Act<'_>,
    question: Question<'_>,
    turn: Option<Timestamp>,
) -> Option<(&'static str, String)> {
    let Some(digest) = question.digest else {
        return Some((ignored::OUT_OF_TURN, "the customer has yet to confirm; decide again then".to_owned()));
    };
    if act.digest() != digest {
        return Some((ignored::STALE, format!("it must name the digest {digest}")));
    }
    if turn.is_none_or(|turn| act.time < turn) {
        return Some((
            ignored::OUT_OF_TURN,
            "another step comes first; decide again when this one is asked".to_owned(),
        ));
    }
    None
}

/// The verdict as it was put on record.
fn stood(seen: &Observed<'_>, act: &Act<'_>) -> Option<ApprovalVerdict> {
    let steps = seen.agreement.status.as_ref()?.approvals.iter();
    steps.flat_map(|step| &step.decided_by).find(|verdict| verdict.decision == act.name).cloned()
}

fn weigh_authority(
    seen: &Observed<'_>,
    book: RuleBook<'_>,
    step: &Step,
    approved: &Approved,
    current: &[Act<'_>],
    act: &Act<'_>,
) -> Result<ApprovalVerdict, (&'static str, String)> {
    let policy = &book.policy.spec;
    let function = &step.approval.function;
    let decision = &act.decision.spec;
    let level = decision.level.as_deref().unwrap_or_default();
    let actor = canonical(policy, act.actor);
    if policy.rules.separation.owner_may_not_approve && is_owner(seen, book, act.actor) {
        return Err((
            ignored::OWNER,
            "the account owner may not approve; somebody else who holds the level must".to_owned(),
        ));
    }
    if seen.agreement.spec.customer.representatives.iter().any(|r| canonical(policy, &r.username) == actor) {
        return Err((
            ignored::BOTH_SIDES,
            "a representative of the customer may not approve for the provider".to_owned(),
        ));
    }
    if attests(seen, book, current, act) {
        return Err((
            ignored::NOT_DISTINCT,
            "who recorded what a representative did may not approve; somebody else who holds the level must"
                .to_owned(),
        ));
    }
    let least = least_level(seen, book, step, act.time);
    let (Some(held), Some(least_rank)) =
        (rank(&policy.rules, function, level), rank(&policy.rules, function, least))
    else {
        return Err((
            ignored::LEVEL_INSUFFICIENT,
            format!("{function} has no level {:?}; {function} {least} is asked", clean(level, 63)),
        ));
    };
    if held < least_rank {
        return Err((
            ignored::LEVEL_INSUFFICIENT,
            format!("{function} {least} or higher must decide, not {level}"),
        ));
    }
    let authority = Authority { function: function.clone(), level: level.to_owned() };
    let groups = &decision.decided_by.groups;
    let via = match decision.on_behalf_of.as_deref() {
        None => holds(policy, Person { username: act.actor, groups }, &authority),
        Some(holder) if stands_in(book, act, holder, function) => {
            holds(policy, Person { username: holder, groups: &[] }, &authority)
        }
        Some(_) => None,
    };
    let Some(via) = via else {
        let message = match decision.on_behalf_of.as_deref() {
            None => format!(
                "{:?} does not hold {function} {level} or higher; a holder through a group must name it in `decidedBy.groups`, \
                 a substitute must name the holder in `onBehalfOf`",
                clean(act.actor, 128)
            ),
            Some(holder) => format!(
                "{:?} does not stand in for a holder {:?} of {function} {level} at that time",
                clean(act.actor, 128),
                clean(holder, 128)
            ),
        };
        return Err((ignored::NOT_HOLDER, message));
    };
    let person = decision.on_behalf_of.as_deref().map(|holder| canonical(policy, holder));
    let counted_as = |verdict: &ApprovalVerdict| {
        let names = [Some(verdict.username.as_str()), verdict.on_behalf_of.as_deref()];
        names.into_iter().flatten().any(|name| {
            let name = canonical(policy, name);
            name == actor || Some(name) == person
        })
    };
    let others = approved
        .steps
        .iter()
        .filter(|_| policy.rules.separation.distinct_approvers)
        .flat_map(|s| &s.decided_by);
    if step.approval.decided_by.iter().chain(others).any(counted_as) {
        return Err((
            ignored::NOT_DISTINCT,
            "the same person already decided here; another one must".to_owned(),
        ));
    }
    Ok(ApprovalVerdict {
        decision: act.name.to_owned(),
        username: act.actor.to_owned(),
        level: level.to_owned(),
        via: match via.kind {
            SubjectKind::User => format!("User {}", clean(&via.name, 256)),
            SubjectKind::Group => format!("Group {}", clean(&via.name, 256)),
        },
        on_behalf_of: decision.on_behalf_of.clone(),
    })
    .and_then(|verdict| match late(seen, act, None).or_else(|| after_silence(book, step, act)) {
        Some(message) => Err((ignored::LATE, message)),
        None => Ok(verdict),
    })
}

/// The level that had to decide at a time: the one asked then, or any asked before it where the policy lets it still
/// decide, or where nobody is left to be asked.
fn least_level<'s>(seen: &Observed<'_>, book: RuleBook<'_>, step: &'s Step, time: Timestamp) -> &'s str {
    let asked = &step.approval.asked;
    let still = book.policy.spec.rules.escalation.earlier_level_may_still_decide;
    let exhausted = asked.last().is_some_and(|last| {
        last.wait_end_time.as_ref().is_some_and(|end| time > end.0)
            && next_level(seen, book, &step.approval.function, &last.level).is_none()
    });
    let then = if still || exhausted {
        asked.first()
    } else {
        asked.iter().rev().find(|asked| asked.asked_time.0 <= time).or(asked.first())
    };
    then.map_or(&step.first_level, |asked| &asked.level)
}

/// Where silence ends the offer, an answer after it is late. Elsewhere the next level is asked, and it is not.
fn after_silence(book: RuleBook<'_>, step: &Step, act: &Act<'_>) -> Option<String> {
    let expires = book.policy.spec.rules.escalation.on_timeout == OnTimeout::Expire;
    let end = step.approval.asked.last().filter(|_| expires)?.wait_end_time.as_ref()?;
    (act.time > end.0).then(|| format!("the time to answer ended at {}", digest::shown(end)))
}

fn stands_in(book: RuleBook<'_>, act: &Act<'_>, holder: &str, function: &str) -> bool {
    let policy = &book.policy.spec;
    policy.substitutes.iter().any(|substitute| {
        canonical(policy, &substitute.holder) == canonical(policy, holder)
            && canonical(policy, &substitute.substitute) == canonical(policy, act.actor)
            && (substitute.functions.is_empty() || substitute.functions.iter().any(|own| own == function))
            && substitute.start_time.0 <= act.time
            && act.time <= substitute.end_time.0
    })
}

/// Whether somebody was ever named owner in a spec that the operator saw.
fn is_owner(seen: &Observed<'_>, book: RuleBook<'_>, username: &str) -> bool {
    let policy = &book.policy.spec;
    let seen_before = seen.agreement.status.iter().flat_map(|status| status.owners.iter());
    seen_before
        .chain([&seen.agreement.spec.provider.owner_username])
        .any(|owner| canonical(policy, owner) == canonical(policy, username))
}

/// Whether every holder of a level is a person who may not approve. A level of a group may always have somebody.
fn nobody_may_approve(seen: &Observed<'_>, book: RuleBook<'_>, function: &str, level: &str) -> bool {
    let policy = &book.policy.spec;
    holders(policy, function, level).iter().all(|subject| {
        subject.kind == SubjectKind::User
            && ((policy.rules.separation.owner_may_not_approve && is_owner(seen, book, &subject.name))
                || seen.agreement.spec.customer.representatives.iter().any(|representative| {
                    canonical(policy, &representative.username) == canonical(policy, &subject.name)
                }))
    })
}

fn next_level(seen: &Observed<'_>, book: RuleBook<'_>, function: &str, level: &str) -> Option<String> {
    let ladder = book.policy.spec.rules.ladders.iter().find(|ladder| ladder.function == function)?;
    let above = ladder.levels.iter().skip_while(|candidate| candidate.name != level).skip(1);
    above.map(|level| level.name.clone()).find(|level| !nobody_may_approve(seen, book, function, level))
}

/// Moves on every step whose level stayed silent: the next level is asked, or none is left.
pub(crate) fn silence(seen: &Observed<'_>, book: RuleBook<'_>, approved: &mut Approved, now: Timestamp) {
    if matches!(seen.guard, Guard::Inactive { .. }) {
        return;
    }
    let rules = &book.policy.spec.rules;
    for step in approved.steps.iter_mut().filter(|step| step.state == ApprovalState::Waiting) {
        let end = step.asked.last().and_then(|asked| asked.wait_end_time.as_ref()).map(|time| time.0);
        if !end.is_some_and(|end| now >= end.checked_add(GRACE).unwrap_or(end)) {
            continue;
        }
        if rules.escalation.on_timeout == OnTimeout::Expire {
            approved.timed_out = true;
            continue;
        }
        match next_level(seen, book, &step.function, &step.level) {
            Some(next) => {
                step.asked.push(ask(book, &step.function, &next, now));
                step.quorum = quorum(rules, &step.function, &next);
                step.level = next;
            }
            None => step.state = ApprovalState::Exhausted,
        }
    }
}

/// Why somebody on the provider's side may not ask for other terms: only who could approve now may.
pub(crate) fn may_request_change(
    seen: &Observed<'_>,
    book: RuleBook<'_>,
    approved: &Approved,
    current: &[Act<'_>],
    act: &Act<'_>,
) -> Option<(&'static str, String)> {
    if act.stands {
        return None;
    }
    let function = act.decision.spec.function.as_deref().unwrap_or_default();
    let open = |step: &&Approval| matches!(step.state, ApprovalState::Waiting | ApprovalState::Exhausted);
    let Some(approval) = approved.steps.iter().filter(open).find(|step| step.function == function) else {
        let message = format!("{} is not being asked to approve", clean(function, 63));
        return Some((ignored::OUT_OF_TURN, message));
    };
    let first_level =
        approval.asked.first().map_or_else(|| approval.level.clone(), |asked| asked.level.clone());
    let step = Step { approval: approval.clone(), first_level };
    weigh_authority(seen, book, &step, approved, current, act).err()
}
