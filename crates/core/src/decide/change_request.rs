//! Requests for other terms: from a representative of the customer, or from a manager who could approve now.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::decisions::{Decisions, Ignored};
use super::evaluation::Evaluation;
use super::observed::Observed;
use super::{approval, party};
use countersign_api::Action;
use countersign_api::agreement_status::{ChangeRequest, TermsRevision};
use countersign_api::conditions::ignored;

/// The first RequestChange that counts.
pub(crate) fn find(
    observed: &Observed<'_>,
    revision: &TermsRevision,
    evaluation: Option<&Evaluation<'_>>,
    decisions: &mut Decisions<'_>,
) -> Option<ChangeRequest> {
    let rules = evaluation.map(|evaluation| evaluation.rules);
    let mut first = None;
    for decision in decisions.of_kind(Action::RequestChange) {
        let by_manager = decision.object.spec.function.is_some();
        let fault = match evaluation {
            Some(evaluation) if by_manager && decision.digest() == revision.digest => {
                let Evaluation { rules, approved, .. } = evaluation;
                approval::may_request_change(observed, *rules, approved, &decisions.binding(), &decision)
            }
            None if by_manager && decision.already_counts => None,
            None if by_manager => Some(Ignored::new(ignored::OUT_OF_TURN, "nobody is asked to approve yet")),
            _ => party::fault(observed, revision, rules, decisions, &decision),
        };
        match fault {
            Some(ignored) => decisions.ignored.add(&decision, ignored),
            None if first.is_none() => {
                first = Some(ChangeRequest {
                    decision: decision.name.to_owned(),
                    username: decision.acts_for.to_owned(),
                    reason: decision.reason(),
                    time: Time(decision.time),
                });
            }
            None => {
                let ignored = Ignored::new(ignored::NOT_REQUIRED, "a change was already asked for");
                decisions.ignored.add(&decision, ignored);
            }
        }
    }
    first
}
