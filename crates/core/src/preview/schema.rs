//! What the definitions do not permit, all faults at once. Their CEL rules are left to the API server.

use std::sync::LazyLock;

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use kube::CustomResourceExt;
use serde_json::Value;

use crate::text;
use countersign_api::{CustomerAgreement, DelegationPolicy, StandardTerms, crd};

/// What a definition permits in `spec`, compiled when it is first needed. `None` if the definition cannot be read.
pub(super) type Schema = LazyLock<Option<Validator>>;

pub(super) static CUSTOMER_AGREEMENT: Schema = LazyLock::new(of::<CustomerAgreement>);
pub(super) static STANDARD_TERMS: Schema = LazyLock::new(of::<StandardTerms>);
pub(super) static DELEGATION_POLICY: Schema = LazyLock::new(of::<DelegationPolicy>);

fn of<K: CustomResourceExt>() -> Option<Validator> {
    let definition = crd::finished(K::crd());
    let mut schema = definition.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec")?.clone();
    close(&mut schema);
    jsonschema::validator_for(&schema).ok()
}

/// What is not permitted in `spec`, each fault with its field.
pub(super) fn faults(schema: &Schema, object: &Value) -> Vec<String> {
    let Some(spec) = object.get("spec") else { return vec!["`spec` must be given".to_owned()] };
    let Some(validator) = &**schema else {
        return vec!["the definition of its kind cannot be read".to_owned()];
    };
    let fault = |error: jsonschema::ValidationError<'_>| {
        let place = field(&error.instance_path().to_string());
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
                .iter()
                .map(|name| format!("`{place}.{}` is no field; it may be misspelt", text::id(name)))
                .collect(),
            _ => vec![format!("`{place}`: {}", text::reason(&error.to_string()))],
        }
    };
    let mut faults: Vec<String> = validator.iter_errors(spec).flat_map(fault).collect();
    faults.sort();
    faults.dedup();
    faults
}

/// `/terms/0/value` as people write it: `spec.terms[0].value`.
fn field(pointer: &str) -> String {
    let mut out = "spec".to_owned();
    for part in pointer.split('/').skip(1) {
        match part.parse::<usize>() {
            Ok(index) => out.push_str(&format!("[{index}]")),
            Err(_) => {
                out.push('.');
                out.push_str(part);
            }
        }
    }
    text::excerpt(&out)
}

/// A field that the definition does not have would be dropped or rejected by the server: it is a mistake either way.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("properties").is_some_and(Value::is_object)
                && !fields.contains_key("additionalProperties")
            {
                fields.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
