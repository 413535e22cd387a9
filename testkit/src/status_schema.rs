//! Whether the server would take a status, as far as lengths, numbers and words go.

use std::sync::LazyLock;

use countersign_api::crd;
use serde_json::Value;

static STATUS: LazyLock<Value> = LazyLock::new(|| {
    let crds = crd::all();
    let crd = crds.iter().find(|crd| crd["spec"]["names"]["kind"] == "CustomerAgreement").unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"].clone()
});

pub fn faults_of_status(status: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(&STATUS, status, "status", &mut faults);
    faults
}

fn check(schema: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
    let number = |key: &str| schema[key].as_i64();
    let mut bound = |actual: i64, least: &str, most: &str| {
        if number(least).is_some_and(|least| actual < least) || number(most).is_some_and(|most| actual > most)
        {
            faults.push(format!("{path} is {actual}: {least} {}, {most} {}", schema[least], schema[most]));
        }
    };
    let length = |length: usize| i64::try_from(length).unwrap();
    match value {
        Value::String(text) => bound(length(text.chars().count()), "minLength", "maxLength"),
        Value::Number(n) => bound(n.as_i64().unwrap(), "minimum", "maximum"),
        Value::Array(items) => bound(length(items.len()), "minItems", "maxItems"),
        _ => {}
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        faults.push(format!("{path} is {value}"));
    }
    match value {
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                check(&schema["items"], item, &format!("{path}[{n}]"), faults);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                match schema["properties"].get(name) {
                    Some(known) => check(known, field, &format!("{path}.{name}"), faults),
                    None => faults.push(format!("{path}.{name} is not in the schema")),
                }
            }
            for required in schema["required"].as_array().into_iter().flatten() {
                if !fields.contains_key(required.as_str().unwrap()) {
                    faults.push(format!("{path}.{required} is missing"));
                }
            }
        }
        _ => {}
    }
}
