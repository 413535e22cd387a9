//! What a status write means in numbers, counted once the server has taken it.
//!
//! Everything is found by comparing the status before with the status after. Since when a phase held, or a level was
//! asked, stands in the status itself, so a restart forgets nothing.

use std::sync::Arc;

use jiff::Timestamp;

use crate::controller::metrics::approval_durations::{ended, open};
use crate::controller::metrics::{Metrics, OutcomeLabels, PhaseLabels, ReasonLabels};
use countersign_api::agreement_status::WaitingAction;
use countersign_api::conditions::{condition, ignored, phase};
use countersign_api::{AgreementDecision, CustomerAgreement, CustomerAgreementStatus};

/// Counts what became of an agreement. `after` is what the server stored on the ground of `before` and `decisions`.
pub(crate) fn record(
    metrics: &Metrics,
    before: &CustomerAgreement,
    decisions: &[Arc<AgreementDecision>],
    after: &CustomerAgreementStatus,
    now: Timestamp,
) {
    let (from, to) = (phase_of(before.status.as_ref()), phase_of(Some(after)));
    if from != to {
        if let Some(since) = since(before) {
            let seconds = now.duration_since(since).as_secs_f64().max(0.0);
            metrics.phase_seconds.get_or_create(&PhaseLabels { phase: from }).observe(seconds);
        }
        if phase::FINAL.contains(&to) {
            metrics.outcomes.get_or_create(&OutcomeLabels { outcome: to, phase: from }).inc();
        }
    }
    for reason in newly_ignored(before.status.as_ref(), after) {
        metrics.ignored.get_or_create(&ReasonLabels { reason }).inc();
    }
    for wait in before.status.iter().flat_map(|status| ended(status, after, decisions, now)) {
        metrics.authority_labels.observe(wait.function, wait.level, wait.outcome, wait.seconds);
    }
    for (step, asked) in open(after) {
        let _ = metrics.authority_labels.pair(&step.function, &asked.level);
    }
}

/// The word of the phase, from a fixed list: whatever stands in a status, there is no new series.
pub(crate) fn phase_of(status: Option<&CustomerAgreementStatus>) -> &'static str {
    let word = status.and_then(|status| status.phase.as_deref()).unwrap_or(phase::PENDING);
    phase::ALL.into_iter().find(|known| *known == word).unwrap_or("Other")
}

/// Since when the phase holds, by what the status says; `None` where it does not say.
fn since(agreement: &CustomerAgreement) -> Option<Timestamp> {
    let Some(status) = agreement.status.as_ref().filter(|status| status.phase.is_some()) else {
        return agreement.metadata.creation_timestamp.as_ref().map(|time| time.0);
    };
    let asked = |action| {
        let waits = status.waiting_for.iter().filter(|wait| wait.action == action);
        waits.map(|wait| wait.asked_time.0).min()
    };
    // A phase begins when the last of the conditions that it needs changes.
    let last_change = |types: &[&str]| {
        let conditions = status.conditions.iter().filter(|known| types.contains(&known.type_.as_str()));
        conditions.map(|known| known.last_transition_time.0).max()
    };
    match phase_of(Some(status)) {
        phase::PENDING => last_change(&[condition::VALID, condition::STALLED]),
        phase::AWAITING_CONFIRMATION => asked(WaitingAction::Confirm),
        phase::ESCALATED => {
            status.approvals.iter().flat_map(|step| &step.asked).map(|asked| asked.asked_time.0).min()
        }
        phase::REVISING => asked(WaitingAction::Edit),
        // Of two signatures the second is asked for later.
        phase::AWAITING_SIGN_OFF => last_change(&[
            condition::VALID,
            condition::UNDERSTOOD,
            condition::ACCEPTABLE,
            condition::APPROVED,
        ]),
        phase::ISSUING_ORDERS => status.sign_off.as_ref()?.sealed_time.as_ref().map(|time| time.0),
        _ => None,
    }
}

