//! The conditions of a status: always all, in one order, each with the generation it speaks of.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::text;
use countersign_api::CustomerAgreement;
use countersign_api::conditions::{condition, reason};

/// The status of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    True,
    False,
    Unknown,
}

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl Holds {
    const fn word(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// Characters of a message. The API server takes 32,768; a status as a whole has to stay below 64 KiB.
const MAX_MESSAGE: usize = 8_000;

/// Conditions under construction. The time of a condition changes only when its status does.
pub(crate) struct Conditions<'a> {
    before: &'a [Condition],
    generation: Option<i64>,
    now: Timestamp,
    set: Vec<Condition>,
}

impl<'a> Conditions<'a> {
    pub(crate) fn of(agreement: &'a CustomerAgreement, now: Timestamp) -> Self {
        let before = agreement.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        Self { before, generation: agreement.metadata.generation, now, set: Vec::new() }
    }

    pub(crate) fn set(
        &mut self,
        type_: &str,
        holds: impl Into<Holds>,
        reason: &str,
        message: impl AsRef<str>,
    ) {
        let status = holds.into().word();
        let since = self.before.iter().find(|before| before.type_ == type_ && before.status == status);
        self.set.retain(|condition| condition.type_ != type_);
        self.set.push(Condition {
            type_: type_.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message: text::sanitize(message.as_ref(), MAX_MESSAGE),
            observed_generation: self.generation,
            last_transition_time: since.map_or(Time(self.now), |since| since.last_transition_time.clone()),
        });
    }

    /// Keeps a condition as it was; one that was never set is unknown.
    pub(crate) fn keep(&mut self, type_: &str) {
        match self.before.iter().find(|before| before.type_ == type_) {
            Some(before) => {
                self.set.push(Condition { observed_generation: self.generation, ..before.clone() })
            }
            None => self.set(type_, Holds::Unknown, reason::PROGRESSING, "not looked at yet"),
        }
    }

    /// A person has to fix something.
    pub(crate) fn stalled(&mut self, reason: &str, message: impl AsRef<str>) {
        self.set(condition::STALLED, Holds::True, reason, message);
    }

    /// The operator is at work.
    pub(crate) fn reconciling(&mut self, reason: &str, message: impl AsRef<str>) {
        self.set(condition::RECONCILING, Holds::True, reason, message);
    }

    /// What had to be fixed or was in progress still is.
    pub(crate) fn keep_abnormal(&mut self) {
        for type_ in [condition::RECONCILING, condition::STALLED] {
            if self.before.iter().any(|before| before.type_ == type_) {
                self.keep(type_);
            }
        }
    }

    /// Nothing has to be fixed any more.
    pub(crate) fn repaired(&mut self) {
        self.set.retain(|condition| condition.type_ != condition::STALLED);
    }

    /// Nothing has to be fixed and nothing is in progress any more.
    pub(crate) fn clear_abnormal(&mut self) {
        self.set.retain(|condition| {
            ![condition::RECONCILING, condition::STALLED].contains(&condition.type_.as_str())
        });
    }

    /// All of them: what was not set is as it was.
    pub(crate) fn finish(mut self) -> Vec<Condition> {
        for type_ in condition::ALWAYS {
            if !self.set.iter().any(|condition| condition.type_ == type_) {
                self.keep(type_);
            }
        }
        let order = condition::ALWAYS.iter().chain(&[condition::RECONCILING, condition::STALLED]);
        let position = |type_: &str| order.clone().position(|known| *known == type_);
        self.set.sort_by_key(|condition| position(&condition.type_));
        self.set
    }
}
