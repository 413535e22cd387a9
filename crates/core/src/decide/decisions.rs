//! Which decisions are about this agreement at its current revision. The others are shown as ignored, with the reason.

use jiff::{SignedDuration, Timestamp};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::observed::{Guard, Observed};
use crate::text;
use countersign_api::agreement_status::{IgnoredDecision, TermsRevision, WaitingAction};
use countersign_api::conditions::{condition, ignored, reason};
use countersign_api::{Action, AgreementDecision, CustomerAgreementStatus};

/// A decision made within this time of the admission policies' return may have been let through before they held.
const GUARD_SETTLES: SignedDuration = SignedDuration::from_secs(10);

/// A decision that names this agreement at its current revision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurrentDecision<'a> {
    pub(crate) object: &'a AgreementDecision,
    pub(crate) name: &'a str,
    /// Server time, whole seconds: the only time that is trusted.
    pub(crate) time: Timestamp,
    /// Who made it.
    pub(crate) made_by: &'a str,
    /// The person who decides by it: the one who made it, or the representative for whom it was recorded.
    pub(crate) acts_for: &'a str,
    /// Whether it was recorded for a representative by another person.
    pub(crate) attested: bool,
    /// Whether the last status counts it. Then it goes on counting, whatever roles the person has lost since.
    pub(crate) already_counts: bool,
}

impl<'a> CurrentDecision<'a> {
    /// Who recorded it, if not the representative.
    pub(crate) fn attested_by(&self) -> Option<String> {
        self.attested.then(|| self.made_by.to_owned())
    }

    /// The reason that was given.
    pub(crate) fn reason(&self) -> String {
        text::reason(self.object.spec.reason.as_deref().unwrap_or_default())
    }

    /// Whether it was made before another: by server time; within one second what already counts comes first, then by name.
    pub(crate) fn precedes(&self, other: &CurrentDecision<'_>) -> bool {
        (self.time, !self.already_counts, self.name) < (other.time, !other.already_counts, other.name)
    }

    pub(crate) const fn action(&self) -> Action {
        self.object.spec.action
    }

    pub(crate) fn digest(&self) -> &'a str {
        &self.object.spec.agreement_ref.digest
    }
}

/// The decisions of one agreement.
#[derive(Debug, Default)]
pub(crate) struct Decisions<'a> {
    /// Those of the current revision, by server time and name: the order in which they were listed says nothing.
    pub(crate) current: Vec<CurrentDecision<'a>>,
    pub(crate) ignored: IgnoredDecisions,
    /// How many wait to be evaluated until the guard is active again.
    pub(crate) held_back: usize,
    /// Digests of this revision that can be decided on, as far as they are known.
    pub(crate) digests: Vec<String>,
}

impl<'a> Decisions<'a> {
    /// Separates the decisions on this agreement at a revision from those on something else.
    pub(crate) fn on(observed: &Observed<'a>, revision: &TermsRevision) -> Self {
        let mut decisions = Self { digests: vec![revision.digest.clone()], ..Self::default() };
        let name = observed.agreement.metadata.name.as_deref().unwrap_or_default();
        let uid = observed.agreement.metadata.uid.as_deref().unwrap_or_default();
        let born = observed.agreement.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let counted_before = counted_before(observed.agreement.status.as_ref(), revision);
        let unguarded = Unguarded::of(observed.agreement.status.as_ref());
        for object in observed.decisions {
            let spec = &object.spec;
            let Some(time) = object.metadata.creation_timestamp.as_ref().map(|time| time.0) else { continue };
            let decision_name = object.metadata.name.as_deref().unwrap_or_default();
            let attested = spec.on_behalf_of.is_some()
                && spec.function.is_none()
                && matches!(
                    spec.action,
                    Action::Confirm | Action::Decline | Action::RequestChange | Action::Sign
                );
            let person = if attested { spec.on_behalf_of.as_deref() } else { None };
            let decision = CurrentDecision {
                object,
                name: decision_name,
                time,
                made_by: &spec.decided_by.username,
                acts_for: person.unwrap_or(&spec.decided_by.username),
                attested,
                already_counts: counted_before.contains(&decision_name),
            };
            let named = &spec.agreement_ref;
            if named.uid != uid {
                // A decision on an earlier agreement of the same name is history and need not be shown.
                if named.name == name && born.is_none_or(|born| time >= born) {
                    let message = format!(
                        "it names uid {}, and this agreement's is {uid}: decide again",
                        text::id(&named.uid)
                    );
                    decisions.ignored.add(&decision, Ignored::new(ignored::STALE, message));
                }
                continue;
            }
            if named.name != name {
                let message =
                    format!("it names the agreement {:?}, and this one is {name:?}", text::name(&named.name));
                decisions.ignored.add(&decision, Ignored::new(ignored::STALE, message));
                continue;
            }
            if named.revision != revision.revision {
                let message = format!(
                    "it was made on revision {}, and the terms are at revision {}: decide again on what they say now",
                    named.revision, revision.revision
                );
                decisions.ignored.add(&decision, Ignored::new(ignored::STALE, message));
                continue;
            }
            if !decision.already_counts {
                let guarded = match &observed.guard {
                    Guard::Inactive { .. } => {
                        decisions.held_back += 1;
                        continue;
                    }
                    Guard::Active { since: None } => true,
                    Guard::Active { since: Some(since) } => {
                        time >= since.checked_add(GUARD_SETTLES).unwrap_or(*since)
                            && !unguarded.holds(decision_name)
                    }
                };
                if !guarded {
                    decisions.ignored.add(
                    &decision,
                    Ignored::new(
                        ignored::BEFORE_GUARD,
                        "it was made when the admission policies were not known to be in force: decide again",
                    ),
                );
                    continue;
                }
            }
            decisions.current.push(decision);
        }
        decisions.current.sort_by(|a, b| (a.time, a.name).cmp(&(b.time, b.name)));
        decisions
    }

