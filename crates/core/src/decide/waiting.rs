//! Whom an agreement waits for: to do what, since when and until when.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::authority::{canonical, holders, stands_in};
use super::evaluation::Evaluation;
use super::observed::Observed;
use super::rules::{RuleSet, Rules};
use super::separation::may_not_approve;
use super::stage::Stage;
use super::{calendar, ladder};
use crate::text;
use countersign_api::agreement_status::{
    Approval, ApprovalState, EndsWith, TermsRevision, Waiting, WaitingAction, WaitingSubject,
};
use countersign_api::customer_agreement::{CustomerAgreementSpec, Representative};
use countersign_api::delegation_policy::{Countersignature, Required, SignOffOrder};
use countersign_api::subject::{Subject, SubjectKind};

/// Whether the offer ends if nobody answers: it does for the customer and the countersignature, not for a manager.
pub(crate) const fn ends_the_offer(action: WaitingAction) -> bool {
    matches!(action, WaitingAction::Confirm | WaitingAction::Sign | WaitingAction::Countersign)
}

/// What a stage waits for. A question keeps the time at which it was first asked.
pub(crate) fn waits(
    observed: &Observed<'_>,
    revision: &TermsRevision,
    rules: &Rules<Evaluation<'_>>,
    stage: Stage,
    now: Timestamp,
) -> Vec<Waiting> {
    let asking = Asking { observed, now, rules: rules.found().map(|evaluation| evaluation.rules) };
    let terms = Some(revision.digest.as_str());
    match (stage, rules) {
        (Stage::Invalid, Rules::Found(Evaluation { faults, .. }) | Rules::Faulty(faults)) => {
            let author = faults.iter().any(|fault| fault.kind.is_the_authors());
            if author { vec![asking.author(terms)] } else { Vec::new() }
        }
        (Stage::Revising, _) => vec![asking.author(terms)],
        (Stage::Confirmation, Rules::Found(evaluation)) => {
            let missing = &evaluation.confirmed.missing;
            let people: Vec<&Representative> = missing.iter().map(|(who, _)| who).collect();
            let rules = &evaluation.rules.policy.spec.rules.confirmation;
            let (required, seconds) = (rules.representatives, rules.deadline_seconds);
            vec![asking.customers(WaitingAction::Confirm, &people, required, terms, seconds)]
        }
        (Stage::Escalation, Rules::Found(evaluation)) => {
            let open =
                |step: &&Approval| matches!(step.state, ApprovalState::Waiting | ApprovalState::Exhausted);
            let digest = evaluation.approval_digest.as_deref();
            let steps = evaluation.approved.steps.iter().filter(open);
            steps.map(|step| asking.managers(evaluation.rules, step, digest)).collect()
        }
        (Stage::SignOff, Rules::Found(evaluation)) => asking.signatories(evaluation),
        (Stage::RulesGone, _) => {
            observed.agreement.status.iter().flat_map(|status| status.waiting_for.clone()).collect()
        }
        (_, _) => Vec::new(),
    }
}

struct Asking<'s, 'a> {
    observed: &'s Observed<'a>,
    now: Timestamp,
    rules: Option<RuleSet<'a>>,
}

impl Asking<'_, '_> {
    fn author(&self, digest: Option<&str>) -> Waiting {
        let owner = &self.observed.agreement.spec.provider.owner_username;
        let subjects = vec![user(owner)];
        self.wait(text::user(owner), subjects, WaitingAction::Edit, None, digest, None)
    }

    fn customers(
        &self,
        action: WaitingAction,
        people: &[&Representative],
        required: Required,
        digest: Option<&str>,
        seconds: i64,
    ) -> Waiting {
        let names: Vec<String> = people.iter().map(|person| text::short_name(&person.name)).collect();
        let who = match required {
            Required::All => text::join_and(&names),
            Required::Any => text::join_or(&names),
        };
        let subjects = people.iter().map(|person| user(&person.username)).collect();
        self.wait(text::people(&who), subjects, action, None, digest, Some(seconds))
    }

    /// Each side whose turn it is.
    fn signatories(&self, evaluation: &Evaluation<'_>) -> Vec<Waiting> {
        let Evaluation { signed, .. } = evaluation;
        let digest = evaluation.confirmation_digest.as_deref();
        let rules = &evaluation.rules.policy.spec.rules.sign_off;
        let customer_next = signed.customer.is_none()
            && (rules.order != SignOffOrder::ProviderFirst || signed.provider.is_some());
        let provider_next = signed.provider.is_none()
            && rules.countersignature == Countersignature::Required
            && (rules.order != SignOffOrder::CustomerFirst || signed.customer.is_some());
        let mut waits = Vec::new();
        if customer_next {
            let people: Vec<&Representative> = signed.missing.iter().collect();
            let (required, seconds) = (rules.customers, rules.deadline_seconds);
            waits.push(self.customers(WaitingAction::Sign, &people, required, digest, seconds));
        }
        if provider_next {
            waits.push(self.countersignatories(digest, rules.deadline_seconds));
        }
        waits
    }

