//! What follows from the pinned rules (S1, S4): class, value, and the approvals that are needed.

use super::assessed::{Assessed, assessed};
use super::differences::differences;
use super::exported_agreement::ExportedAgreement;
use super::reconstructed::moved_on;
use super::report::{Claim, Statement};
use crate::decide::rank;
use crate::text;
use countersign_api::agreement_status::{Classification, PinnedObject};
use countersign_api::delegation_policy::DelegationPolicy;

/// Whether catalogue and policy are in the export with the UIDs that are pinned.
pub(super) fn pinned(exported: &ExportedAgreement<'_>) -> Option<Statement> {
    let pinned = exported.status.pinned.as_ref()?;
    let mut missing = Vec::new();
    let mut look = |kind: &str, pinned: &PinnedObject, found: bool, other: Option<&str>| {
        if !found {
            let name = text::name(&pinned.name);
            let other = other.map_or_else(String::new, |other| {
                format!(", and the one of that name there has the uid {}", text::id(other))
            });
            missing
                .push(format!("{kind} `{name}` (uid {}) is not in the export{other}", text::id(&pinned.uid)));
        }
    };
    let export = exported.export;
    let named =
        export.catalogues.iter().find(|t| t.metadata.name.as_ref() == Some(&pinned.standard_terms.name));
    let other = named.and_then(|terms| terms.metadata.uid.as_deref());
    look("StandardTerms", &pinned.standard_terms, exported.catalogue.is_some(), other);
    let named = export.policies.iter().find(|p| p.metadata.name.as_ref() == Some(&pinned.policy.name));
    let other = named.and_then(|policy| policy.metadata.uid.as_deref());
    look("DelegationPolicy", &pinned.policy, exported.policy.is_some(), other);
    Some(if missing.is_empty() {
        Claim::Rules.ok(format!(
            "StandardTerms `{}` and DelegationPolicy `{}`, with the UIDs that are pinned",
            text::name(&pinned.standard_terms.name),
            text::name(&pinned.policy.name)
        ))
    } else {
        Claim::Rules.not_checked(missing.join("; "))
    })
}

/// Class, value and requirements, computed again from spec, catalogue and policy.
pub(super) fn recomputed(exported: &ExportedAgreement<'_>) -> Vec<Statement> {
    let status = exported.status;
    if status.pinned.is_none() || status.classification.is_none() {
        return Vec::new();
    }
    let claims = [Claim::Classification, Claim::Value, Claim::Requirements];
    let (Some(policy), Some(_)) = (exported.policy, exported.catalogue) else {
        let unknown = |claim: Claim| claim.not_checked("its rules are not in the export");
        return claims.into_iter().map(unknown).collect();
    };
    let Some(found) = assessed(exported) else {
        let unknown = |claim: Claim| claim.not_checked("its rules cannot be used");
        return claims.into_iter().map(unknown).collect();
    };
    let class =
        if found.deviations.is_empty() { Classification::Standard } else { Classification::NonStandard };
    let mut faults = Vec::new();
    if status.classification != Some(class) {
        faults.push(format!("the terms are {class:?} by the catalogue"));
    }
    faults.extend(differences("deviations", &status.deviations, &found.deviations));
    let deviating: Vec<String> =
        found.deviations.iter().map(|deviation| format!("`{}`", text::id(&deviation.term_id))).collect();
    let because = if deviating.is_empty() {
        "every term is standard".to_owned()
    } else {
        format!("not standard: {}", text::join_and(&deviating))
    };
    let mut statements = vec![Claim::Classification.unless(&faults, because)];

    let faults = differences("value", &status.value, &Some(&found.value));
    let shown = match (&found.value.total, &found.value.compared_total) {
        (Some(total), Some(whole)) => format!("{total}, together {whole}"),
        (Some(total), None) => total.clone(),
        (None, _) => "cannot be told".to_owned(),
    };
    let because = format!("{} {shown}", text::value(&found.value.currency));
    statements.push(settle(exported, Claim::Value.unless(&faults, because), &faults));

    let faults = requirements(exported, policy, &found);
    let needs: Vec<String> =
        found.needs.iter().map(|(function, level)| format!("{function} {level}")).collect();
    let because = if needs.is_empty() {
        "no approval is needed".to_owned()
    } else {
        format!("{} or higher", text::join_and(&needs))
    };
    statements.push(settle(exported, Claim::Requirements.unless(&faults, because), &faults));
    statements
}

/// What an amendment is compared with may have changed since: then a difference proves nothing.
fn settle(exported: &ExportedAgreement<'_>, statement: Statement, faults: &[String]) -> Statement {
    match moved_on(exported) {
        Some(why) if !faults.is_empty() => {
            statement.claim.not_checked(format!("{why}; today it would be otherwise: {}", faults.join("; ")))
        }
        _ => statement,
    }
}

fn requirements(
    exported: &ExportedAgreement<'_>,
    policy: &DelegationPolicy,
    found: &Assessed,
) -> Vec<String> {
    let steps = &exported.status.approvals;
    let mut faults = Vec::new();
    for (function, level) in &found.needs {
        match steps.iter().find(|step| step.function == *function) {
            None => faults.push(format!("{function} {level} must approve, and the status has no such step")),
            Some(step) => {
                let rules = &policy.spec.rules;
                if rank(rules, function, &step.level) < rank(rules, function, level) {
                    let asked = text::id(&step.level);
                    faults.push(format!(
                        "{function} {level} must approve, and the status asks {function} {asked}"
                    ));
                }
            }
        }
    }
    for step in steps.iter().filter(|step| !found.needs.iter().any(|(needed, _)| *needed == step.function)) {
        faults.push(format!("nothing asks for an approval of {}", text::id(&step.function)));
    }
    faults
}
