//! What the API server itself enforces of our definitions: bounds, CEL rules and what may never change.

mod bounds;
mod cases;
mod cel;
mod columns;
mod examples;

use anyhow::{Context, Result};
use countersign_api::crd;
use kube::Client;
use serde_json::{Value, json};
use testkit::raw::{Refusal, path, send};
use testkit::schema::{Place, places, with, without_indices, word};

/// A kind, with objects that together have every field.
struct Kind {
    definition: Value,
    plural: String,
    namespace: &'static str,
    examples: Vec<Value>,
}

impl Kind {
    fn all() -> Result<Vec<Self>> {
        crd::all()
            .into_iter()
            .map(|definition| {
                let plural = word(&definition, "/spec/names/plural").to_owned();
                let namespaced = word(&definition, "/spec/scope") == "Namespaced";
                let examples = testkit::documents(&format!("testkit/complete/{plural}.yaml"))?;
                Ok(Self { definition, plural, namespace: if namespaced { "default" } else { "" }, examples })
            })
            .collect()
    }

    fn of(plural: &str) -> Result<Self> {
        Self::all()?
            .into_iter()
            .find(|kind| kind.plural == plural)
            .with_context(|| format!("no kind {plural}"))
    }

    fn example(&self, name: &str) -> Result<Value> {
        let found = self.examples.iter().find(|e| word(e, "/metadata/name") == name);
        found.cloned().with_context(|| format!("no example {name} of {}", self.plural))
    }

    async fn create(&self, client: &Client, object: &Value, dry: bool) -> Result<Value, Refusal> {
        let query = if dry { "?fieldValidation=Strict&dryRun=All" } else { "?fieldValidation=Strict" };
        send(client, "POST", &format!("{}{query}", path(&self.plural, self.namespace)), object).await
    }

    async fn replace(
        &self,
        client: &Client,
        object: &Value,
        subresource: &str,
        dry: bool,
    ) -> Result<Value, Refusal> {
        let name = word(object, "/metadata/name");
        let query = if dry { "?fieldValidation=Strict&dryRun=All" } else { "?fieldValidation=Strict" };
        let path = format!("{}/{name}{subresource}{query}", path(&self.plural, self.namespace));
        send(client, "PUT", &path, object).await
    }

    /// A stored copy of an example, without status, under a name of its own.
    async fn stored(&self, client: &Client, example: &Value, name: &str) -> Result<Value> {
        let object = with(&with(example, "/metadata/name", &json!(name)), "/status", &Value::Null);
        self.create(client, &object, false).await.map_err(Refusal::into_error)
    }
}

/// One bound at one place: something that must be accepted, and something that must not.
struct Bound {
    /// Place and keyword.
    what: String,
    /// Values of which at least one must be accepted; empty where only the refusal matters.
    within: Vec<Value>,
    /// A value that must be refused.
    beyond: Value,
    /// What the server says then.
    says: &'static str,
}

/// Strings of `length` characters, one of which every pattern of ours takes.
fn strings(length: usize) -> Vec<Value> {
    let mut found = vec!["a".repeat(length), "A".repeat(length), "1".repeat(length)];
    for decimals in 1..=10 {
        if let Some(whole) = length.checked_sub(decimals + 1).filter(|whole| *whole > 0) {
            found.push(format!("{}.{}", "9".repeat(whole), "9".repeat(decimals)));
            if whole > 1 {
                found.push(format!("-{}.{}", "9".repeat(whole - 1), "9".repeat(decimals)));
            }
        }
    }
    found.extend(["sha256:".len(), "100.".len()].into_iter().zip(["sha256:", "100."]).filter_map(
        |(taken, start)| length.checked_sub(taken).map(|rest| format!("{start}{}", "0".repeat(rest))),
    ));
    found.push("2026-12-25".chars().chain("x".chars().cycle()).take(length).collect());
    found.push("2026-11-27T09:12:44.123456789+01:00".chars().take(length).collect());
    found.into_iter().map(Value::from).collect()
}

