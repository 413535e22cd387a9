//! Where what a status says differs from what follows from the objects.

use serde_json::Value;

use crate::text;

/// Where two values differ, field by field. A text that the status has shortened counts as the same text.
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
