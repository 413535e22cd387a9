//! Objects from YAML and JSON, each read by itself, so that one that cannot be read does not affect the others.

use std::fmt;

use kube::Resource;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::text;
use countersign_api::GROUP;

/// The only version of the API so far.
const VERSION: &str = "v1alpha1";

/// Something in a file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// The file, `-` for standard input.
    pub file: String,
    /// Which document of the file, counted from 1.
    pub document: usize,
    /// The object, such as `AgreementDecision commerce/decision-001`, if it says what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The field, such as `spec.action`, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} document {}", text::excerpt(&self.file), self.document)?;
        for part in [&self.object, &self.field].into_iter().flatten() {
            write!(f, ", {part}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// An object as it is written in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The file, `-` for standard input.
    pub file: String,
    /// Which document of the file, counted from 1.
    pub document: usize,
    /// Its content.
    pub value: Value,
}

/// The objects in the text of a file: YAML with one or several documents, or JSON; objects, or lists of objects.
#[must_use]
pub fn read(file: &str, text: &str) -> Vec<Result<Manifest, Unreadable>> {
    let mut reading = Reading { file, found: Vec::new() };
    let text = text.trim_start_matches('\u{feff}');
    let trimmed = text.trim_start();
    if trimmed.starts_with('{') || trimmed.starts_with('[') {
        reading.json(trimmed);
    } else {
        reading.yaml(text);
    }
    reading.found
}

impl Manifest {
    /// The kind, if the object belongs to this group.
    ///
    /// # Errors
    /// If kind or version is missing or unknown.
    pub fn own_kind(&self) -> Result<Option<OwnKind>, Unreadable> {
        let word = |pointer: &str| self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (kind, api_version) = (word("/kind"), word("/apiVersion"));
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        if kind.is_empty() || api_version.is_empty() {
            let field = if kind.is_empty() { "kind" } else { "apiVersion" };
            return Err(self.cannot(Some(field.to_owned()), "it must be given"));
        }
        if group != GROUP {
            return Ok(None);
        }
        if version != VERSION {
            let message = format!("{:?} must be {GROUP}/{VERSION}", text::value(api_version));
            return Err(self.cannot(Some("apiVersion".to_owned()), &message));
        }
        let known = OwnKind::ALL.into_iter().find(|known| known.as_str() == kind);
        known.map(Some).ok_or_else(|| {
            let message = format!("{:?} is not a kind of {GROUP}/{VERSION}", text::id(kind));
            self.cannot(Some("kind".to_owned()), &message)
        })
    }

    /// The object with its fields.
    ///
    /// # Errors
    /// If a field is missing or has the wrong type; the error names the field.
    pub fn typed<K: Resource + DeserializeOwned>(&self) -> Result<K, Unreadable> {
        serde_path_to_error::deserialize(&self.value).map_err(|error| {
            let path = error.path();
            let field = path.iter().next().is_some().then(|| text::excerpt(&path.to_string()));
            self.cannot(field, &error.inner().to_string())
        })
    }

    /// Says why the object cannot be used.
    #[must_use]
    pub fn cannot(&self, field: Option<String>, message: &str) -> Unreadable {
        Unreadable {
            file: self.file.clone(),
            document: self.document,
            object: named(&self.value),
            field,
            message: text::reason(message),
        }
    }
}

/// A kind of this group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the kinds are")]
pub enum OwnKind {
    CustomerAgreement,
    AgreementDecision,
    OrderRequest,
    StandardTerms,
    DelegationPolicy,
}

impl OwnKind {
    const ALL: [Self; 5] = [
        Self::CustomerAgreement,
        Self::AgreementDecision,
        Self::OrderRequest,
        Self::StandardTerms,
        Self::DelegationPolicy,
    ];

    /// The kind as manifests write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CustomerAgreement => "CustomerAgreement",
            Self::AgreementDecision => "AgreementDecision",
            Self::OrderRequest => "OrderRequest",
            Self::StandardTerms => "StandardTerms",
            Self::DelegationPolicy => "DelegationPolicy",
        }
    }
}

struct Reading<'a> {
    file: &'a str,
    found: Vec<Result<Manifest, Unreadable>>,
}

impl Reading<'_> {
    fn json(&mut self, text: &str) {
        for (index, document) in serde_json::Deserializer::from_str(text).into_iter::<Value>().enumerate() {
            match document {
                Ok(value) => self.document(index + 1, value),
                Err(error) => self.cannot(index + 1, None, None, &format!("it is not JSON: {error}")),
            }
        }
    }

    fn yaml(&mut self, text: &str) {
        for (index, (line, document)) in documents(text).into_iter().enumerate() {
            // No budget, since an export may be of any size. `kubectl` writes no aliases, and their expansion stays bounded.
            let options = serde_saphyr::options! { budget: None, with_snippet: false };
            match serde_saphyr::from_str_with_options::<Value>(&document, options) {
                Ok(value) => self.document(index + 1, value),
                Err(error) => {
                    let message =
                        format!("it is not YAML (the document begins at line {line} of the file): {error}");
                    self.cannot(index + 1, None, None, &message);
                }
            }
        }
    }

    fn document(&mut self, document: usize, value: Value) {
        match value {
            Value::Null => {}
            Value::Array(items) => items.into_iter().for_each(|item| self.document(document, item)),
            Value::Object(mut object) => {
                let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
                let Some(item_kind) = kind.strip_suffix("List") else {
                    let value = Value::Object(object);
                    self.found.push(Ok(Manifest { file: self.file.to_owned(), document, value }));
                    return;
                };
                let version = object.get("apiVersion").cloned();
                let Some(Value::Array(items)) = object.remove("items") else {
                    self.cannot(document, Some(kind.clone()), Some("items".to_owned()), "it must be a list");
                    return;
                };
                for mut item in items {
                    // Items of a typed list may leave out what the list says for all of them.
                    if let (Value::Object(item), false) = (&mut item, item_kind.is_empty()) {
                        item.entry("kind").or_insert_with(|| item_kind.into());
                        item.entry("apiVersion").or_insert_with(|| version.clone().unwrap_or_default());
                    }
                    self.document(document, item);
                }
            }
            other => {
                let message =
                    format!("it must be an object or a list of objects, and is {}", kind_of(&other));
                self.cannot(document, None, None, &message);
            }
        }
    }

    fn cannot(&mut self, document: usize, object: Option<String>, field: Option<String>, message: &str) {
        let message = text::reason(message);
        self.found.push(Err(Unreadable { file: self.file.to_owned(), document, object, field, message }));
    }
}

/// Kind and name of an object, as far as they are given.
pub(crate) fn named(value: &Value) -> Option<String> {
    let word = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).filter(|word| !word.is_empty());
    let kind = word("/kind").unwrap_or("an object");
    let name = word("/metadata/name").unwrap_or("without a name");
    let whole = match word("/metadata/namespace") {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    };
    Some(text::reason(&whole))
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

/// The documents of a YAML text, each with the line on which it begins. A broken one ends where the next one begins.
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
