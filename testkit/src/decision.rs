//! The one way to write a decision: as a value for tests over values ([`draft`]), and as it goes over the wire ([`on`],
//! [`as_shown`]), since tests of schemas and policies must not be helped by Rust types.

use countersign_api::agreement_decision::{DecidedAgreement, DecidedBy};
use countersign_api::{Action, AgreementDecision, AgreementDecisionSpec, CustomerAgreement, GROUP};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::core::ObjectMeta;
use serde_json::{Value, json};

use crate::people::Person;

/// A decision that says no more than it must.
pub fn draft(
    agreement: DecidedAgreement,
    username: &str,
    groups: &[&str],
    action: Action,
) -> AgreementDecisionSpec {
    AgreementDecisionSpec {
        agreement_ref: agreement,
        action,
        statements: Vec::new(),
        orders: Vec::new(),
        function: None,
        level: None,
        on_behalf_of: None,
        reason: None,
        decided_by: DecidedBy {
            username: username.to_owned(),
            uid: None,
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            credential_id: None,
        },
        evidence: None,
    }
}

/// The decision as the server keeps it.
pub fn stored(spec: AgreementDecisionSpec, name: &str, time: Timestamp) -> AgreementDecision {
    AgreementDecision {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some("commerce".to_owned()),
            uid: Some(format!("uid-of-{name}")),
            creation_timestamp: Some(Time(time)),
            ..ObjectMeta::default()
        },
        spec,
    }
}

/// What Eva decides on the fibre example: both statements, and its order.
pub fn confirm() -> Value {
    json!({
        "action": "Confirm", "statements": ["Understood", "Acceptable"],
        "orders": [{"id": "o1", "outcome": "Confirmed"}],
    })
}

/// Stands where a test has no operator that computes digests.
pub const SOME_DIGEST: &str = "sha256:5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";

/// A decision on an agreement that no operator has looked at. `act` is what the person does: the fields of
/// `spec` beside the reference and the person's name.
pub fn on(agreement: &str, uid: &str, by: &Person, act: Value) -> Value {
    wire(agreement, &json!({"name": agreement, "uid": uid, "revision": 1, "digest": SOME_DIGEST}), by, act)
}

/// A decision on an agreement as its status shows it: the digest is the one that the action binds to.
pub fn as_shown(agreement: &CustomerAgreement, by: &Person, act: Value) -> Value {
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
    wire(&name, &reference, by, act)
}

fn wire(agreement: &str, reference: &Value, by: &Person, act: Value) -> Value {
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
