//! Where an open agreement is in the process.

use super::evaluation::{Evaluation, asks_managers_first};
use super::rules::Rules;

/// Where an open agreement is. Derived, never read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// A check failed.
    Invalid,
    /// The rules that were pinned are gone.
    RulesGone,
    /// The terms have to change: a party or a manager asked for it.
    Revising,
    /// The customer has to confirm (S2).
    Confirmation,
    /// Delegated managers have to approve (S4).
    Escalation,
    /// A signature is missing (S3).
    SignOff,
    /// Every signature is there.
    Complete,
}

impl Stage {
    pub(crate) fn of(rules: &Rules<Evaluation<'_>>, change_is_requested: bool) -> Self {
        let evaluation = match rules {
            Rules::Gone(_) => return Self::RulesGone,
            Rules::Faulty(_) => return Self::Invalid,
            Rules::Found(evaluation) => evaluation,
        };
        if !evaluation.faults.is_empty() {
            return Self::Invalid;
        }
        if change_is_requested {
            return Self::Revising;
        }
        let Evaluation { rules, confirmed, approved, signed, .. } = evaluation;
        match (confirmed.complete.is_some(), approved.complete.is_some(), signed.is_complete()) {
            (false, false, _) if asks_managers_first(*rules) => Self::Escalation,
            (false, _, _) => Self::Confirmation,
            (true, false, _) => Self::Escalation,
            (true, true, false) => Self::SignOff,
            (true, true, true) => Self::Complete,
        }
    }
}
