//! The provider's own agreement (S4): who is asked, who decided, and what silence does. Silence never approves.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::acts::{Act, Acts, late};
use super::authority::{Person, Requirement, canonical, holders, holds, quorum, rank};
use super::validate::RuleBook;
use super::words::clean;
use super::{Observed, calendar};
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
    /// When each step could first be decided, and when it was.
    spans: Vec<Span>,
    /// When the last approval was there; where none is needed, when the question arose.
    pub(crate) complete: Option<Timestamp>,
    /// The decision that refused, with its words.
    pub(crate) refused: Option<(String, String)>,
    /// A level stayed silent, and the policy lets the offer expire then.
    pub(crate) timed_out: bool,
}

/// From when to when a step was open. By the decisions' own times, so that it is the same whenever they are seen.
#[derive(Clone, Copy, Debug)]
struct Span {
    turn: Option<Timestamp>,
    complete: Option<Timestamp>,
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
    let asked_together = match book.policy.spec.rules.escalation.mode {
        EscalationMode::Sequential => 1,
        EscalationMode::Parallel => needed.len().max(1),
    };
    let mut approved = Approved { complete: question.since, ..Approved::default() };
    for round in needed.chunks(asked_together) {
        let turn = approved.complete;
        let first = approved.steps.len();
        approved.steps.extend(round.iter().map(|need| begin(seen, book, need, question, turn, now)));
        decide_round(seen, book, question, turn, first, &mut approved, acts);
        let completes = approved.spans.iter().skip(first).map(|span| span.complete);
        approved.complete = completes.collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
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

/// The step as it stood, or asked now where its turn has come.
fn begin(
    seen: &Observed<'_>,
    book: RuleBook<'_>,
    need: &Requirement,
    question: Question<'_>,
    turn: Option<Timestamp>,
    now: Timestamp,
) -> Approval {
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
    Approval {
        function: need.function.clone(),
        quorum: quorum(rules, &need.function, &level),
        level,
        because: need.because.clone(),
        state: if turn.is_some() { ApprovalState::Waiting } else { ApprovalState::Next },
        asked,
        decided_by: Vec::new(),
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

/// Counts the verdicts on the steps that are asked together: those from `first` on.
fn decide_round<'a>(
    seen: &Observed<'a>,
    book: RuleBook<'_>,
    question: Question<'_>,
    turn: Option<Timestamp>,
    first: usize,
    approved: &mut Approved,
    acts: &mut Acts<'a>,
) {
    // In the order of time over all steps, or nobody could tell which of one person's verdicts was the first. What
    // stands comes before what is weighed now.
    let all = acts.current.clone();
    let (stand, new): (Vec<_>, Vec<_>) = all.iter().enumerate().partition(|(_, act)| act.stands);
    let mut last_counted = vec![0; approved.steps.len()];
    let mut refusal = None;
    for (position, act) in stand.into_iter().chain(new) {
        let function = act.decision.spec.function.as_deref();
        let is_verdict = matches!(act.action(), Action::Approve | Action::Refuse);
        let place = approved.steps.iter().position(|step| Some(step.function.as_str()) == function);
        let Some(place) = place.filter(|place| is_verdict && *place >= first) else { continue };
        let Some((step, last)) = approved.steps.get(place).zip(last_counted.get_mut(place)) else { continue };
        let approved_by = (step.state == ApprovalState::Approved).then_some(*last);
        let is_later = |end: Option<usize>| end.is_some_and(|end| position > end);
        let is_decided = approved_by.or(refusal).is_some() && !act.stands;
        let already = || (ignored::ALREADY_APPROVED, "the step was already decided".to_owned());
        let verdict = if is_decided && (is_later(approved_by) || is_later(refusal)) {
            Err(already())
        } else if let Some(fault) = binding_fault(act, question, turn) {
            Err(fault)
        } else if act.stands {
            stood(seen, act).ok_or_else(|| (ignored::NOT_HOLDER, "its verdict is not on record".to_owned()))
        } else {
            weigh_authority(seen, book, step, &approved.steps, act)
                .and_then(|verdict| if is_decided { Err(already()) } else { Ok(verdict) })
        };
        match (verdict, approved.steps.get_mut(place)) {
            (Err((reason, message)), _) => acts.ignored.add(act, reason, message),
            (Ok(verdict), Some(step)) => {
                *last = (*last).max(position);
                step.decided_by.push(verdict);
                if act.action() == Action::Refuse {
                    step.state = ApprovalState::Refused;
                    approved.refused = Some((act.name.to_owned(), act.words()));
                    refusal = Some(position);
                } else if step.decided_by.len() >= usize::try_from(step.quorum).unwrap_or(1) {
                    step.state = ApprovalState::Approved;
                }
            }
            (Ok(_), None) => {}
        }
    }
    for step in approved.steps.iter_mut().skip(first) {
        let place =
            |verdict: &ApprovalVerdict| acts.current.iter().position(|act| act.name == verdict.decision);
        step.decided_by.sort_by_key(place);
        let last = step.decided_by.last().and_then(|verdict| time_of(acts, verdict));
        let complete = last.filter(|_| step.state == ApprovalState::Approved);
        approved.spans.push(Span { turn, complete });
    }
}

fn time_of(acts: &Acts<'_>, verdict: &ApprovalVerdict) -> Option<Timestamp> {
    acts.current.iter().find(|act| act.name == verdict.decision).map(|act| act.time)
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
    step: &Approval,
    steps: &[Approval],
    act: &Act<'_>,
) -> Result<ApprovalVerdict, (&'static str, String)> {
    let policy = &book.policy.spec;
    let function = &step.function;
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
    let least = least_level(book, step, act.time);
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
    let distinct = policy.rules.separation.distinct_approvers;
    let mut where_once = steps.iter().filter(|other| distinct || other.function == *function);
    if where_once.any(|step| step.decided_by.iter().any(counted_as)) {
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
    .and_then(|verdict| match late(seen, act, None) {
        Some(message) => Err((ignored::LATE, message)),
        None => Ok(verdict),
    })
}

/// The level that had to decide at a time: the one asked then, or any asked before it where the policy lets it still decide.
fn least_level<'s>(book: RuleBook<'_>, step: &'s Approval, time: Timestamp) -> &'s str {
    let asked = &step.asked;
    let still = book.policy.spec.rules.escalation.earlier_level_may_still_decide;
    let then = if still {
        asked.first()
    } else {
        asked.iter().rev().find(|asked| asked.asked_time.0 <= time).or(asked.first())
    };
    then.map_or(&step.level, |asked| &asked.level)
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
                || seen
                    .agreement
                    .spec
                    .customer
                    .representatives
                    .iter()
                    .any(|r| canonical(policy, &r.username) == canonical(policy, &subject.name)))
    })
}

fn next_level(seen: &Observed<'_>, book: RuleBook<'_>, function: &str, level: &str) -> Option<String> {
    let ladder = book.policy.spec.rules.ladders.iter().find(|ladder| ladder.function == function)?;
    let above = ladder.levels.iter().skip_while(|candidate| candidate.name != level).skip(1);
    above.map(|level| level.name.clone()).find(|level| !nobody_may_approve(seen, book, function, level))
}

/// What the silence of a level does: the next one is asked, or there is none left, or the offer expires. Returns whether
/// another level is asked now; what that makes of the verdicts is then to be weighed.
pub(crate) fn move_on(
    seen: &Observed<'_>,
    book: RuleBook<'_>,
    approved: &mut Approved,
    now: Timestamp,
) -> bool {
    let is_over = |asked: &AskedLevel| {
        let end = asked.wait_end_time.as_ref().map(|time| time.0);
        end.is_some_and(|end| now >= end.checked_add(GRACE).unwrap_or(end))
    };
    let silent =
        |step: &&mut Approval| step.state == ApprovalState::Waiting && step.asked.last().is_some_and(is_over);
    let mut moved = false;
    for step in approved.steps.iter_mut().filter(silent) {
        if book.policy.spec.rules.escalation.on_timeout == OnTimeout::Expire {
            approved.timed_out = true;
            continue;
        }
        match next_level(seen, book, &step.function, &step.level) {
            Some(next) => {
                step.asked.push(ask(book, &step.function, &next, now));
                moved = true;
            }
            None => step.state = ApprovalState::Exhausted,
        }
    }
    moved
}

/// Why somebody on the provider's side may not ask for other terms: only who could approve at that time may.
pub(crate) fn may_request_change(
    seen: &Observed<'_>,
    book: RuleBook<'_>,
    approved: &Approved,
    acts: &Acts<'_>,
    act: &Act<'_>,
) -> Option<(&'static str, String)> {
    if act.stands {
        return None;
    }
    let function = act.decision.spec.function.as_deref().unwrap_or_default();
    let mut steps = approved.steps.iter().zip(&approved.spans);
    let open = |span: &Span| {
        span.turn.is_some_and(|turn| turn <= act.time)
            && span.complete.is_none_or(|complete| complete >= act.time)
    };
    let Some((step, _)) = steps.find(|(step, span)| step.function == function && open(span)) else {
        let message = format!("{} was not being asked to approve", clean(function, 63));
        return Some((ignored::OUT_OF_TURN, message));
    };
    // What the same person decided later takes nothing away from it.
    let mut until_then = approved.steps.clone();
    for step in &mut until_then {
        step.decided_by.retain(|verdict| time_of(acts, verdict).is_some_and(|time| time < act.time));
    }
    weigh_authority(seen, book, step, &until_then, act).err()
}
