//! What each weakened policy has lost, who notices, and what it still refuses.

mod append_only;
mod decide;
mod kept;
mod order_requests;
mod outcome;
mod unowned;

use append_only::append_only;
use decide::decide;
use kept::kept;
use order_requests::order_requests;
use outcome::outcome;
use serde_json::{Value, json};
use unowned::unowned;

use super::who::{Does, Thing, Try, Who};

/// A policy with something taken out.
pub struct Weakening {
    /// What is lost.
    pub what: &'static str,
    pub policy: &'static str,
    /// Text of policy and binding, found once, and what stands there instead.
    pub edits: Vec<(&'static str, &'static str)>,
    pub attack: Try,
    pub control: Try,
}

fn weak(
    policy: &'static str,
    what: &'static str,
    text: &'static str,
    instead: &'static str,
    attack: Try,
    control: Try,
) -> Weakening {
    Weakening { what, policy, edits: vec![(text, instead)], attack, control }
}

fn deletes(who: Who, thing: Thing) -> Try {
    Try(who, Does::Deletes(thing))
}

fn changes(who: Who, thing: Thing, change: Value) -> Try {
    Try(who, Does::Changes(thing, change))
}

fn label(who: Who, thing: Thing) -> Try {
    changes(who, thing, json!({"metadata": {"labels": {"seen": "yes"}}}))
}

fn hold(who: Who, thing: Thing) -> Try {
    changes(who, thing, json!({"metadata": {"finalizers": ["example.dev/hold"]}}))
}

/// An owner that is not there.
fn missing() -> Value {
    json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "00000000-0000-0000-0000-000000000000"}])
}

fn orphan(who: Who, thing: Thing) -> Try {
    changes(who, thing, json!({"metadata": {"ownerReferences": missing()}}))
}

fn status(who: Who) -> Try {
    changes(who, Thing::AgreementStatus, json!({"status": {"phase": "Agreed"}}))
}

fn confirm() -> Value {
    json!({"action": "Confirm", "statements": ["Understood"]})
}

fn definitions() -> Vec<Weakening> {
    use Thing::{BareDefinition, Definition};
    let weak =
        |what, text, instead, attack, control| weak("definitions", what, text, instead, attack, control);
    vec![
        weak(
            "the annotation that counts",
            " && 'countersign.dev/confirm-deletion' in oldObject.metadata.annotations",
            "",
            deletes(Who::Admin, Definition),
            deletes(Who::Admin, BareDefinition),
        ),
        weak(
            "all of ours",
            "oldObject.spec.group == 'countersign.dev'",
            "oldObject.spec.group == 'countersign.dev' && !has(oldObject.metadata.annotations)",
            deletes(Who::Clerk, Definition),
            deletes(Who::Clerk, BareDefinition),
        ),
        weak(
            "refusing instead of warning",
            "validationActions: [Deny, Audit]",
            "validationActions: [Warn, Audit]",
            deletes(Who::Clerk, Definition),
            deletes(Who::Clerk, BareDefinition),
        ),
    ]
}

fn protected_namespaces() -> Vec<Weakening> {
    use Thing::{BareNamespace, Namespace};
    let weak = |what, text, instead, attack, control| {
        weak("protected-namespaces", what, text, instead, attack, control)
    };
    vec![
        weak(
            "the annotation that counts",
            " && 'countersign.dev/confirm-deletion' in oldObject.metadata.annotations",
            "",
            deletes(Who::Admin, Namespace),
            deletes(Who::Admin, BareNamespace),
        ),
        weak(
            "whatever the label's value",
            "'countersign.dev/protected' in oldObject.metadata.labels",
            "'countersign.dev/protected' in oldObject.metadata.labels && oldObject.metadata.labels['countersign.dev/protected'] == 'true'",
            deletes(Who::Clerk, Namespace),
            deletes(Who::Clerk, BareNamespace),
        ),
        weak(
            "refusing instead of warning",
            "validationActions: [Deny, Audit]",
            "validationActions: [Warn, Audit]",
            deletes(Who::Clerk, Namespace),
            deletes(Who::Clerk, BareNamespace),
        ),
    ]
}

pub fn withdraw() -> Value {
    json!({"action": "Withdraw", "reason": "changed their mind"})
}

pub fn all() -> Vec<Weakening> {
    [
        decide(),
        append_only(),
        outcome(),
        order_requests(),
        kept(),
        unowned(),
        definitions(),
        protected_namespaces(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
