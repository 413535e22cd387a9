//! The provider's own agreement (S4): each step by its quorum of distinct people who act with enough authority.

use std::collections::BTreeSet;

use super::assessed::assessed;
use super::exported_agreement::ExportedAgreement;
use super::report::{Claim, Statement};
use crate::decide::rank;
use crate::text;
use countersign_api::Action;
use countersign_api::agreement_status::{Approval, ApprovalState};
use countersign_api::delegation_policy::EscalationTiming;

/// The digest that managers decide on, if the policy is in the export and says so.
pub(super) fn digest<'a>(exported: &'a ExportedAgreement<'_>) -> Option<&'a str> {
    let timing = exported.policy?.spec.rules.escalation.timing;
    let left_out = exported.status.orders.iter().any(|order| order.confirmed == Some(false));
    match timing {
        EscalationTiming::AfterConfirmation => exported.confirmation_digest(),
        // A refusal from before the customer left something out still counts; which of the two digests it names is checked by
        // the replay.
        EscalationTiming::BeforeConfirmation if left_out => None,
        EscalationTiming::BeforeConfirmation => Some(exported.terms_digest()),
    }
}

/// One statement for each step.
pub(super) fn check(exported: &ExportedAgreement<'_>) -> Vec<Statement> {
    let needs = assessed(exported).map(|found| found.needs).unwrap_or_default();
    let steps = exported.status.approvals.iter();
    steps.map(|step| one(exported, &needs, step).about(format!("{} {}", step.function, step.level))).collect()
}

fn one(exported: &ExportedAgreement<'_>, needs: &[(String, String)], step: &Approval) -> Statement {
    let claim = Claim::Approval;
    let mut faults = Vec::new();
    let mut unknown = Vec::new();
    let mut people: BTreeSet<&str> = BTreeSet::new();
    let mut approved = 0;
    let mut names = Vec::new();
    let need = needs.iter().find(|(function, _)| *function == step.function);
    for verdict in &step.decided_by {
        let refusal = exported
            .decision(&verdict.decision)
            .is_some_and(|decision| decision.spec.action == Action::Refuse);
        let own = [Some(verdict.username.as_str()), verdict.on_behalf_of.as_deref()];
        for person in own.into_iter().flatten() {
            if !people.insert(exported.canonical(person)) && !refusal {
                faults.push(format!("{:?} counts twice", text::user(person)));
            }
        }
        if !refusal {
            approved += 1;
            names.push(text::user(&verdict.username));
        }
        let Some(policy) = exported.policy else {
            unknown.push("levels are in the policy, which is not in the export".to_owned());
            continue;
        };
        let rank = |function: &str, level: &str| rank(&policy.spec.rules, function, level);
        if let Some((function, level)) = need.filter(|_| !refusal)
            && rank(function, &verdict.level) < rank(function, level)
        {
            faults.push(format!(
                "{:?} acted with {}, and {level} is needed",
                text::user(&verdict.username),
                text::id(&verdict.level)
            ));
        }
    }
    if let Some(policy) = exported.policy {
        let rule = crate::decide::quorum(&policy.spec.rules, &step.function, &step.level);
        if rule != step.quorum {
            faults.push(format!("the policy wants {rule} of that level, and the status {}", step.quorum));
        }
    }
    let quorum = usize::try_from(step.quorum).unwrap_or(usize::MAX);
    match step.state {
        ApprovalState::Approved if approved < quorum => {
            faults.push(format!("{quorum} must approve, and {approved} did"));
        }
        ApprovalState::Refused if approved == step.decided_by.len() => {
            faults.push("nobody refused".to_owned());
        }
        _ => {}
    }
    if faults.is_empty() && !unknown.is_empty() {
        unknown.dedup();
        return claim.not_checked(unknown.join("; "));
    }
    let because = match step.state {
        ApprovalState::Approved => format!("by {}; {quorum} must", text::join_and(&names)),
        state => format!("{state:?}, {approved} of {quorum}"),
    };
    claim.unless(&faults, because)
}
