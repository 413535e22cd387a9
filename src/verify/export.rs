//! What was exported: objects out of YAML and JSON, each read by itself, so that one that cannot be read takes no other
//! with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::Resource;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::{
    AgreementDecision, CustomerAgreement, DelegationPolicy, GROUP, OrderRequest, StandardTerms,
};
use crate::decide::clean;

/// The version of the API that is understood.
const VERSION: &str = "v1alpha1";

/// Something in a file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// The file, `-` for standard input.
    pub file: String,
    /// Which document of the file, counted from 1.
    pub document: usize,
    /// The object, such as `AgreementDecision commerce/decision-001`, where it says what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The field, such as `spec.action`, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
}

/// Objects of one or several files.
#[derive(Debug, Default)]
pub struct Export {
    pub(super) agreements: Vec<Arc<CustomerAgreement>>,
    pub(super) decisions: Vec<Arc<AgreementDecision>>,
    pub(super) requests: Vec<Arc<OrderRequest>>,
    pub(super) catalogues: Vec<Arc<StandardTerms>>,
    pub(super) policies: Vec<Arc<DelegationPolicy>>,
    pub(super) unreadable: Vec<Unreadable>,
    /// How many objects of other kinds were passed over.
    pub(super) others: usize,
    seen: BTreeMap<String, Value>,
}

/// Where an object stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a str,
    document: usize,
}

impl Export {
    /// Adds the text of a file: YAML with one or several documents, or JSON; objects, or lists of objects.
    pub fn read(&mut self, file: &str, text: &str) {
        let trimmed = text.trim_start_matches('\u{feff}').trim_start();
        if trimmed.starts_with('{') || trimmed.starts_with('[') {
            self.read_json(file, trimmed);
        } else {
            self.read_yaml(file, text.trim_start_matches('\u{feff}'));
        }
    }

    /// Whether there is an agreement to say something about.
    #[must_use]
    pub fn has_agreements(&self) -> bool {
        !self.agreements.is_empty()
    }

    /// What could not be read.
    #[must_use]
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    fn read_json(&mut self, file: &str, text: &str) {
        let documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        for (index, document) in documents.enumerate() {
            let place = Place { file, document: index + 1 };
            match document {
                Ok(value) => self.document(place, value),
                Err(error) => self.cannot(place, None, None, &format!("it is not JSON: {error}")),
            }
        }
    }

    fn read_yaml(&mut self, file: &str, text: &str) {
        for (index, (line, document)) in documents(text).into_iter().enumerate() {
            let place = Place { file, document: index + 1 };
            // An export may be as large as it is; `kubectl` writes no aliases, whose expansion stays bounded.
            let options = serde_saphyr::options! { budget: None, with_snippet: false };
            match serde_saphyr::from_str_with_options::<Value>(&document, options) {
                Ok(value) => self.document(place, value),
                Err(error) => {
                    let message =
                        format!("it is not YAML (the document begins at line {line} of the file): {error}");
                    self.cannot(place, None, None, &message);
                }
            }
        }
    }

    fn document(&mut self, place: Place<'_>, value: Value) {
        match value {
            Value::Null => {}
            Value::Array(items) => items.into_iter().for_each(|item| self.document(place, item)),
            Value::Object(mut object) => {
                let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
                let Some(item_kind) = kind.strip_suffix("List") else {
                    self.object(place, &Value::Object(object));
                    return;
                };
                let version = object.get("apiVersion").cloned();
                let Some(Value::Array(items)) = object.remove("items") else {
                    self.cannot(place, Some(kind.clone()), Some("items".to_owned()), "it must be a list");
                    return;
                };
                for mut item in items {
                    // Items of a typed list may leave out what the list says for all of them.
                    if let (Value::Object(item), false) = (&mut item, item_kind.is_empty()) {
                        item.entry("kind").or_insert_with(|| item_kind.into());
                        item.entry("apiVersion").or_insert_with(|| version.clone().unwrap_or_default());
                    }
                    self.document(place, item);
                }
            }
            other => {
                let message =
                    format!("it must be an object or a list of objects, and is {}", kind_of(&other));
                self.cannot(place, None, None, &message);
            }
        }
    }

    fn object(&mut self, place: Place<'_>, value: &Value) {
        let word = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (kind, api_version) = (word("/kind"), word("/apiVersion"));
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        if kind.is_empty() || api_version.is_empty() {
            let field = if kind.is_empty() { "kind" } else { "apiVersion" };
            self.cannot(place, named(value), Some(field.to_owned()), "it must be given");
            return;
        }
        if group != GROUP {
            self.others += 1;
            return;
        }
        if version != VERSION {
            let message = format!("{:?} must be {GROUP}/{VERSION}", clean(api_version, 128));
            self.cannot(place, named(value), Some("apiVersion".to_owned()), &message);
            return;
        }
        match kind {
            "CustomerAgreement" => self.keep(place, value, |export| &mut export.agreements),
            "AgreementDecision" => self.keep(place, value, |export| &mut export.decisions),
            "OrderRequest" => self.keep(place, value, |export| &mut export.requests),
            "StandardTerms" => self.keep(place, value, |export| &mut export.catalogues),
            "DelegationPolicy" => self.keep(place, value, |export| &mut export.policies),
            _ => {
                let message = format!("{:?} is not a kind of {GROUP}/{VERSION}", clean(kind, 63));
                self.cannot(place, named(value), Some("kind".to_owned()), &message);
            }
        }
    }

