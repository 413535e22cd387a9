//! What goes to standard output, and in which format.

use std::io::Write;

use clap::ValueEnum;
use kube::Resource;
use serde::Serialize;
use serde_json::{Value, json};

use crate::failure::Outcome;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// JSON, as it is stored.
    Json,
    /// YAML, as it is stored.
    Yaml,
    /// Only the names, for scripts.
    Name,
    /// A table with more columns, not limited to 80 characters.
    Wide,
}

impl Form {
    /// Whether it is for programs rather than people.
    pub const fn is_for_machines(self) -> bool {
        matches!(self, Self::Json | Self::Yaml | Self::Name)
    }
}

/// Prints to stdout. Colours are removed unless it is a terminal that supports them; a closed pipe is not an error.
pub fn say(text: &str) {
    let mut out = anstream::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).ok();
}

/// Prints warnings and errors to stderr.
pub fn warn(text: &str) {
    let mut out = anstream::stderr();
    writeln!(out, "{text}").ok();
}

/// An object as it is stored, without `managedFields`.
pub fn object<K: Resource<DynamicType = ()> + Serialize>(object: &K) -> Outcome<Value> {
    let mut value =
        serde_json::to_value(object).map_err(|error| format!("the object cannot be written: {error}"))?;
    if let Some(metadata) = value.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    if let Some(fields) = value.as_object_mut() {
        fields.insert("apiVersion".to_owned(), json!(K::api_version(&())));
        fields.insert("kind".to_owned(), json!(K::kind(&())));
    }
    Ok(value)
}

/// The objects of a list, as kubectl prints them.
pub fn items(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items})
}

/// `customeragreement.countersign.dev/name`.
pub fn name<K: Resource<DynamicType = ()>>(object: &K) -> String {
    let kind = K::kind(&()).to_lowercase();
    let name = object.meta().name.as_deref().unwrap_or_default();
    format!("{kind}.{}/{name}\n", K::group(&()))
}

/// A value as JSON or YAML.
pub fn machine(form: Form, value: &Value) -> Outcome<String> {
    let text = match form {
        Form::Yaml => serde_saphyr::to_string(value).map_err(|error| error.to_string()),
        Form::Json | Form::Name | Form::Wide => {
            serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|error| error.to_string())
        }
    };
    Ok(text.map_err(|error| format!("the output cannot be written: {error}"))?)
}
