//! Decisions that come when nothing can be decided any more: shown as ignored, never counted.

use jiff::Timestamp;

use super::commit::outcome_word;
use super::conditions::Conditions;
use super::decisions;
use super::observed::Observed;
use crate::text;
use countersign_api::CustomerAgreementStatus;
use countersign_api::agreement_status::IgnoredDecision;
use countersign_api::conditions::{condition, ignored};

/// The status of a closed agreement: as it was, apart from decisions that came too late.
pub(crate) fn closed(
    observed: &Observed<'_>,
    mut status: CustomerAgreementStatus,
    now: Timestamp,
) -> CustomerAgreementStatus {
    status.observed_generation = observed.agreement.metadata.generation;
    let mut conditions = Conditions::of(observed.agreement, now);
    for type_ in condition::ALWAYS {
        conditions.keep(type_);
    }
    status.conditions = conditions.finish();
    let word = status.closed.as_ref().map_or("", |closed| outcome_word(closed.outcome));
    status.phase = Some(word.to_owned());
    status.ignored_decisions = too_late(
        observed,
        &status,
        ignored::CLOSED,
        &format!("the agreement has ended ({word}); nothing can be decided on it any more"),
    );
    status
}

/// The ignored decisions of a sealed agreement.
pub(crate) fn after_sealing(
    observed: &Observed<'_>,
    status: &CustomerAgreementStatus,
) -> Vec<IgnoredDecision> {
    too_late(
        observed,
        status,
        ignored::SEALED,
        "the agreement is sealed; to change it, make an Amendment or a superseding agreement",
    )
}

/// What was ignored before, and what was stored after the last read that could count it: the newest 20.
fn too_late(
    observed: &Observed<'_>,
    status: &CustomerAgreementStatus,
    reason: &str,
    message: &str,
) -> Vec<IgnoredDecision> {
    let uid = observed.agreement.metadata.uid.as_deref().unwrap_or_default();
    let name = observed.agreement.metadata.name.as_deref().unwrap_or_default();
    let counted = decisions::counted(status);
    let times = |decision: &str| {
        let found = observed.decisions.iter().find(|own| own.metadata.name.as_deref() == Some(decision));
        found.and_then(|own| own.metadata.creation_timestamp.as_ref()).map(|time| time.0)
    };
    let last_counted = counted.iter().filter_map(|decision| times(decision)).max();
    let mut all: Vec<(Option<Timestamp>, IgnoredDecision)> =
        status.ignored_decisions.iter().map(|known| (times(&known.name), known.clone())).collect();
    for decision in observed.decisions {
        let spec = &decision.spec;
        let own_name = decision.metadata.name.as_deref().unwrap_or_default();
        let made = decision.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let new = spec.agreement_ref.uid == uid
            && spec.agreement_ref.name == name
            && !counted.contains(&own_name)
            && !status.ignored_decisions.iter().any(|known| known.name == own_name)
            && made >= last_counted;
        if new {
            all.push((
                made,
                IgnoredDecision {
                    name: own_name.to_owned(),
                    username: text::user(&spec.decided_by.username),
                    reason: reason.to_owned(),
                    message: message.to_owned(),
                },
            ));
        }
    }
    decisions::newest(all)
}
