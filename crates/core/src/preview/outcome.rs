//! What would happen to an agreement: its faults, class, value and orders, and who would be asked.

use jiff::Timestamp;
use serde::Serialize;

use super::change::Change;
use super::steps::{self, Step};
use super::terms::{self, OrderLine, TermLine};
use super::warnings;
use crate::decide::{FaultKind, Observed, validate};
use crate::text;
use countersign_api::agreement_status::{Classification, Value};
use countersign_api::references::Authority;

/// What would happen to an agreement.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// Namespace that it would be in.
    pub namespace: String,
    /// Name of the agreement.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// The outcome in one word.
    pub verdict: Verdict,
    /// What is wrong with it, all at once. Nobody is asked before it is fixed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// What will cause trouble later.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Catalogue and policy whose rules would apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<RulesNamed>,
    /// Whether any term deviates (S1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classification: Option<Classification>,
    /// Every term with the standard, in the order of the agreement.
    pub terms: Vec<TermLine>,
    /// What it is worth, with all orders (S4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Authority that the person who countersigns must hold, since nobody else is asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exercised: Vec<Authority>,
    /// Who would be asked, in this order (S2, S3, S4). Empty while something is wrong.
    pub steps: Vec<Step>,
    /// Orders, each of which would be passed on as one `OrderRequest` if the customer confirms it (S5, S6).
    pub orders: Vec<OrderLine>,
    /// What the file changes in an agreement that is in the cluster already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
}

/// The outcome in one word, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Verdict {
    /// Nobody but the customer and the signatories is asked.
    WithinAuthority,
    /// Delegated managers must approve.
    Escalation,
    /// Something is wrong: nobody is asked until it is fixed.
    Invalid,
    /// It exceeds everybody's authority, or nobody holds the level that it needs.
    BeyondTop,
}

/// Catalogue and policy, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RulesNamed {
    /// The `StandardTerms`.
    pub standard_terms: String,
    /// The `DelegationPolicy`.
    pub policy: String,
}

impl Preview {
    /// The preview of a file that cannot be read as an agreement.
    pub(super) fn invalid(namespace: &str, name: &str, faults: Vec<String>) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            title: String::new(),
            verdict: Verdict::Invalid,
            faults,
            warnings: Vec::new(),
            rules: None,
            classification: None,
            terms: Vec::new(),
            value: None,
            exercised: Vec::new(),
            steps: Vec::new(),
            orders: Vec::new(),
            change: None,
        }
    }
}

/// What would happen to an agreement if it were submitted at this time.
#[must_use]
pub fn preview(observed: &Observed<'_>, now: Timestamp) -> Preview {
    of_file(observed, Vec::new(), None, now)
}

/// The same for an agreement in a file. `faults` are what the definitions do not permit. `no_labels` says what to add if no
/// policy selects the namespace because its labels are not in the files.
pub(super) fn of_file(
    observed: &Observed<'_>,
    mut faults: Vec<String>,
    no_labels: Option<&str>,
    now: Timestamp,
) -> Preview {
    let agreement = observed.agreement;
    let spec = &agreement.spec;
    let mut warnings = Vec::new();
    let found = validate(observed, now);
    let beyond = found.faults.iter().any(|fault| fault.kind == FaultKind::NoAuthority);
    for fault in found.faults {
        match (fault.kind, no_labels) {
            (FaultKind::LinkMissing, _) => warnings.push(format!(
                "{} in these files: whether it can be named depends on the cluster; give an export of it to know",
                fault.message
            )),
            (FaultKind::NoPolicy, Some(words)) => faults.push(format!("{}. {words}", fault.message)),
            _ => faults.push(fault.message),
        }
    }
    let (rules, assessed) = found.rules.unzip();
    let steps = match (&assessed, rules) {
        (Some(assessed), Some(rules)) if faults.is_empty() => steps::steps(observed, rules, assessed, now),
        _ => Vec::new(),
    };
    warnings.extend(warnings::warnings(observed, rules, assessed.as_ref(), &steps, now));
    let verdict = match &assessed {
        _ if beyond => Verdict::BeyondTop,
        Some(assessed) if faults.is_empty() && assessed.requirements.approvals.is_empty() => {
            Verdict::WithinAuthority
        }
        Some(_) if faults.is_empty() => Verdict::Escalation,
        _ => Verdict::Invalid,
    };
    let named = |name: &Option<String>| name.clone().unwrap_or_default();
    Preview {
        namespace: named(&agreement.metadata.namespace),
        name: named(&agreement.metadata.name),
        title: text::name(&spec.title),
        verdict,
        faults,
        warnings,
        rules: rules.map(|rules| RulesNamed {
            standard_terms: named(&rules.terms.metadata.name),
            policy: named(&rules.policy.metadata.name),
        }),
        classification: assessed.as_ref().filter(|assessed| assessed.classed.faults.is_empty()).map(
            |assessed| {
                if assessed.classed.deviations.is_empty() {
                    Classification::Standard
                } else {
                    Classification::NonStandard
                }
            },
        ),
        terms: terms::terms(spec, observed.standard_terms.map(|terms| &terms.spec), assessed.as_ref()),
        orders: terms::orders(spec, rules),
        value: assessed.as_ref().map(|assessed| assessed.valued.shown.clone()),
        exercised: assessed.map(|assessed| assessed.requirements.exercised).unwrap_or_default(),
        steps,
        change: None,
    }
}
