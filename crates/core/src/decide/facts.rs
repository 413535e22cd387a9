//! The facts of an agreement that is neither sealed nor closed, derived each time from what was read.
//!
//! In steps, each with a value of its own: `decisions` that name this revision, `rules` found or not, the `evaluation` under
//! them, what stops it (`endings`, `change_request`), the `stage` that it is in, and whom that waits for (`waiting`).

use jiff::Timestamp;

use super::decisions::{Decisions, Ignored};
use super::endings::{self, End};
use super::evaluation::{self, Evaluation};
use super::fault::{Fault, FaultKind};
use super::observed::Observed;
use super::rules::Rules;
use super::stage::Stage;
use super::{approval, calendar, change_request, pinned, waiting};
use countersign_api::Action;
use countersign_api::agreement_status::{ChangeRequest, Pinned, TermsRevision, Waiting};
use countersign_api::conditions::ignored;

/// Every fact of an open agreement.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) revision: TermsRevision,
    pub(crate) rules: Rules<Evaluation<'a>>,
    pub(crate) change: Option<ChangeRequest>,
    pub(crate) decisions: Decisions<'a>,
    pub(crate) stage: Stage,
    pub(crate) waits: Vec<Waiting>,
    pub(crate) end: Option<End>,
}

impl<'a> Facts<'a> {
    /// Derives every fact.
    pub(crate) fn derive(observed: &Observed<'a>, now: Timestamp) -> Self {
        let revision = pinned::current_revision(observed);
        let mut decisions = Decisions::on(observed, &revision);
        let mut rules = pinned::rules(observed, &revision, now)
            .map(|found| evaluation::evaluate(observed, &revision, found, &mut decisions, now));
        leave_unevaluated(&rules, &mut decisions);
        let (set, refused) = match rules.found() {
            Some(evaluation) => (Some(evaluation.rules), evaluation.approved.refused.as_ref()),
            None => (None, None),
        };
        let ended = endings::by_people(observed, &revision, set, refused, &mut decisions);
        let change = change_request::find(observed, &revision, rules.found(), &mut decisions);
        if let Rules::Found(evaluation) = &mut rules {
            let goes_on = ended.is_none() && change.is_none() && evaluation.faults.is_empty();
            if goes_on && !calendar::is_over(observed.offer_end(), now) {
                approval::ask(observed, evaluation.rules, &mut evaluation.approved, now);
            } else {
                approval::rest(&mut evaluation.approved);
            }
        }
        let stage = Stage::of(&rules, change.is_some());
        let waits = waiting::waits(observed, &revision, &rules, stage, now);
        let end = ended.or_else(|| endings::by_time(observed, &rules, stage, &waits, now));
        Self { revision, rules, change, decisions, stage, waits, end }
    }

    /// What is wrong with the agreement.
    pub(crate) fn faults(&self) -> &[Fault] {
        match &self.rules {
            Rules::Found(evaluation) => &evaluation.faults,
            Rules::Gone(_) => &[],
            Rules::Faulty(faults) => faults,
        }
    }

    /// The kind of fault that comes first.
    pub(crate) fn worst_fault(&self) -> Option<FaultKind> {
        self.faults().iter().map(|fault| fault.kind).min()
    }

    /// The rules that this revision is pinned to.
    pub(crate) const fn pinned(&self) -> Option<&Pinned> {
        match &self.rules {
            Rules::Found(evaluation) => Some(&evaluation.pinned),
            Rules::Gone(gone) => Some(&gone.pinned),
            Rules::Faulty(_) => None,
        }
    }
}

/// Without rules nothing can be evaluated but what ends it or asks for other terms.
fn leave_unevaluated(rules: &Rules<Evaluation<'_>>, decisions: &mut Decisions<'_>) {
    let message = match rules {
        Rules::Found(_) => return,
        Rules::Gone(_) => {
            "the rules that the terms are pinned to are gone; decide again once the terms are offered again"
        }
        Rules::Faulty(_) => "the terms have faults; decide again once they are fixed",
    };
    for decision in decisions.current.iter().filter(|decision| !decision.already_counts) {
        match decision.action() {
            Action::Confirm | Action::Approve | Action::Refuse | Action::Sign | Action::Countersign => {
                decisions.ignored.add(decision, Ignored::new(ignored::OUT_OF_TURN, message));
            }
            Action::Decline | Action::Withdraw | Action::RequestChange => {}
        }
    }
}
