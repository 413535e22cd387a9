//! Which open questions of an agreement a person can answer, with which authority and on whose behalf (S4).
//!
//! It reads what the operator wrote into `status`, and the policy if the person may read it: without the policy only the people
//! who are asked by name are known.

use jiff::Timestamp;

use super::authority::{canonical, stands_in};
use super::ladder::{self, rank};
use countersign_api::agreement_status::{Approval, ApprovalState, Waiting, WaitingAction};
use countersign_api::delegation_policy::DelegationPolicySpec;
use countersign_api::subject::{Subject, SubjectKind};
use countersign_api::{Action, CustomerAgreement};

/// A person, as the API server knows them.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// Username.
    pub username: &'a str,
    /// Groups.
    pub groups: &'a [String],
}

impl Person<'_> {
    fn is(&self, policy: Option<&DelegationPolicySpec>, username: &str) -> bool {
        match policy {
            Some(policy) => canonical(policy, username) == canonical(policy, self.username),
            None => username == self.username,
        }
    }

    fn is_named(&self, policy: Option<&DelegationPolicySpec>, subject: &Subject) -> bool {
        match subject.kind {
            SubjectKind::User => self.is(policy, &subject.name),
            SubjectKind::Group => self.groups.contains(&subject.name),
        }
    }
}

/// What an agreement waits for from this person: each with the holder for whom a substitute is asked.
#[must_use]
pub fn asked<'a>(
    agreement: &'a CustomerAgreement,
    policy: Option<&DelegationPolicySpec>,
    person: Person<'_>,
) -> Vec<(&'a Waiting, Option<&'a str>)> {
    let waits = agreement.status.iter().flat_map(|status| &status.waiting_for);
    waits
        .filter_map(|wait| {
            // A representative has one username; people of the provider may have several.
            let policy = match wait.action {
                WaitingAction::Confirm | WaitingAction::Sign => None,
                WaitingAction::Approve | WaitingAction::Countersign | WaitingAction::Edit => policy,
            };
            let mut own = wait.subjects.iter().filter(|subject| person.is_named(policy, &subject.subject));
            let in_person = own.clone().find(|subject| subject.on_behalf_of.is_none());
            let subject = in_person.or_else(|| own.next())?;
            Some((wait, subject.on_behalf_of.as_deref()))
        })
        .collect()
}

/// An authority that a person can act with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// The function.
    pub function: String,
    /// The level.
    pub level: String,
    /// The holder for whom a substitute acts.
    pub on_behalf_of: Option<String>,
    /// The entry that it rests on. A group has to be claimed in the decision.
    pub via: Subject,
    /// Title of the people who hold the level, if the policy is known.
    pub title: Option<String>,
}

/// The authorities with which a person could approve or refuse, lowest level first for each function and person. Whether such
/// a decision would count is for [`dry_run`](super::dry_run::dry_run) to say.
#[must_use]
pub fn capacities(
    agreement: &CustomerAgreement,
    policy: Option<&DelegationPolicySpec>,
    person: Person<'_>,
    action: Action,
    now: Timestamp,
) -> Vec<Capacity> {
    let Some(status) = &agreement.status else { return Vec::new() };
    let open = |step: &&Approval| matches!(step.state, ApprovalState::Waiting | ApprovalState::Exhausted);
    if let Some(policy) = policy {
        let of = |wanted: &dyn Fn(&Approval) -> bool| -> Vec<Capacity> {
            let steps = status.approvals.iter().filter(|step| wanted(step));
            steps.flat_map(|step| held(policy, person, step, now)).collect()
        };
        // A refusal counts until the agreement is sealed, even after approvals.
        if action == Action::Refuse {
            return of(&|_| true);
        }
        let asked = of(&|step| open(&step));
        // A person whose turn comes later is shown that, and not that there is nothing to approve.
        return if asked.is_empty() { of(&|step| step.state == ApprovalState::Next) } else { asked };
    }
    let waits = status.waiting_for.iter().filter(|wait| wait.action == WaitingAction::Approve);
    let steps = status.approvals.iter().filter(open);
    // A wait that an earlier version wrote says neither function nor level. If one step is open, it is for that one.
    let only_step = steps.clone().count() == 1;
    let mut out = Vec::new();
    for step in steps {
        let for_step = |wait: &&Waiting| wait.asks(step) || (only_step && wait.function.is_none());
        let Some(wait) = waits.clone().find(for_step) else { continue };
        let level = match step.state {
            ApprovalState::Exhausted => step.asked.first().map_or(&step.level, |asked| &asked.level),
            _ => &step.level,
        };
        for subject in wait.subjects.iter().filter(|subject| person.is_named(None, &subject.subject)) {
            out.push(Capacity {
                function: step.function.clone(),
                level: level.clone(),
                on_behalf_of: subject.on_behalf_of.clone(),
                via: subject.subject.clone(),
                title: None,
            });
        }
    }
    out
}