/// The element of a list changed so that it is the `index`th of a set, of a map with these keys, or of a list whose
/// order counts and whose names differ by a rule of ours.
fn distinct(list: &Place<'_>, element: &Value, index: usize) -> Value {
    let items = list.keyword("items").cloned().unwrap_or_default();
    match list.word("x-kubernetes-list-type") {
        Some("set") => distinct_word(&items, index),
        Some("map") => {
            let keys = list.keyword("x-kubernetes-list-map-keys").and_then(Value::as_array);
            let first = keys.and_then(|keys| keys.first()).and_then(Value::as_str).unwrap_or_default();
            let schema = items.pointer(&format!("/properties/{first}")).cloned().unwrap_or_default();
            with(element, &format!("/{first}"), &distinct_word(&schema, index))
        }
        _ => {
            let named = |key: &&str| items.pointer(&format!("/properties/{key}")).is_some();
            ["name", "function"].into_iter().find(named).map_or_else(
                || element.clone(),
                |key| {
                    let schema = items.pointer(&format!("/properties/{key}")).cloned().unwrap_or_default();
                    with(element, &format!("/{key}"), &distinct_word(&schema, index))
                },
            )
        }
    }
}

fn distinct_word(schema: &Value, index: usize) -> Value {
    let pattern = schema.get("pattern").and_then(Value::as_str).unwrap_or_default();
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        words.get(index % words.len().max(1)).cloned().unwrap_or_default()
    } else if pattern == "^[A-Z]{3}$" {
        let letter = |value: usize| char::from(b'A' + u8::try_from(value % 26).unwrap_or_default());
        json!([letter(index / 676), letter(index / 26), letter(index)].iter().collect::<String>())
    } else if pattern.starts_with("^[0-9]{4}-") {
        json!(format!("20{:02}-{:02}-{:02}", index / 336, index / 28 % 12 + 1, index % 28 + 1))
    } else if pattern.starts_with("^[A-Z]") {
        json!(format!("X{index}"))
    } else {
        json!(format!("x{index}"))
    }
}

fn bounds(place: &Place<'_>, value: &Value) -> Vec<Bound> {
    let size = |keyword: &str| place.number(keyword).and_then(|bound| usize::try_from(bound).ok());
    let mut found = Vec::new();
    let mut add = |keyword: &str, within: Vec<Value>, beyond: Value, says: &'static str| {
        found.push(Bound { what: format!("`{}` {keyword}", place.path), within, beyond, says });
    };
    match place.word("type") {
        Some("string") => {
            if let Some(words) = place.keyword("enum").and_then(Value::as_array) {
                add("enum", words.clone(), json!("Nonsense"), "Unsupported value");
            }
            if place.word("format") == Some("date-time") {
                // All of them are `date-time` to the server, and none can be read back by Rust.
                for time in [
                    "2028-01-01T00:00:00.1234567891234Z",
                    "2028-01-01T00:00:00,5Z",
                    "2028-01-01T00:00:00+25:00",
                    "9999-12-31T23:59:59-01:00",
                ] {
                    add("unreadable time", Vec::new(), json!(time), "should match");
                }
                return found;
            }
            if let Some(max) = size("maxLength") {
                add("maxLength", strings(max), json!("a".repeat(max + 1)), "Too long");
            }
            if let Some(min) = size("minLength").filter(|min| *min > 0) {
                add("minLength", strings(min), json!("a".repeat(min - 1)), "chars long");
            }
            if place.keyword("pattern").is_some() {
                add(
                    "pattern",
                    Vec::new(),
                    json!("\u{a7}".repeat(size("minLength").unwrap_or(1).max(1))),
                    "should match",
                );
            }
        }
        Some("integer") => {
            if let Some(max) = place.number("maximum") {
                add("maximum", vec![json!(max)], json!(max + 1), "less than or equal to");
            }
            if let Some(min) = place.number("minimum") {
                add("minimum", vec![json!(min)], json!(min - 1), "greater than or equal to");
            }
            add("fraction", Vec::new(), json!(1.5), "must be of type integer");
        }
        Some("array") => {
            let element = value.get(0).cloned().unwrap_or_default();
            let from = |start: usize, count: usize| {
                (start..start + count).map(|i| distinct(place, &element, i)).collect::<Value>()
            };
            let list = |count: usize| from(0, count);
            if let Some(max) = size("maxItems") {
                add("maxItems", vec![list(max)], list(max + 1), "Too many");
            }
            if let Some(min) = size("minItems").filter(|min| *min > 0) {
                add("minItems", vec![list(min), from(1, min)], list(min - 1), "should have at least");
            }
            if let Some("map" | "set") = place.word("x-kubernetes-list-type") {
                add("uniqueness", Vec::new(), json!([element, element]), "Duplicate value");
            }
        }
        Some("object") => {
            if let Some(max) = size("maxProperties") {
                let map = |count: usize| (0..count).map(|i| (format!("k{i}"), json!("v"))).collect::<Value>();
                add("maxProperties", vec![map(max)], map(max + 1), "must have at most");
            } else {
                add("unknown field", Vec::new(), with(value, "/nonsense", &json!(1)), "unknown field");
            }
        }
        _ => {}
    }
    found
}

