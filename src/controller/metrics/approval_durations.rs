//! The waits for managers that a status shows, and how one ended: from the status before and after, and the times in both.

use std::sync::Arc;

use jiff::Timestamp;

use crate::controller::metrics::authority_labels::Outcome;
use countersign_api::agreement_status::{
    Approval, ApprovalState, ApprovalVerdict, AskedLevel, ClosedOutcome, WaitingAction,
};
use countersign_api::{AgreementDecision, CustomerAgreementStatus};

/// A wait for a level that is over.
#[derive(Debug, PartialEq)]
pub(crate) struct Ended<'a> {
    pub(crate) function: &'a str,
    pub(crate) level: &'a str,
    pub(crate) outcome: Outcome,
    pub(crate) seconds: f64,
}

/// The steps that are waited for, each with the level that is asked. A step keeps its state while an author changes the
/// terms and after the agreement ended, but nobody waits for it then.
pub(crate) fn open(status: &CustomerAgreementStatus) -> impl Iterator<Item = (&Approval, &AskedLevel)> {
    let waits = status.waiting_for.iter().any(|wait| wait.action == WaitingAction::Approve);
    let steps = status
        .approvals
        .iter()
        .filter(move |step| waits && matches!(step.state, ApprovalState::Waiting | ApprovalState::Exhausted));
    steps.filter_map(|step| Some((step, step.asked.last()?)))
}

/// The waits of `before` that are over in `after`. Those that fell away with other terms, or with the agreement, are not
/// among them: they say nothing of who was asked.
pub(crate) fn ended<'a>(
    before: &'a CustomerAgreementStatus,
    after: &CustomerAgreementStatus,
    decisions: &[Arc<AgreementDecision>],
    now: Timestamp,
) -> Vec<Ended<'a>> {
    let over = |(step, asked): (&'a Approval, &'a AskedLevel)| {
        let same_question = |then: &&Approval| then.function == step.function && then.asked.contains(asked);
        let then = after.approvals.iter().find(same_question)?;
        let next = then.asked.iter().skip_while(|level| *level != asked).nth(1);
        let expired = after.closed.as_ref().filter(|closed| closed.outcome == ClosedOutcome::Expired);
        // Decided when the decision was made, whenever it was seen: people are not slow because nothing ran.
        let decided = || last_time(step, then, decisions).unwrap_or(now);
        let (outcome, end) = match (then.state, next, expired) {
            (ApprovalState::Approved, _, _) => (Outcome::Approved, decided()),
            (ApprovalState::Refused, _, _) => (Outcome::Refused, decided()),
            (_, Some(next), _) => (Outcome::Escalated, next.asked_time.0),
            (_, None, Some(closed)) => (Outcome::Expired, closed.time.0),
            _ => return None,
        };
        let seconds = end.duration_since(asked.asked_time.0).as_secs_f64().max(0.0);
        Some(Ended { function: &step.function, level: &asked.level, outcome, seconds })
    };
    open(before).filter_map(over).collect()
}

