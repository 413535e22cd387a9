//! What the definitions do not permit, all faults at once. Their CEL rules are for the API server to ask.

use std::sync::LazyLock;

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use crate::api::crd;
use crate::decide::clean;
use crate::manifest::OwnKind;

/// One validator a kind, made from its definition.
static VALIDATORS: LazyLock<Vec<(String, Option<Validator>)>> = LazyLock::new(|| {
    let one = |definition| {
        let definition = serde_json::to_value(definition).unwrap_or_default();
        let kind =
            definition.pointer("/spec/names/kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        let schema = definition.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec").cloned();
        let validator = schema.and_then(|mut schema| {
            close(&mut schema);
            jsonschema::validator_for(&schema).ok()
        });
        (kind, validator)
    };
    crd::all().into_iter().map(one).collect()
});

/// What is not permitted in `spec`, each fault with its field.
pub(super) fn faults(kind: OwnKind, object: &Value) -> Vec<String> {
    let Some(spec) = object.get("spec") else { return vec!["`spec` must be given".to_owned()] };
    let mut validators = VALIDATORS.iter();
    let Some((_, Some(validator))) = validators.find(|(own, _)| own == kind.as_str()) else {
        return vec![format!("the definition of {} cannot be read", kind.as_str())];
    };
    let fault = |error: jsonschema::ValidationError<'_>| {
        let place = field(&error.instance_path().to_string());
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
                .iter()
                .map(|name| format!("`{place}.{}` is no field; it may be misspelt", clean(name, 63)))
                .collect(),
            _ => vec![format!("`{place}`: {}", clean(&error.to_string(), 400))],
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
    clean(&out, 300)
}

/// A field that the definition does not have would be dropped by the server, or refused: it is a slip either way.
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