/// What a person holds, or is a substitute for, from the level up that was asked first.
fn held(policy: &DelegationPolicySpec, person: Person<'_>, step: &Approval, now: Timestamp) -> Vec<Capacity> {
    let function = &step.function;
    let first = step.asked.first().map_or(&step.level, |asked| &asked.level);
    let least = rank(&policy.rules, function, first).unwrap_or_default();
    let mut entries: Vec<(usize, &str, &Subject)> = policy
        .holders
        .iter()
        .filter(|holder| &holder.function == function)
        .filter_map(|holder| Some((rank(&policy.rules, function, &holder.level)?, holder)))
        .filter(|(rank, _)| *rank >= least)
        .flat_map(|(rank, holder)| {
            holder.subjects.iter().map(move |subject| (rank, holder.level.as_str(), subject))
        })
        .collect();
    entries.sort_by_key(|(rank, _, _)| *rank);
    let capacity = |level: &str, subject: &Subject, on_behalf_of: Option<&str>| Capacity {
        function: function.clone(),
        level: level.to_owned(),
        on_behalf_of: on_behalf_of.map(str::to_owned),
        via: subject.clone(),
        title: ladder::level(&policy.rules, function, level).map(|level| level.title.clone()),
    };
    let own = entries.iter().filter(|(_, _, subject)| person.is_named(Some(policy), subject));
    let mut out: Vec<Capacity> = own.map(|(_, level, subject)| capacity(level, subject, None)).collect();
    let standing_in = policy.substitutes.iter().filter(|substitute| {
        person.is(Some(policy), &substitute.substitute) && stands_in(substitute, function, now)
    });
    for substitute in standing_in {
        let held = entries.iter().filter(|(_, _, subject)| {
            subject.kind == SubjectKind::User
                && canonical(policy, &subject.name) == canonical(policy, &substitute.holder)
        });
        out.extend(held.map(|(_, level, subject)| capacity(level, subject, Some(&substitute.holder))));
    }
    out.dedup();
    out
}

/// Groups that a decision has to claim if only the operator judges its authority: those that hold anything; if the policy
/// cannot be read, all but the API server's own.
#[must_use]
pub fn groups_to_claim(policy: Option<&DelegationPolicySpec>, person: Person<'_>) -> Vec<String> {
    /// As many as a decision has room for.
    const MOST: usize = 64;
    let holds = |group: &String| match policy {
        Some(policy) => {
            let mut subjects = policy.holders.iter().flat_map(|holder| &holder.subjects);
            subjects.any(|subject| subject.kind == SubjectKind::Group && &subject.name == group)
        }
        None => !group.starts_with("system:") && !group.is_empty() && group.chars().count() <= 256,
    };
    let mut groups: Vec<String> = person.groups.iter().filter(|group| holds(group)).cloned().collect();
    groups.sort_unstable();
    groups.dedup();
    groups.truncate(MOST);
    groups
}
