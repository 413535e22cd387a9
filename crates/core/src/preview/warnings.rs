//! What is not wrong yet, and will cause trouble later.

use jiff::Timestamp;

use super::steps::Step;
use crate::decide::{Assessment, Observed, RuleSet, canonical, rank};
use crate::text;
use countersign_api::DelegationPolicySpec;
use countersign_api::agreement_status::WaitingAction;
use countersign_api::delegation_policy::Holder;
use countersign_api::references::Authority;
use countersign_api::subject::{Subject, SubjectKind};

pub(super) fn warnings(
    observed: &Observed<'_>,
    rules: Option<RuleSet<'_>>,
    assessed: Option<&Assessment>,
    steps: &[Step],
    now: Timestamp,
) -> Vec<String> {
    let mut warnings = times(observed, steps, now);
    if let (Some(rules), Some(assessed)) = (rules, assessed) {
        warnings.extend(levels(observed, rules, assessed, steps));
        let unvalued = assessed.valued.shown.not_valued.iter();
        warnings.extend(unvalued.map(|what| format!("it has no value for the limits: {what}")));
    }
    warnings
}

fn times(observed: &Observed<'_>, steps: &[Step], now: Timestamp) -> Vec<String> {
    let spec = &observed.agreement.spec;
    let mut warnings = Vec::new();
    let offer_end = &spec.offer_end_time;
    let last = steps.iter().map(|step| &step.latest_end_time).max_by_key(|end| end.0);
    if offer_end.0 <= now {
        warnings.push(format!(
            "`spec.offerEndTime` {} is over: the offer would expire at once",
            text::time(offer_end)
        ));
    } else if let Some(last) = last.filter(|last| last.0 > offer_end.0) {
        warnings.push(format!(
            "`spec.offerEndTime` {} leaves too little time: if everybody takes the time that the policy gives, sign-off ends at {}",
            text::time(offer_end),
            text::time(last)
        ));
    }
    let period = &spec.agreement_period;
    if period.start_time.0 < now {
        warnings.push(format!(
            "`spec.agreementPeriod.startTime` {} is in the past: it would begin before anybody signed",
            text::time(&period.start_time)
        ));
    } else if period.start_time.0 < offer_end.0 {
        warnings.push(format!(
            "`spec.agreementPeriod.startTime` {} is before the end of the offer, {}: it may begin before it is signed",
            text::time(&period.start_time),
            text::time(offer_end)
        ));
    }
    if let Some(end) = period.end_time.as_ref().filter(|end| end.0 <= now) {
        warnings.push(format!("`spec.agreementPeriod.endTime` {} is in the past", text::time(end)));
    }
    for order in &spec.orders {
        if let Some(start) = order.requested_start_time.as_ref().filter(|start| start.0 < now) {
            warnings.push(format!(
                "`spec.orders[{}].requestedStartTime` {} is in the past",
                text::id(&order.id),
                text::time(start)
            ));
        }
    }
    warnings
}

fn levels(observed: &Observed<'_>, rules: RuleSet<'_>, assessed: &Assessment, steps: &[Step]) -> Vec<String> {
    let approvals = || steps.iter().filter(|step| step.action == WaitingAction::Approve);
    let mut warnings = Vec::new();
    for need in &assessed.requirements.approvals {
        let asked =
            approvals().filter_map(|step| step.authority.as_ref()).find(|a| a.function == need.function);
        if let Some(asked) = asked.filter(|asked| asked.level != need.level) {
            warnings.push(format!(
                "nobody who may approve holds {} {}: {} {} is asked instead",
                need.function, need.level, asked.function, asked.level
            ));
        }
    }
    for step in approvals().filter(|step| {
        step.subjects.iter().all(|subject| subject.kind == SubjectKind::User)
            && step.subjects.len() < step.quorum
    }) {
        warnings.push(format!(
            "{} must approve {}, and the policy names {}",
            step.quorum,
            step.who,
            step.subjects.len()
        ));
    }
    let policy = &rules.policy.spec.rules;
    if policy.separation.distinct_approvers {
        let lone: Vec<(&Step, &Subject)> = approvals()
            .filter_map(|step| match step.subjects.as_slice() {
                [one] if one.kind == SubjectKind::User => Some((step, one)),
                _ => None,
            })
            .collect();
        for (at, (step, one)) in lone.iter().enumerate() {
            if let Some((other, _)) = lone.iter().skip(at + 1).find(|(_, own)| own == one) {
                warnings.push(format!(
                    "only {} holds both {} and {}, and one person may not approve twice: the second waits for a higher level",
                    text::user(&one.name),
                    step.who,
                    other.who
                ));
            }
        }
    }
    let unheld = assessed.requirements.exercised.iter().filter(|authority| {
        let signatories = &observed.agreement.spec.provider.signatories;
        !signatories.iter().any(|signatory| may_hold(&rules.policy.spec, &signatory.username, authority))
    });
    warnings.extend(unheld.map(|authority| {
        format!(
            "the person who countersigns must hold {} {}, and the policy names no signatory, and no group, as its holder",
            authority.function, authority.level
        )
    }));
    warnings
}

/// Whether somebody holds a level or a higher one by name, or could by a group, which only the decision shows.
fn may_hold(policy: &DelegationPolicySpec, username: &str, authority: &Authority) -> bool {
    let level = |level: &str| rank(&policy.rules, &authority.function, level);
    let enough = |holder: &&Holder| {
        holder.function == authority.function && level(&holder.level) >= level(&authority.level)
    };
    policy.holders.iter().filter(enough).flat_map(|holder| &holder.subjects).any(|subject| {
        match subject.kind {
            SubjectKind::Group => true,
            SubjectKind::User => canonical(policy, &subject.name) == canonical(policy, username),
        }
    })
}
