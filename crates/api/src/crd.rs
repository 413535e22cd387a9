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

/// What the derive leaves out: no `null` that the server would accept and nobody could read back, bounds
/// on what comes from Kubernetes' own types, and no numbers that the API conventions rule out.
pub fn finished(crd: CustomResourceDefinition) -> Value {
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
                bound_generation(properties);
            }
            if map.get("format") == Some(&json!("date-time")) {
                map.insert("pattern".to_owned(), json!(TIME));
                map.insert("maxLength".to_owned(), json!(35));
            }
            map.values_mut().for_each(tidy);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// RFC 3339, as `Time` reads it. The server's own `date-time` lets through what no client of ours can read
/// back, such as 13 digits of a second, a comma before them, or an offset of 25 hours; one such object would
/// stop the operator's watch for all agreements.
const TIME: &str = r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$";

/// Generations are counted by the server; JSON readers that know only doubles still read them exactly.
const GENERATION_MAX: i64 = (1 << 53) - 1;

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
}

fn bound_generation(properties: &mut Properties) {
    bound(properties, "observedGeneration", json!({"minimum": 0, "maximum": GENERATION_MAX}));
}

/// The bounds that Kubernetes puts on label keys and values, and the operators that it knows.
fn bound_label_selector(properties: &mut Properties) {
    if !(properties.contains_key("matchLabels") && properties.contains_key("matchExpressions")) {
        return;
    }
    let label_value = json!({"type": "string", "description": "Value of the label.", "maxLength": 63});
    bound(properties, "matchLabels", json!({"maxProperties": 32, "additionalProperties": label_value}));
    bound(properties, "matchExpressions", json!({"maxItems": 32, "x-kubernetes-list-type": "atomic"}));
    let Some(Value::Object(expression)) =
        properties.get_mut("matchExpressions").and_then(|list| list.pointer_mut("/items/properties"))
    else {
        return;
    };
    bound(expression, "key", json!({"maxLength": 317}));
    bound(expression, "operator", json!({"enum": ["In", "NotIn", "Exists", "DoesNotExist"]}));
    let values = json!({"maxItems": 64, "x-kubernetes-list-type": "atomic", "items": label_value});
    bound(expression, "values", values);
}