/// A rule of a definition.
struct Rule {
    kind: String,
    /// Where the server reports it.
    field: String,
    /// Pieces of its message that do not depend on the object.
    pieces: Vec<String>,
    /// For the report.
    text: String,
}

fn rules(definition: &Value) -> Vec<Rule> {
    let mut found = Vec::new();
    for place in places(definition) {
        for rule in place.keyword("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten()
        {
            let at = word(rule, "/fieldPath").trim_start_matches('.');
            let field =
                [place.path.as_str(), at].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
            let pieces = match rule.get("messageExpression").and_then(Value::as_str) {
                Some(expression) => literals(expression),
                None => vec![word(rule, "/message").to_owned()],
            };
            found.push(Rule {
                kind: word(definition, "/spec/names/plural").to_owned(),
                field: field.join("."),
                pieces,
                text: word(rule, "/rule").to_owned(),
            });
        }
    }
    found
}

/// The literal parts of a CEL expression that builds a string.
fn literals(expression: &str) -> Vec<String> {
    let quoted = expression.split('\'').skip(1).step_by(2);
    quoted.flat_map(|text| text.split("%s").flat_map(|part| part.split("%d"))).map(str::to_owned).collect()
}

impl Rule {
    fn is(&self, kind: &str, field: &str, message: &str) -> bool {
        let mut rest = message;
        self.kind == kind
            && self.field == without_indices(field)
            && self.pieces.iter().all(|piece| match rest.find(piece.as_str()) {
                Some(start) => {
                    rest = rest.get(start + piece.len()..).unwrap_or_default();
                    true
                }
                None => false,
            })
    }
}

/// What is done to an object, as JSON pointers and new values; `null` takes the place out.
type Edit = Vec<(&'static str, Value)>;

/// A row of the table: the edit that one rule refuses, and a neighbour that it accepts.
struct Case {
    kind: &'static str,
    example: &'static str,
    refused: Edit,
    says: &'static str,
    accepted: Edit,
}

fn other_digest() -> String {
    format!("sha256:{}", "0".repeat(64))
}

/// A stored agreement with the whole status of the example, which has both `sealedTime` and `closed`.
async fn sealed(kind: &Kind, admin: &Client, example: &Value, name: &str) -> Result<Value> {
    let open = kind.stored(admin, example, name).await?;
    let status = example.pointer("/status").cloned().unwrap_or_default();
    kind.replace(admin, &with(&open, "/status", &status), "/status", false).await.map_err(Refusal::into_error)
}

/// `kubectl get` prints what the server answers to this.
async fn table(client: &Client, path: &str) -> Result<Value> {
    let request = http::Request::get(path)
        .header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
        .body(Vec::new())?;
    Ok(client.request(request).await?)
}
