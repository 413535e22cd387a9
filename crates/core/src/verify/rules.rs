//! What the pinned rules make of an agreement (S1, S4): class, value, and the approvals that it takes.

use serde_json::Value;

use super::report::{Claim, Statement};
use super::{Subject, replay};
use crate::decide::rank;
use crate::text;
use countersign_api::agreement_status::{Classification, PinnedObject};
use countersign_api::delegation_policy::DelegationPolicy;

/// Whether catalogue and policy are in the export with the UIDs that are pinned.
pub(super) fn pinned(subject: &Subject<'_>) -> Option<Statement> {
    let pinned = subject.status.pinned.as_ref()?;
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
    let export = subject.export;
    let named =
        export.catalogues.iter().find(|t| t.metadata.name.as_ref() == Some(&pinned.standard_terms.name));
    let other = named.and_then(|terms| terms.metadata.uid.as_deref());
    look("StandardTerms", &pinned.standard_terms, subject.catalogue.is_some(), other);
    let named = export.policies.iter().find(|p| p.metadata.name.as_ref() == Some(&pinned.policy.name));
    let other = named.and_then(|policy| policy.metadata.uid.as_deref());
    look("DelegationPolicy", &pinned.policy, subject.policy.is_some(), other);
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

/// Class, value and requirements, computed anew from spec, catalogue and policy.
pub(super) fn recomputed(subject: &Subject<'_>) -> Vec<Statement> {
    let status = subject.status;
    if status.pinned.is_none() || status.classification.is_none() {
        return Vec::new();
    }
    let claims = [Claim::Classification, Claim::Value, Claim::Requirements];
    let (Some(policy), Some(_)) = (subject.policy, subject.catalogue) else {
        let unknown = |claim: Claim| claim.not_checked("its rules are not in the export");
        return claims.into_iter().map(unknown).collect();
    };
    let Some(found) = replay::assessed(subject) else {
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
    statements.push(settle(subject, Claim::Value.unless(&faults, because), &faults));

    let faults = requirements(subject, policy, &found);
    let needs: Vec<String> =
        found.needs.iter().map(|(function, level)| format!("{function} {level}")).collect();
    let because = if needs.is_empty() {
        "no approval is needed".to_owned()
    } else {
        format!("{} or higher", text::join_and(&needs))
    };
    statements.push(settle(subject, Claim::Requirements.unless(&faults, because), &faults));
    statements
}

/// What an amendment is compared with may have moved on since: then nobody can tell.
fn settle(subject: &Subject<'_>, statement: Statement, faults: &[String]) -> Statement {
    match replay::moved_on(subject) {
        Some(why) if !faults.is_empty() => {
            statement.claim.not_checked(format!("{why}; today it would be otherwise: {}", faults.join("; ")))
        }
        _ => statement,
    }
}

fn requirements(subject: &Subject<'_>, policy: &DelegationPolicy, found: &replay::Assessed) -> Vec<String> {
    let steps = &subject.status.approvals;
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

/// Where two values differ, field by field. A text that status has shortened is the same text.
pub(super) fn differences<A: serde::Serialize, B: serde::Serialize>(
    name: &str,
    said: &A,
    found: &B,
) -> Vec<String> {
    let value = |value: serde_json::Result<Value>| value.unwrap_or_default();
    let mut faults = Vec::new();
    compare(name, &value(serde_json::to_value(said)), &value(serde_json::to_value(found)), &mut faults);
    faults
}

fn compare(at: &str, said: &Value, found: &Value, faults: &mut Vec<String>) {
    match (said, found) {
        (Value::Object(said), Value::Object(found)) => {
            for (field, value) in said {
                compare(&format!("{at}.{field}"), value, found.get(field).unwrap_or(&Value::Null), faults);
            }
            for (field, value) in found.iter().filter(|(field, _)| !said.contains_key(*field)) {
                compare(&format!("{at}.{field}"), &Value::Null, value, faults);
            }
        }
        (Value::Array(said), Value::Array(found)) if said.len() == found.len() => {
            for (index, (said, found)) in said.iter().zip(found).enumerate() {
                compare(&format!("{at}[{index}]"), said, found, faults);
            }
        }
        (Value::String(said), Value::String(found)) if shortened(said, found) || shortened(found, said) => {}
        (said, found) if said == found => {}
        (said, found) => {
            let word = |value: &Value| match value {
                Value::Null => "nothing".to_owned(),
                other => text::value(&other.to_string()),
            };
            faults.push(format!("`{at}` says {}, and it follows {}", word(said), word(found)));
        }
    }
}

fn shortened(short: &str, whole: &str) -> bool {
    short.strip_suffix('…').is_some_and(|start| whole.starts_with(start))
}