/// When the last of the decisions was made that a step has now and had not before.
fn last_time(before: &Approval, after: &Approval, decisions: &[Arc<AgreementDecision>]) -> Option<Timestamp> {
    let new = |verdict: &&ApprovalVerdict| !before.decided_by.contains(verdict);
    let named = |verdict: &ApprovalVerdict| {
        let mut named = decisions.iter().map(|decision| &decision.metadata);
        let found = named.find(|meta| meta.name.as_deref() == Some(verdict.decision.as_str()))?;
        found.creation_timestamp.as_ref().map(|time| time.0)
    };
    after.decided_by.iter().filter(new).filter_map(named).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Noon of a day in January.
    fn noon(day: u8) -> String {
        format!("2026-01-{day:02}T12:00:00Z")
    }

    /// A step of finance, by its state, the levels asked and their days, and the decisions that count.
    fn step(state: &str, asked: &[(&str, u8)], decided_by: &[&str]) -> Value {
        let asked = asked.iter().map(|(level, day)| json!({"level": level, "askedTime": noon(*day)}));
        let decided_by = decided_by
            .iter()
            .map(|name| json!({"decision": name, "username": "u", "level": "L1", "via": "User u"}));
        json!({
            "function": "finance", "level": "L1", "because": [], "state": state, "quorum": 1,
            "asked": asked.collect::<Vec<_>>(), "decidedBy": decided_by.collect::<Vec<_>>(),
        })
    }

    fn status(steps: &Value, action: Option<&str>) -> CustomerAgreementStatus {
        let waits = action.map(|action| json!({"who": "somebody", "for": action, "askedTime": noon(1)}));
        let waits: Vec<Value> = waits.into_iter().collect();
        serde_json::from_value(json!({"approvals": steps, "waitingFor": waits})).unwrap()
    }

    fn closed(steps: &Value, outcome: &str, day: u8) -> CustomerAgreementStatus {
        let closed = json!({"outcome": outcome, "reason": "", "time": noon(day)});
        serde_json::from_value(json!({"approvals": steps, "closed": closed})).unwrap()
    }

    fn decision(name: &str, day: u8) -> Arc<AgreementDecision> {
        let decision = json!({
            "apiVersion": "countersign.dev/v1alpha1", "kind": "AgreementDecision",
            "metadata": {"namespace": "n", "name": name, "creationTimestamp": noon(day)},
            "spec": {
                "agreementRef": {"name": "a", "uid": "u", "revision": 1, "digest": "sha256:0"},
                "action": "Approve", "function": "finance", "level": "L1", "decidedBy": {"username": "u"}
            }
        });
        Arc::new(serde_json::from_value(decision).unwrap())
    }

    /// What ended by the 20th, in days.
    fn over(
        before: &CustomerAgreementStatus,
        after: &CustomerAgreementStatus,
    ) -> Vec<(String, Outcome, f64)> {
        let decisions = [decision("first", 4), decision("second", 6)];
        let ended = ended(before, after, &decisions, noon(20).parse().unwrap());
        let days = ended.into_iter().map(|wait| {
            assert_eq!(wait.function, "finance");
            (wait.level.to_owned(), wait.outcome, wait.seconds / 86_400.0)
        });
        days.collect()
    }

    #[test]
    fn a_wait_ends_with_the_step_with_the_next_level_or_with_the_offer() {
        let l1 = [("L1", 2)];
        let waiting = status(&json!([step("Waiting", &l1, &[])]), Some("Approve"));
        let both = [("L1", 2), ("L2", 5)];
        let higher = status(&json!([step("Exhausted", &both, &["first"])]), Some("Approve"));
        let of = |level: &str, outcome, days| vec![(level.to_owned(), outcome, days)];
        for (before, after, expected) in [
            (
                &waiting,
                status(&json!([step("Approved", &l1, &["first"])]), Some("Sign")),
                of("L1", Outcome::Approved, 2.0),
            ),
            // The second of two; the first was counted before.
            (
                &higher,
                status(&json!([step("Approved", &both, &["first", "second"])]), Some("Sign")),
                of("L2", Outcome::Approved, 1.0),
            ),
            // A decision that is gone leaves no time but that of the write.
            (
                &waiting,
                status(&json!([step("Approved", &l1, &["gone"])]), Some("Sign")),
                of("L1", Outcome::Approved, 18.0),
            ),
            (
                &waiting,
                closed(&json!([step("Refused", &l1, &["second"])]), "Refused", 7),
                of("L1", Outcome::Refused, 4.0),
            ),
            (
                &waiting,
                status(&json!([step("Waiting", &both, &[])]), Some("Approve")),
                of("L1", Outcome::Escalated, 3.0),
            ),
            (
                &waiting,
                closed(&json!([step("Waiting", &l1, &[])]), "Expired", 8),
                of("L1", Outcome::Expired, 6.0),
            ),
            // The clocks of the two servers differ.
            (
                &status(&json!([step("Waiting", &[("L1", 5)], &[])]), Some("Approve")),
                status(&json!([step("Approved", &[("L1", 5)], &["first"])]), Some("Sign")),
                of("L1", Outcome::Approved, 0.0),
            ),
        ] {
            assert_eq!(over(before, &after), expected, "{after:?}");
            assert_eq!(over(&after, &after), [], "it ended once: {after:?}");
        }
    }

    #[test]
    fn a_wait_that_goes_on_or_falls_away_has_not_ended() {
        let l1 = [("L1", 2)];
        let waiting = status(&json!([step("Waiting", &l1, &[])]), Some("Approve"));
        for after in [
            // The first of two who must approve; and nobody is left to be asked.
            status(&json!([step("Waiting", &l1, &["first"])]), Some("Approve")),
            status(&json!([step("Exhausted", &l1, &[])]), Some("Approve")),
            // Somebody asked for other terms; other terms were requested again, or need nobody.
            status(&json!([step("Waiting", &l1, &[])]), Some("Edit")),
            status(&json!([step("Approved", &[("L1", 9)], &["second"])]), Some("Approve")),
            status(&json!([]), Some("Confirm")),
            closed(&json!([step("Waiting", &l1, &[])]), "Withdrawn", 8),
            closed(&json!([step("Waiting", &l1, &[])]), "Declined", 8),
        ] {
            assert_eq!(over(&waiting, &after), [], "{after:?}");
        }
    }

    #[test]
    fn nobody_is_waited_for_while_the_terms_are_changed_or_after_the_end() {
        let steps = json!([step("Waiting", &[("L1", 2)], &[]), step("Next", &[], &[])]);
        assert_eq!(open(&status(&steps, Some("Approve"))).count(), 1);
        let resting = status(&steps, Some("Edit"));
        assert_eq!(open(&resting).count(), 0);
        let expired = closed(&steps, "Expired", 8);
        assert_eq!(open(&expired).count(), 0);
        assert_eq!(over(&resting, &expired), [], "it was the author who was waited for");
    }
}