    /// Those of one kind, in order.
    pub(crate) fn of_kind(&self, action: Action) -> Vec<CurrentDecision<'a>> {
        self.current.iter().filter(|decision| decision.action() == action).copied().collect()
    }

    /// Server time of the first one of these names.
    pub(crate) fn first_of(&self, names: &[&str]) -> Option<Timestamp> {
        let named = self.current.iter().filter(|decision| names.contains(&decision.name));
        named.map(|decision| decision.time).min()
    }

    /// Those that name what can be decided on. A decision on anything else has no effect on other people's.
    pub(crate) fn binding(&self) -> Vec<CurrentDecision<'a>> {
        let names =
            |decision: &&CurrentDecision<'a>| self.digests.iter().any(|digest| decision.digest() == digest);
        self.current.iter().filter(names).copied().collect()
    }
}

/// Why a decision does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ignored {
    /// One of `conditions::ignored`.
    reason: &'static str,
    /// For the person who made it: what is wrong, and what to do.
    message: String,
}

impl Ignored {
    pub(crate) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

/// Decisions that do not count.
#[derive(Debug, Default)]
pub(crate) struct IgnoredDecisions(Vec<(Timestamp, IgnoredDecision)>);

impl IgnoredDecisions {
    pub(crate) fn add(&mut self, decision: &CurrentDecision<'_>, ignored: Ignored) {
        let Ignored { reason, message } = ignored;
        let entry = IgnoredDecision {
            name: decision.name.to_owned(),
            username: text::user(decision.made_by),
            reason: reason.to_owned(),
            message: text::reason(&message),
        };
        self.0.push((decision.time, entry));
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub(crate) fn newest(self) -> Vec<IgnoredDecision> {
        newest(self.0)
    }
}

/// The newest 20, oldest first.
pub(crate) fn newest<T: Ord>(mut ignored: Vec<(T, IgnoredDecision)>) -> Vec<IgnoredDecision> {
    ignored.sort_by(|(a_time, a), (b_time, b)| (a_time, &a.name).cmp(&(b_time, &b.name)));
    let skip = ignored.len().saturating_sub(20);
    ignored.into_iter().skip(skip).map(|(_, entry)| entry).collect()
}

/// Decisions that were made while the guard was inactive, as far as the status says: if it shows the guard as inactive, all
/// that do not count already; later, those that it lists as ignored for that reason.
struct Unguarded<'a> {
    all: bool,
    told: Vec<&'a str>,
}

impl<'a> Unguarded<'a> {
    fn of(status: Option<&'a CustomerAgreementStatus>) -> Self {
        let ready = status.iter().flat_map(|status| &status.conditions).find(|c| c.type_ == condition::READY);
        let told = status.iter().flat_map(|status| &status.ignored_decisions);
        Self {
            all: ready.is_some_and(|ready| ready.reason == reason::GUARD_INACTIVE),
            told: told
                .filter(|told| told.reason == ignored::BEFORE_GUARD)
                .map(|told| told.name.as_str())
                .collect(),
        }
    }

    fn holds(&self, decision: &str) -> bool {
        self.all || self.told.contains(&decision)
    }
}

/// Names of the decisions that already count for this revision.
fn counted_before<'a>(status: Option<&'a CustomerAgreementStatus>, revision: &TermsRevision) -> Vec<&'a str> {
    let Some(status) = status else { return Vec::new() };
    if status.terms.as_ref() != Some(revision) {
        return Vec::new();
    }
    counted(status)
}

/// Names of the decisions that count in a status.
pub(crate) fn counted(status: &CustomerAgreementStatus) -> Vec<&str> {
    let confirmed = status.confirmation.iter().flat_map(|c| c.decisions.iter().map(|d| d.decision.as_str()));
    let approved = status.approvals.iter().flat_map(|a| a.decided_by.iter().map(|d| d.decision.as_str()));
    let signed = status.sign_off.iter().flat_map(|s| s.signatures.iter().map(|d| d.decision.as_str()));
    let changed = status.change_request.iter().map(|change| change.decision.as_str());
    let ended = status.closed.iter().flat_map(|closed| closed.decisions.iter().map(String::as_str));
    confirmed.chain(approved).chain(signed).chain(changed).chain(ended).collect()
}

/// Why a decision is too late, if it is. What already counts was in time.
pub(crate) fn late(
    observed: &Observed<'_>,
    decision: &CurrentDecision<'_>,
    wait: Option<WaitingAction>,
) -> Option<Ignored> {
    if decision.already_counts {
        return None;
    }
    let status = observed.agreement.status.as_ref();
    // Once shown as late it stays late: after a request for change the wait is not in the status any more.
    let mut told = status.iter().flat_map(|status| &status.ignored_decisions);
    if let Some(told) = told.find(|told| told.name == decision.name && told.reason == ignored::LATE) {
        return Some(Ignored::new(ignored::LATE, told.message.clone()));
    }
    let advice = match wait {
        Some(WaitingAction::Confirm) => "; ask the account owner for a new offer",
        _ => "",
    };
    let offer_end = observed.offer_end();
    if decision.time > offer_end {
        let message = format!("the offer ended at {}{advice}", text::time(&Time(offer_end)));
        return Some(Ignored::new(ignored::LATE, message));
    }
    let waiting = status?.waiting_for.iter().find(|waiting| Some(waiting.action) == wait)?;
    let end = waiting.wait_end_time.as_ref()?;
    (decision.time > end.0).then(|| {
        let message = format!("the time to answer ended at {}{advice}", text::time(end));
        Ignored::new(ignored::LATE, message)
    })
}
