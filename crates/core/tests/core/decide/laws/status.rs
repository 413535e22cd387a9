//! Every status is whole, and says who must act.

use countersign_api::agreement_status::{CustomerAgreementStatus, Waiting, WaitingAction};
use countersign_api::conditions::{condition, phase};
use countersign_api::delegation_policy::Holder;
use proptest::prelude::*;

use super::config;
use testkit::history::{at_rest, everything};

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn every_status_says_who_must_act(history in everything()) {
        at_rest(&history, |world| {
            let status = world.status();
            conditions_are_complete(status, world.agreement.metadata.generation);
            phase_and_conditions_agree(status);
            assert!(status.ignored_decisions.len() <= 20);
            let nobody = |wait: &&Waiting| wait.subjects.is_empty();
            if let Some(wait) = status.waiting_for.iter().find(nobody) {
                let held = |holder: &Holder| {
                    wait.function.as_ref() == Some(&holder.function) && wait.level.as_ref() == Some(&holder.level)
                };
                let holders = world.policies.first().map(|policy| policy.spec.holders.as_slice());
                assert!(!holders.unwrap_or_default().iter().any(held), "{wait:?}");
            }
        });
    }
}

pub fn is_camel_case(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Every condition that is always there is there, in order, and says something.
pub fn conditions_are_complete(status: &CustomerAgreementStatus, generation: Option<i64>) {
    let types: Vec<&str> = status.conditions.iter().map(|condition| condition.type_.as_str()).collect();
    let (always, trouble) = types.split_at(condition::ALWAYS.len());
    assert_eq!(always, condition::ALWAYS);
    let known = [condition::RECONCILING, condition::STALLED];
    assert!(known.iter().filter(|known| trouble.contains(known)).eq(trouble), "{trouble:?}");
    for condition in &status.conditions {
        assert_eq!(condition.observed_generation, generation, "{condition:?}");
        assert!(is_camel_case(&condition.reason), "{condition:?}");
        assert!(!condition.message.trim().is_empty(), "{condition:?}");
        assert!(["True", "False", "Unknown"].contains(&condition.status.as_str()), "{condition:?}");
        if trouble.contains(&condition.type_.as_str()) {
            assert_eq!(condition.status, "True", "{condition:?}");
        }
    }
    assert_eq!(status.observed_generation, generation);
    assert!(phase::ALL.contains(&status.phase.as_deref().unwrap()), "{:?}", status.phase);
}

/// The table of phases: who must act, and what the conditions say.
fn phase_and_conditions_agree(status: &CustomerAgreementStatus) {
    let phase = status.phase.as_deref().unwrap();
    let of = |type_: &str| status.conditions.iter().find(|condition| condition.type_ == type_);
    let ready = of(condition::READY).unwrap();
    let stalled = of(condition::STALLED).map(|stalled| stalled.reason.as_str());
    let reconciling = of(condition::RECONCILING).is_some();
    assert_eq!(ready.status == "True", phase == phase::AGREED, "{ready:?}");
    assert_eq!(status.agreed_time.is_some(), phase == phase::AGREED);
    let ended = [phase::AGREED, phase::DECLINED, phase::REFUSED, phase::EXPIRED, phase::WITHDRAWN];
    if ended.contains(&phase) {
        assert!(status.waiting_for.is_empty() && status.waiting_on.is_none());
        assert!(stalled.is_none() && !reconciling, "{stalled:?}");
        assert_eq!(ready.reason, phase);
        return;
    }
    for wait in &status.waiting_for {
        assert!(!wait.who.trim().is_empty(), "{phase}: {wait:?}");
        assert!(wait.subjects.iter().all(|subject| !subject.subject.name.is_empty()), "{phase}: {wait:?}");
        assert!(wait.digest.is_some() && wait.deadline_time.is_some(), "{phase}: {wait:?}");
        // All who held the level that is asked may have left since.
        assert!(!wait.subjects.is_empty() || wait.action == WaitingAction::Approve, "{phase}: {wait:?}");
    }
    let troubled = stalled.is_some() || reconciling;
    assert!(!status.waiting_for.is_empty() || troubled, "{phase}: nobody has to act");
    assert!(
        status.waiting_on.as_ref().is_some_and(|line| !line.is_empty()) || phase == phase::ISSUING_ORDERS
    );
    // A fault that stalls is the reason why it is not ready; a level that stays silent is a wait like others.
    let anywhere = ["PolicyMissing", "TermsMissing", "GuardInactive"];
    let expected: &[&str] = match phase {
        phase::PENDING => &["TermsInvalid", "NoPolicy", "PolicyConflict", "NoAuthority", "LinkInvalid"],
        phase::AWAITING_CONFIRMATION => &["AwaitingConfirmation"],
        phase::ESCALATED => &["AwaitingApproval"],
        phase::REVISING => &["ChangeRequested"],
        phase::AWAITING_SIGN_OFF => &["AwaitingSignature"],
        _ => &["IssuingOrders", "NameConflict"],
    };
    let reason = ready.reason.as_str();
    assert!(expected.contains(&reason) || anywhere.contains(&reason), "{phase}: {reason}");
    match phase {
        phase::PENDING => assert_eq!(stalled, Some(reason)),
        phase::ISSUING_ORDERS => {
            assert!(reconciling && stalled.is_none_or(|reason| reason == "NameConflict"))
        }
        _ if anywhere.contains(&reason) => assert_eq!(stalled, Some(reason)),
        phase::ESCALATED => assert!(stalled.is_none_or(|reason| reason == "EscalationExhausted")),
        _ => assert_eq!(stalled, None),
    }
    assert_eq!(reconciling, phase == phase::ISSUING_ORDERS);
}