    fn countersignatories(&self, digest: Option<&str>, seconds: i64) -> Waiting {
        let signatories = &self.observed.agreement.spec.provider.signatories;
        let names: Vec<String> =
            signatories.iter().map(|signatory| text::short_name(&signatory.name)).collect();
        let subjects = signatories.iter().map(|signatory| user(&signatory.username)).collect();
        let who = text::people(&text::join_or(&names));
        self.wait(who, subjects, WaitingAction::Countersign, None, digest, Some(seconds))
    }

    fn managers(&self, rules: RuleSet<'_>, step: &Approval, digest: Option<&str>) -> Waiting {
        let policy = &rules.policy.spec;
        let level = ladder::level(&policy.rules, &step.function, &step.level);
        let title = level.map_or("", |level| level.title.as_str());
        // Once every level stayed silent, all that were asked may still decide.
        let asked: Vec<&str> = match step.state {
            ApprovalState::Exhausted => step.asked.iter().map(|asked| asked.level.as_str()).collect(),
            _ => vec![&step.level],
        };
        let mut subjects: Vec<WaitingSubject> = asked
            .into_iter()
            .flat_map(|level| holders(policy, &step.function, level))
            .filter(|holder| !may_not_approve(self.observed, rules, holder))
            .map(|subject| WaitingSubject { subject: subject.clone(), on_behalf_of: None })
            .collect();
        let held = subjects.clone();
        for substitute in &policy.substitutes {
            let for_a_holder = held.iter().any(|held| {
                held.subject.kind == SubjectKind::User
                    && canonical(policy, &held.subject.name) == canonical(policy, &substitute.holder)
            });
            if for_a_holder && stands_in(substitute, &step.function, self.now) {
                let on_behalf_of = Some(substitute.holder.clone());
                subjects.push(WaitingSubject { on_behalf_of, ..user(&substitute.substitute) });
            }
        }
        subjects.truncate(64);
        let who = format!("{} ({} {})", text::short_name(title), step.function, step.level);
        let mut wait = self.wait(who, subjects, WaitingAction::Approve, Some(step), digest, None);
        if let Some(asked) = step.asked.last() {
            wait.asked_time = asked.asked_time.clone();
            // Once every level stayed silent there is no half of the time left to be reminded of.
            let runs = step.state != ApprovalState::Exhausted;
            wait.wait_end_time = asked.wait_end_time.clone().filter(|_| runs);
            self.close(&mut wait, level.map(|level| level.deadline_seconds).filter(|_| runs));
        }
        wait
    }

    /// A wait, with the time at which the same question was first asked.
    fn wait(
        &self,
        who: String,
        subjects: Vec<WaitingSubject>,
        action: WaitingAction,
        step: Option<&Approval>,
        digest: Option<&str>,
        seconds: Option<i64>,
    ) -> Waiting {
        let before = self.observed.agreement.status.iter().flat_map(|status| &status.waiting_for);
        let before = before
            .filter(|before| before.action == action && before.digest.as_deref() == digest)
            .find(|before| step.is_none_or(|step| asked_by(before, step, &who)));
        let asked = before.map_or(self.now, |before| before.asked_time.0);
        let calendar = self.rules.and_then(|rules| rules.policy.spec.rules.calendar.as_ref());
        let mut wait = Waiting {
            who,
            subjects,
            action,
            function: step.map(|step| step.function.clone()),
            level: step.map(|step| step.level.clone()),
            digest: digest.map(str::to_owned),
            asked_time: Time(asked),
            wait_end_time: seconds.map(|seconds| Time(calendar::wait_end(calendar, asked, seconds))),
            deadline_time: None,
            ends_with: None,
            reminded_time: before.and_then(|before| before.reminded_time.clone()),
        };
        self.close(&mut wait, seconds);
        wait
    }

