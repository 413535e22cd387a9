//! The people of the tests, and what they decide.

use countersign_api::{CustomerAgreement, GROUP};
use serde_json::{Value, json};

/// Somebody, as the API server knows them.
#[derive(Debug, Clone)]
pub struct Person {
    /// Username.
    pub name: String,
    /// Groups, beside those that the API server adds by itself.
    pub groups: Vec<String>,
}

impl Person {
    /// A user.
    pub fn user(name: &str, groups: &[&str]) -> Self {
        Self { name: name.to_owned(), groups: groups.iter().map(|&group| group.to_owned()).collect() }
    }

    /// A service account.
    pub fn account(namespace: &str, name: &str) -> Self {
        Self::user(&format!("system:serviceaccount:{namespace}:{name}"), &[])
    }

    /// Namespace and name, where this is a service account.
    pub fn service_account(&self) -> Option<(&str, &str)> {
        self.name.strip_prefix("system:serviceaccount:")?.split_once(':')
    }
}

/// Stands where a test has no operator that computes digests.
pub const SOME_DIGEST: &str = "sha256:5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";

/// A decision on an agreement that no operator has looked at. `act` is what the person does: the fields of
/// `spec` beside the reference and the person's name.
pub fn decision_on(agreement: &str, uid: &str, by: &Person, act: Value) -> Value {
    decision(
        agreement,
        &json!({"name": agreement, "uid": uid, "revision": 1, "digest": SOME_DIGEST}),
        by,
        act,
    )
}

/// A decision on an agreement as its status shows it: the digest is the one that the action binds to.
pub fn decision_as_shown(agreement: &CustomerAgreement, by: &Person, act: Value) -> Value {
    let status = agreement.status.clone().unwrap_or_default();
    let confirmation = status.confirmation.and_then(|confirmation| confirmation.digest);
    let terms = status.terms.as_ref().map(|terms| terms.digest.clone());
    let by_confirmation = ["Sign", "Countersign", "Approve", "Refuse"];
    let on_confirmation =
        act.get("action").and_then(Value::as_str).is_some_and(|a| by_confirmation.contains(&a));
    let digest = if on_confirmation { confirmation.or(terms) } else { terms };
    let name = agreement.metadata.name.clone().unwrap_or_default();
    let reference = json!({
        "name": name,
        "uid": agreement.metadata.uid,
        "revision": status.terms.map_or(1, |terms| terms.revision),
        "digest": digest.unwrap_or_else(|| SOME_DIGEST.to_owned()),
    });
    decision(&name, &reference, by, act)
}

fn decision(agreement: &str, reference: &Value, by: &Person, act: Value) -> Value {
    let mut decided_by = json!({"username": by.name});
    if let (Some(decided_by), false) = (decided_by.as_object_mut(), by.groups.is_empty()) {
        decided_by.insert("groups".to_owned(), json!(by.groups));
    }
    let mut spec = json!({"agreementRef": reference, "decidedBy": decided_by});
    if let (Some(spec), Value::Object(act)) = (spec.as_object_mut(), act) {
        spec.extend(act);
    }
    json!({
        "apiVersion": format!("{GROUP}/v1alpha1"),
        "kind": "AgreementDecision",
        "metadata": {"generateName": format!("{agreement}-")},
        "spec": spec,
    })
}
