//! `docs/reference/`: every field of every kind, generated from the types. `UPDATE_DOCS=1` writes it anew.

use std::fmt::Write;

use countersign_api::crd;
use serde_json::{Map, Value};

fn word<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Text as it stands in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|").replace('<', "&lt;")
}

fn page(definition: &Value) -> String {
    let kind = word(definition, "/spec/names/kind");
    let version = definition.pointer("/spec/versions/0").unwrap();
    let schema = version.pointer("/schema/openAPIV3Schema").and_then(Value::as_object).unwrap();
    let mut out = format!(
        "# {kind}\n\n<!-- Generated from crates/api/src/ by UPDATE_DOCS=1 cargo test --test pages reference -->\n\n{}\n\n",
        schema["description"].as_str().unwrap()
    );
    let names = |pointer: &str| {
        let list = definition.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    writeln!(out, "| | |\n|---|---|").unwrap();
    writeln!(out, "| `apiVersion` | `{}/{}` |", word(definition, "/spec/group"), word(version, "/name"))
        .unwrap();
    writeln!(
        out,
        "| `kubectl get` | `{}`, {} |",
        word(definition, "/spec/names/plural"),
        names("/spec/names/shortNames")
    )
    .unwrap();
    writeln!(out, "| category | {} |", names("/spec/names/categories")).unwrap();
    writeln!(out, "| scope | {} |", word(definition, "/spec/scope")).unwrap();
    let selectable = version.pointer("/selectableFields").and_then(Value::as_array).into_iter().flatten();
    let selectable: Vec<String> =
        selectable.map(|field| format!("`{}`", word(field, "/jsonPath").trim_start_matches('.'))).collect();
    if !selectable.is_empty() {
        writeln!(out, "| `--field-selector` | {} |", selectable.join(", ")).unwrap();
    }
    for part in ["spec", "status"] {
        let Some(Value::Object(own)) = schema["properties"].get(part) else { continue };
        writeln!(out, "\n## {part}\n").unwrap();
        writeln!(out, "{}\n", own.get("description").and_then(Value::as_str).unwrap_or_default()).unwrap();
        writeln!(out, "| field | type | what it is |\n|---|---|---|").unwrap();
        fields(part, own, &mut out);
    }
    let mut rules = Vec::new();
    collect_rules("", schema, &mut rules);
    if !rules.is_empty() {
        writeln!(out, "\n## Rules\n\nWhat the API server asks beyond types and bounds, with the words that it refuses with.\n").unwrap();
        writeln!(out, "| of | refused with |\n|---|---|").unwrap();
        for (at, message) in rules {
            writeln!(
                out,
                "| {} | {} |",
                if at.is_empty() { "the whole".to_owned() } else { format!("`{at}`") },
                cell(&message)
            )
            .unwrap();
        }
    }
    out
}

fn fields(at: &str, schema: &Map<String, Value>, out: &mut String) {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, child) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let child = child.as_object().unwrap();
        let path = format!("{at}.{name}");
        let must = if required.contains(&name.as_str()) { ", required" } else { "" };
        let description = child.get("description").and_then(Value::as_str).unwrap_or_default();
        let (shown, inner) = shape(&path, child);
        writeln!(out, "| `{shown}` | {}{must} | {} |", kind(child), cell(description)).unwrap();
        // Kubernetes' own types explain themselves.
        if name == "conditions" || name == "namespaceSelector" {
            continue;
        }
        if let Some(inner) = inner {
            fields(&shown, inner, out);
        }
    }
}

/// The path as it is shown, and the schema of what is inside.
fn shape<'s>(path: &str, schema: &'s Map<String, Value>) -> (String, Option<&'s Map<String, Value>>) {
    match schema.get("items").and_then(Value::as_object) {
        Some(items) => (format!("{path}[]"), Some(items)),
        None => (path.to_owned(), Some(schema)),
    }
}

/// Type and bounds, in words.
fn kind(schema: &Map<String, Value>) -> String {
    let text = |name: &str| schema.get(name).and_then(Value::as_str);
    let number = |name: &str| schema.get(name).and_then(Value::as_f64);
    let base = match (text("type"), schema.get("items").and_then(Value::as_object)) {
        (Some("array"), Some(items)) => format!("list of {}", kind(items)),
        (Some("string"), _) if schema.contains_key("enum") => {
            let words = schema["enum"].as_array().unwrap().iter().filter_map(Value::as_str);
            words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
        }
        (Some("string"), _) if text("format") == Some("date-time") => "time".to_owned(),
        (Some(own), _) => own.to_owned(),
        (None, _) => "any".to_owned(),
    };
    if base == "time" {
        return base;
    }
    let mut bounds = Vec::new();
    for (low, high, unit) in [
        ("minLength", "maxLength", " characters"),
        ("minimum", "maximum", ""),
        ("minItems", "maxItems", " entries"),
    ] {
        match (number(low).filter(|low| *low > 0.0 || unit.is_empty()), number(high)) {
            (Some(low), Some(high)) if (low - high).abs() < f64::EPSILON => {
                bounds.push(format!("{low}{unit}"))
            }
            (Some(low), Some(high)) => bounds.push(format!("{low} to {high}{unit}")),
            (None, Some(high)) => bounds.push(format!("at most {high}{unit}")),
            (Some(low), None) => bounds.push(format!("at least {low}{unit}")),
            (None, None) => {}
        }
    }
    if let Some(keys) = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array) {
        let keys: Vec<String> = keys.iter().filter_map(Value::as_str).map(|key| format!("`{key}`")).collect();
        bounds.push(format!("by {}", keys.join(" and ")));
    }
    if let Some(default) = schema.get("default") {
        bounds.push(format!("default `{}`", default.to_string().trim_matches('"')));
    }
    if bounds.is_empty() { base } else { format!("{base}, {}", bounds.join(", ")) }
}

fn collect_rules(at: &str, schema: &Map<String, Value>, rules: &mut Vec<(String, String)>) {
    for rule in schema.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
        let message = rule.get("message").or_else(|| rule.get("messageExpression")).and_then(Value::as_str);
        rules.push((at.to_owned(), message.unwrap_or_default().to_owned()));
    }
    for (name, child) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        collect_rules(&path, child.as_object().unwrap(), rules);
    }
    if let Some(items) = schema.get("items").and_then(Value::as_object) {
        collect_rules(&format!("{at}[]"), items, rules);
    }
}

#[test]
fn the_reference_is_generated_from_the_types() {
    let mut stale = Vec::new();
    for definition in crd::all() {
        let definition = serde_json::to_value(definition).unwrap();
        let file = format!("docs/reference/{}.md", word(&definition, "/spec/names/singular"));
        let page = page(&definition);
        assert!(page.lines().filter(|line| line.starts_with("| `spec.")).count() > 5, "{file} has no fields");
        assert!(!page.contains("required |  |"), "a field without a description in {file}");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&file, page).unwrap();
        } else if std::fs::read_to_string(&file).unwrap_or_default() != page {
            stale.push(file);
        }
    }
    assert_eq!(
        stale,
        Vec::<String>::new(),
        "UPDATE_DOCS=1 cargo test --test pages reference writes them anew"
    );
}
