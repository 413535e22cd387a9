//! What a change of the file does to an agreement that is in the cluster already (S2 to S4): a decision counts only for what
//! it was made on.

use serde::Serialize;
use serde_json::Value;

use crate::decide::digest::terms_digest;
use crate::text;
use countersign_api::agreement_status::Side;
use countersign_api::{CustomerAgreement, CustomerAgreementStatus};

/// What a change of the file does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Phase of the agreement in the cluster.
    pub phase: String,
    /// The fields that differ.
    pub fields: Vec<FieldChange>,
    /// What the change does, in one word.
    pub effect: Effect,
    /// Revision of the terms in the cluster.
    pub revision: i64,
    /// Decisions that would no longer count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub voided: Vec<Void>,
}

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// There is no difference.
    Nothing,
    /// It takes effect at once, and every decision still counts.
    DecisionsStay,
    /// The terms become another revision: every decision is void, and everybody is asked again.
    NewRevision,
    /// The API server rejects it: the agreement is sealed.
    RefusedSealed,
    /// It has no effect: the agreement has ended.
    Ended,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldChange {
    /// The field, such as `spec.terms[payment-days].value`.
    pub field: String,
    /// The value in the cluster; `null` if there is none.
    pub before: Value,
    /// The value in the file; `null` if there is none.
    pub after: Value,
}

/// A decision that would no longer count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Void {
    /// Name of the decision.
    pub decision: String,
    /// Who made it.
    pub username: String,
    /// What it was.
    pub what: String,
}

impl Change {
    pub(super) fn between(running: &CustomerAgreement, text: &CustomerAgreement) -> Self {
        let none = CustomerAgreementStatus::default();
        let status = running.status.as_ref().unwrap_or(&none);
        let json = |spec| serde_json::to_value(spec).unwrap_or_default();
        let mut fields = Vec::new();
        differ("spec", &json(&running.spec), &json(&text.spec), &mut fields);
        let catalogue = status.pinned.as_ref().map(|pinned| pinned.standard_terms.uid.as_str());
        let uid = running.metadata.uid.as_deref().unwrap_or_default();
        let digest = |spec| terms_digest(spec, uid, catalogue);
        let terms_differ = digest(&running.spec) != digest(&text.spec);
        let effect = match (fields.is_empty(), terms_differ) {
            (true, _) => Effect::Nothing,
            _ if status.closed.is_some() => Effect::Ended,
            (_, true) if status.is_sealed() => Effect::RefusedSealed,
            (_, true) => Effect::NewRevision,
            (_, false) => Effect::DecisionsStay,
        };
        Self {
            phase: text::id(status.phase.as_deref().unwrap_or("Pending")),
            fields,
            effect,
            revision: status.terms.as_ref().map_or(0, |terms| terms.revision),
            voided: if effect == Effect::NewRevision { counted(status) } else { Vec::new() },
        }
    }
}

/// Every decision that counts now.
fn counted(status: &CustomerAgreementStatus) -> Vec<Void> {
    let void = |decision: &str, username: &str, what: String| Void {
        decision: text::name(decision),
        username: text::user(username),
        what,
    };
    let confirmed = status.confirmation.iter().flat_map(|confirmation| &confirmation.decisions);
    let confirmed = confirmed.map(|own| void(&own.decision, &own.username, "confirmed".to_owned()));
    let approved =
        status.approvals.iter().flat_map(|step| step.decided_by.iter().map(move |own| (step, own)));
    let approved = approved.map(|(step, own)| {
        void(
            &own.decision,
            &own.username,
            format!("approved as {} {}", text::id(&step.function), text::id(&own.level)),
        )
    });
    let signed = status.sign_off.iter().flat_map(|sign_off| &sign_off.signatures);
    let signed = signed.map(|own| {
        let what = match own.side {
            Side::Customer => "signed",
            Side::Provider => "countersigned",
        };
        void(&own.decision, &own.username, what.to_owned())
    });
    confirmed.chain(approved).chain(signed).collect()
}

/// Where two values differ. Entries of a list that have an `id`, a `username` or a `name` are compared by it.
fn differ(at: &str, before: &Value, after: &Value, found: &mut Vec<FieldChange>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for (field, value) in old {
                differ(&format!("{at}.{field}"), value, new.get(field).unwrap_or(&Value::Null), found);
            }
            for (field, value) in new.iter().filter(|(field, _)| !old.contains_key(*field)) {
                differ(&format!("{at}.{field}"), &Value::Null, value, found);
            }
            return;
        }
        (Value::Array(old), Value::Array(new)) => {
            if let (Some(old), Some(new)) = (by_key(old), by_key(new)) {
                for (key, value) in &old {
                    let other =
                        new.iter().find(|(own, _)| own == key).map_or(&Value::Null, |(_, value)| value);
                    differ(&format!("{at}[{key}]"), value, other, found);
                }
                for (key, value) in new.iter().filter(|(key, _)| !old.iter().any(|(own, _)| own == key)) {
                    differ(&format!("{at}[{key}]"), &Value::Null, value, found);
                }
                return;
            }
        }
        _ => {}
    }
    if before != after {
        found.push(FieldChange { field: text::excerpt(at), before: before.clone(), after: after.clone() });
    }
}

/// The entries of a list, each under its key; `None` if one has no key, or two have the same.
fn by_key(items: &[Value]) -> Option<Vec<(String, &Value)>> {
    let key = |item: &Value| {
        let word = |field: &str| item.get(field).and_then(Value::as_str).map(str::to_owned);
        word("id").or_else(|| word("username")).or_else(|| word("name"))
    };
    let keyed: Vec<(String, &Value)> =
        items.iter().map(|item| Some((key(item)?, item))).collect::<Option<_>>()?;
    let mut keys: Vec<&String> = keyed.iter().map(|(key, _)| key).collect();
    keys.sort_unstable();
    keys.dedup();
    (keys.len() == keyed.len()).then_some(keyed)
}