/// Why decisions do not count that were not shown as ignored before. One that is ignored for another reason now was
/// counted already.
fn newly_ignored(
    before: Option<&CustomerAgreementStatus>,
    after: &CustomerAgreementStatus,
) -> Vec<&'static str> {
    let shown = |name: &str| {
        before.iter().flat_map(|status| &status.ignored_decisions).any(|known| known.name == name)
    };
    let new = after.ignored_decisions.iter().filter(|decision| !shown(&decision.name));
    new.filter_map(|decision| ignored::ALL.into_iter().find(|known| *known == decision.reason)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn agreement(status: &Value) -> CustomerAgreement {
        serde_json::from_value(json!({
            "apiVersion": "countersign.dev/v1alpha1", "kind": "CustomerAgreement",
            "metadata": {"namespace": "n", "name": "a", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {
                "title": "a", "agreementType": "Commercial", "offerVersion": 1,
                "customer": {"id": "c", "name": "Customer", "representatives": []},
                "provider": {"id": "p", "name": "Provider", "ownerUsername": "owner", "signatories": []},
                "agreementPeriod": {"startTime": "2026-01-01T00:00:00Z"},
                "offerEndTime": "2026-12-31T00:00:00Z",
                "standardTermsRef": {"name": "standard"}
            },
            "status": status,
        }))
        .unwrap()
    }

    /// Noon of a day in January.
    fn noon(day: u8) -> String {
        format!("2026-01-{day:02}T12:00:00Z")
    }

    fn changed(type_: &str, holds: &str, day: u8) -> Value {
        json!({"type": type_, "status": holds, "reason": "R", "message": "", "lastTransitionTime": noon(day)})
    }

    fn wait(action: &str, day: u8) -> Value {
        json!({"who": "somebody", "for": action, "askedTime": noon(day)})
    }

    fn ignoring(decisions: &[(&str, &str)]) -> CustomerAgreementStatus {
        let decisions = decisions.iter().map(
            |(name, reason)| json!({"name": name, "username": "somebody", "reason": reason, "message": ""}),
        );
        serde_json::from_value(json!({"ignoredDecisions": decisions.collect::<Vec<_>>()})).unwrap()
    }

    #[test]
    fn the_status_says_since_when_a_phase_holds() {
        let step = |days: &[u8]| {
            let asked: Vec<Value> =
                days.iter().map(|day| json!({"level": "l", "askedTime": noon(*day)})).collect();
            json!({
                "function": "f", "level": "l", "because": [], "state": "Waiting", "quorum": 1, "asked": asked
            })
        };
        let cases = [
            // Faults were found on the 2nd; before that, an agreement stalled for the guard.
            (
                json!({"phase": "Pending", "conditions": [changed("Valid", "False", 3), changed("Stalled", "True", 2)]}),
                noon(3),
            ),
            // The rules are gone since the 5th, and what was valid stays so.
            (
                json!({"phase": "Pending", "conditions": [changed("Valid", "True", 2), changed("Stalled", "True", 5)]}),
                noon(5),
            ),
            (json!({"phase": "AwaitingConfirmation", "waitingFor": [wait("Confirm", 4)]}), noon(4)),
            // The second step of a sequence was asked later, and so was the second level of the first.
            (json!({"phase": "Escalated", "approvals": [step(&[6, 8]), step(&[9])]}), noon(6)),
            (json!({"phase": "Revising", "waitingFor": [wait("Edit", 7)]}), noon(7)),
            // The countersignature is waited for since the 12th only.
            (
                json!({
                    "phase": "AwaitingSignOff", "waitingFor": [wait("Countersign", 12)],
                    "conditions": [
                        changed("Ready", "False", 2), changed("Valid", "True", 2), changed("Understood", "True", 8),
                        changed("Acceptable", "True", 9), changed("Approved", "True", 10),
                        changed("SignedOff", "False", 2), changed("OrdersIssued", "False", 11),
                    ],
                }),
                noon(10),
            ),
            (json!({"phase": "IssuingOrders", "signOff": {"sealedTime": noon(13)}}), noon(13)),
            // Not looked at yet.
            (json!({}), "2026-01-01T00:00:00Z".to_owned()),
        ];
        for (status, expected) in cases {
            let expected: Timestamp = expected.parse().unwrap();
            assert_eq!(since(&agreement(&status)), Some(expected), "{status}");
        }
    }

    #[test]
    fn a_status_that_does_not_say_since_when_is_not_measured() {
        for phase in ["Pending", "AwaitingConfirmation", "Escalated", "Revising", "AwaitingSignOff", "Agreed"]
        {
            assert_eq!(since(&agreement(&json!({"phase": phase}))), None, "{phase}");
        }
    }

    #[test]
    fn a_decision_is_counted_once_however_often_its_reason_changes() {
        let before = ignoring(&[("early", "OutOfTurn")]);
        let after = ignoring(&[("early", "Conflicts"), ("late", "Late"), ("strange", "NoSuchReason")]);
        assert_eq!(newly_ignored(None, &before), ["OutOfTurn"]);
        assert_eq!(newly_ignored(Some(&before), &after), ["Late"]);
        assert!(newly_ignored(Some(&after), &after).is_empty());
    }

    #[test]
    fn a_phase_of_another_version_is_no_new_series() {
        let status = agreement(&json!({"phase": "Nowhere"})).status;
        assert_eq!(phase_of(status.as_ref()), "Other");
        assert_eq!(phase_of(None), "Pending");
    }

    #[test]
    fn an_agreement_ends_once_in_the_phase_in_which_it_was() {
        let metrics = Metrics::new();
        let waiting =
            agreement(&json!({"phase": "AwaitingConfirmation", "waitingFor": [wait("Confirm", 4)]}));
        let ended = agreement(&json!({"phase": "Declined"}));
        let status = ended.status.clone().unwrap();
        record(&metrics, &waiting, &[], &status, noon(5).parse().unwrap());
        record(&metrics, &ended, &[], &status, noon(6).parse().unwrap());
        let text = metrics.render().unwrap();
        for line in [
            "countersign_agreement_outcomes_total{outcome=\"Declined\",phase=\"AwaitingConfirmation\"} 1",
            "countersign_phase_duration_seconds_count{phase=\"AwaitingConfirmation\"} 1",
            "countersign_phase_duration_seconds_sum{phase=\"AwaitingConfirmation\"} 86400.0",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} is not in {text}");
        }
        let outcomes = text.lines().filter(|line| line.starts_with("countersign_agreement_outcomes_total"));
        assert_eq!(outcomes.filter(|line| !line.ends_with(" 0")).count(), 1, "{text}");
    }
}