    /// Sets the deadline, and whether people were reminded.
    fn close(&self, wait: &mut Waiting, seconds: Option<i64>) {
        let offer_end = Time(self.observed.offer_end());
        let (deadline, ends_with) = match &wait.wait_end_time {
            Some(end) if end.0 < offer_end.0 => (end.clone(), EndsWith::Wait),
            _ => (offer_end, EndsWith::Offer),
        };
        let half = reminder(self.rules, wait.asked_time.0, seconds).filter(|half| *half < deadline.0);
        wait.deadline_time = Some(deadline);
        wait.ends_with = Some(ends_with);
        if wait.reminded_time.is_none() && half.is_some_and(|half| half <= self.now) {
            wait.reminded_time = Some(Time(self.now));
        }
    }
}

/// When people are reminded: half-way through the policy's time, in working time.
fn reminder(rules: Option<RuleSet<'_>>, asked: Timestamp, seconds: Option<i64>) -> Option<Timestamp> {
    let calendar = rules.and_then(|rules| rules.policy.spec.rules.calendar.as_ref());
    seconds.map(|seconds| calendar::half_way(calendar, asked, seconds))
}

/// Whether a wait of before is for what a step asks now. One that an earlier version wrote has no function and no level: then
/// its words must be the same.
fn asked_by(before: &Waiting, step: &Approval, who: &str) -> bool {
    before.asks(step) || (before.function.is_none() && before.who == who)
}

fn user(name: &str) -> WaitingSubject {
    WaitingSubject { subject: Subject { kind: SubjectKind::User, name: name.to_owned() }, on_behalf_of: None }
}

/// The times at which what is waited for changes by time alone.
pub(crate) fn wakeups(
    evaluation: Option<&Evaluation<'_>>,
    stage: Stage,
    waits: &[Waiting],
) -> Vec<Timestamp> {
    let deadlines = waits.iter().filter_map(|wait| wait.deadline_time.as_ref());
    let mut out: Vec<Timestamp> = deadlines.map(|deadline| calendar::judged_at(deadline.0)).collect();
    let Some(Evaluation { rules, approved, .. }) = evaluation else { return out };
    let policy = &rules.policy.spec;
    for wait in waits.iter().filter(|wait| wait.reminded_time.is_none()) {
        let seconds = match wait.action {
            WaitingAction::Confirm => Some(policy.rules.confirmation.deadline_seconds),
            WaitingAction::Sign | WaitingAction::Countersign => Some(policy.rules.sign_off.deadline_seconds),
            WaitingAction::Approve => {
                let step = approved.steps.iter().find(|step| wait.asks(step));
                let level = step.and_then(|step| ladder::level(&policy.rules, &step.function, &step.level));
                level.map(|level| level.deadline_seconds)
            }
            WaitingAction::Edit => None,
        };
        out.extend(reminder(Some(*rules), wait.asked_time.0, seconds));
    }
    if stage == Stage::Escalation {
        let waiting = approved.steps.iter().filter(|step| step.state == ApprovalState::Waiting);
        let ends = waiting.filter_map(|step| step.asked.last()?.wait_end_time.as_ref());
        out.extend(ends.map(|end| calendar::judged_at(end.0)));
        for substitute in &policy.substitutes {
            let just_after = substitute.end_time.0.checked_add(jiff::SignedDuration::from_secs(1));
            out.extend([Some(substitute.start_time.0), just_after.ok()].into_iter().flatten());
        }
    }
    out
}

/// One line for the printer column: whom, and since when.
pub(crate) fn in_one_line(spec: &CustomerAgreementSpec, waits: &[Waiting]) -> Option<String> {
    let first = waits.first()?;
    let since = text::day_and_month(&first.asked_time);
    let mut others = waits.len() - 1;
    // A level is asked as a whole; of people, the first is named and the others are counted.
    if first.action != WaitingAction::Approve {
        others += first.subjects.len().saturating_sub(1);
    }
    let name = first_person(spec, first).map_or_else(|| first.who.clone(), text::short_name);
    let more = if others > 0 { format!(" +{others}") } else { String::new() };
    Some(format!("{}{more} since {since}", text::shorten(&name, 40)))
}

/// The first of the people who are asked, by the name that the agreement gives them.
fn first_person<'a>(spec: &'a CustomerAgreementSpec, wait: &Waiting) -> Option<&'a str> {
    let username = &wait.subjects.first()?.subject.name;
    match wait.action {
        WaitingAction::Confirm | WaitingAction::Sign => {
            let mut representatives = spec.customer.representatives.iter();
            representatives.find(|own| &own.username == username).map(|own| own.name.as_str())
        }
        WaitingAction::Countersign => {
            let mut signatories = spec.provider.signatories.iter();
            signatories.find(|own| &own.username == username).map(|own| own.name.as_str())
        }
        WaitingAction::Approve | WaitingAction::Edit => None,
    }
}
