//! The CustomResourceDefinitions, as they are installed.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Value, json};

use super::{AgreementDecision, CustomerAgreement, DelegationPolicy, OrderRequest, StandardTerms};

/// All five, in the order in which they are installed.
#[must_use]
pub fn all() -> Vec<Value> {
    [
        StandardTerms::crd(),
        DelegationPolicy::crd(),
        CustomerAgreement::crd(),
        AgreementDecision::crd(),
        OrderRequest::crd(),
    ]
    .into_iter()
    .map(finished)
    .collect()
}

/// What the derive leaves undone: no `null` that the server would accept and nobody could read back, bounds
/// on what comes from Kubernetes' own types, and no numbers that the API conventions rule out.
fn finished(crd: CustomResourceDefinition) -> Value {
    let mut value = serde_json::to_value(crd).unwrap_or_default();
    tidy(&mut value);
    value
}

fn tidy(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(map) => {
            map.remove("nullable");
            if let Some(Value::Array(words)) = map.get_mut("enum") {
                words.retain(|word| !word.is_null());
            }
            if map.get("type") == Some(&json!("object"))
                && let Some(Value::Object(properties)) = map.get_mut("properties")
            {
                bound_condition(properties);
                bound_label_selector(properties);
            }
            map.values_mut().for_each(tidy);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

type Properties = serde_json::Map<String, Value>;

fn bound(properties: &mut Properties, field: &str, bounds: Value) {
    if let (Some(Value::Object(schema)), Value::Object(bounds)) = (properties.get_mut(field), bounds) {
        schema.extend(bounds);
    }
}

/// The bounds that Kubernetes itself puts on `metav1.Condition`.
fn bound_condition(properties: &mut Properties) {
    if !["lastTransitionTime", "message", "reason", "status", "type"]
        .iter()
        .all(|f| properties.contains_key(*f))
    {
        return;
    }
    bound(properties, "message", json!({"maxLength": 32768}));
    bound(
        properties,
        "reason",
        json!({"minLength": 1, "maxLength": 1024, "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"}),
    );
    bound(properties, "status", json!({"enum": ["True", "False", "Unknown"]}));
    bound(properties, "type", json!({"maxLength": 316}));
    bound(properties, "observedGeneration", json!({"minimum": 0}));
}

fn bound_label_selector(properties: &mut Properties) {
    if !(properties.contains_key("matchLabels") && properties.contains_key("matchExpressions")) {
        return;
    }
    bound(properties, "matchLabels", json!({"maxProperties": 32}));
    bound(properties, "matchExpressions", json!({"maxItems": 32, "x-kubernetes-list-type": "atomic"}));
}