    fn keep<K>(&mut self, place: Place<'_>, value: &Value, list: impl Fn(&mut Self) -> &mut Vec<Arc<K>>)
    where
        K: Resource + DeserializeOwned,
    {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        let object: K = match serde_json::from_str(&text) {
            Ok(object) => object,
            Err(error) => {
                let field = path_at(&text, error.line());
                // The position is one in a text that nobody sees.
                let whole = error.to_string();
                let message = whole.split(" at line ").next().unwrap_or_default().to_owned();
                self.cannot(place, named(value), field, &message);
                return;
            }
        };
        let meta = object.meta();
        for (field, there) in [("name", meta.name.is_some()), ("uid", meta.uid.is_some())] {
            if !there {
                let message =
                    "it must be given: export objects from a cluster, not their manifests".to_owned();
                self.cannot(place, named(value), Some(format!("metadata.{field}")), &message);
                return;
            }
        }
        // The same object may be in several files; two that differ contradict each other.
        let mut content = value.clone();
        for volatile in ["managedFields", "resourceVersion"] {
            if let Some(metadata) = content.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.remove(volatile);
            }
        }
        let identity =
            format!("{} {}", named(value).unwrap_or_default(), meta.uid.as_deref().unwrap_or_default());
        match self.seen.get(&identity) {
            Some(known) if *known == content => {}
            Some(_) => {
                let message =
                    "it was exported twice, with different content; give one export of it".to_owned();
                self.cannot(place, named(value), None, &message);
            }
            None => {
                self.seen.insert(identity, content);
                list(self).push(Arc::new(object));
            }
        }
    }

    fn cannot(&mut self, place: Place<'_>, object: Option<String>, field: Option<String>, message: &str) {
        self.unreadable.push(Unreadable {
            file: place.file.to_owned(),
            document: place.document,
            object,
            field,
            message: clean(message, 512),
        });
    }
}

/// Kind and name of an object, as far as it says them.
fn named(value: &Value) -> Option<String> {
    let word = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).filter(|word| !word.is_empty());
    let kind = word("/kind").unwrap_or("an object");
    let name = word("/metadata/name").unwrap_or("without a name");
    let whole = match word("/metadata/namespace") {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    };
    Some(clean(&whole, 400))
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The documents of a YAML text, each with the line that it begins at. One that is broken ends where the next begins.
fn documents(text: &str) -> Vec<(usize, String)> {
    let mut found = vec![(1, String::new())];
    for (index, line) in text.lines().enumerate() {
        let marker = line.strip_prefix("---").filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
        if let Some(rest) = marker {
            found.push((index + 1, rest.to_owned()));
        } else if line.trim_end() == "..." {
            found.push((index + 2, String::new()));
        } else if let Some((_, document)) = found.last_mut() {
            document.push_str(line);
        }
        if let Some((_, document)) = found.last_mut() {
            document.push('\n');
        }
    }
    let says_something = |document: &str| {
        document.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
    };
    found.retain(|(_, document)| says_something(document));
    found
}

/// The field on a line of JSON as `to_string_pretty` writes it, such as `spec.orders[0].outcome`.
fn path_at(pretty: &str, line: usize) -> Option<String> {
    // One entry a level: the field there, or the position in a list.
    let mut path: Vec<Step> = Vec::new();
    for text in pretty.lines().take(line) {
        let trimmed = text.trim_start();
        let depth = (text.len() - trimmed.len()) / 2;
        if trimmed.starts_with(['}', ']']) {
            path.truncate(depth);
            continue;
        }
        path.truncate(depth);
        let Some(above) = depth.checked_sub(1) else { continue };
        let sibling = if path.len() > above { path.pop() } else { None };
        path.push(match (field_of(trimmed), sibling) {
            (Some(field), _) => Step::Field(field),
            (None, Some(Step::Item(at))) => Step::Item(at + 1),
            (None, _) => Step::Item(0),
        });
    }
    let mut out = String::new();
    for step in &path {
        match step {
            Step::Field(field) if out.is_empty() => out.push_str(field),
            Step::Field(field) => {
                out.push('.');
                out.push_str(field);
            }
            Step::Item(at) => out.push_str(&format!("[{at}]")),
        }
    }
    (!out.is_empty()).then(|| clean(&out, 256))
}

enum Step {
    Field(String),
    Item(usize),
}

/// The key that a line of pretty JSON begins with.
fn field_of(line: &str) -> Option<String> {
    let mut keys = serde_json::Deserializer::from_str(line).into_iter::<String>();
    let key = keys.next()?.ok()?;
    line.get(keys.byte_offset()..)?.starts_with(": ").then_some(key)
}
