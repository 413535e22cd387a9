//! What the API server itself enforces of our definitions: bounds, CEL rules and what may never change.

//!
//! The bounds are found in the schemas and tried at the bound and beyond it. The CEL rules are a table, and a rule
//! that no row of the table breaks fails the test.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use anyhow::{Context, Result, anyhow};
use countersign_api::crd;
use futures::{StreamExt, stream};
use kube::Client;
use serde_json::{Value, json};
use testkit::alone::bare;
use testkit::{
    raw::{Refusal, path, send},
    schema::{Place, places, pointers, with, without_indices, word},
};

/// Requests at a time.
const PARALLEL: usize = 24;

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

// ---- Bounds -------------------------------------------------------------------------------------------------------

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

#[tokio::test]
async fn every_field_has_an_example_that_the_server_takes() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    for kind in Kind::all()? {
        let mut without: BTreeSet<String> = places(&kind.definition)
            .into_iter()
            .map(|place| place.path)
            .filter(|path| path.starts_with("spec") || path.starts_with("status"))
            .collect();
        for example in &kind.examples {
            kind.create(&admin, example, true).await.map_err(Refusal::into_error)?;
            for (path, _) in pointers(&kind.definition, example) {
                without.remove(&path);
            }
        }
        assert!(without.is_empty(), "testkit/complete/{}.yaml lacks {without:?}", kind.plural);
    }
    Ok(())
}

#[tokio::test]
async fn every_bound_is_refused_beyond_and_accepted_within() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let mut trials = Vec::new();
    for kind in Kind::all()? {
        for (number, example) in kind.examples.iter().enumerate() {
            let bare = kind.stored(&admin, example, &format!("bounds-{number}")).await?;
            let schemas: BTreeMap<String, Place<'_>> =
                places(&kind.definition).into_iter().map(|place| (place.path.clone(), place)).collect();
            for (path, pointer) in pointers(&kind.definition, example) {
                let Some(place) = schemas.get(&path).filter(|place| place.path.contains('.')) else {
                    continue;
                };
                let Some(value) = example.pointer(&pointer) else { continue };
                // A status is stripped on creation, so its bounds are only enforced where it is written.
                let status = pointer.starts_with("/status");
                let base = if status {
                    let empty = example.pointer("/status").cloned().unwrap_or_default();
                    with(&bare, "/status", &empty)
                } else {
                    with(example, "/status", &Value::Null)
                };
                for bound in bounds(place, value) {
                    trials.push((
                        kind.plural.clone(),
                        kind.namespace,
                        status,
                        base.clone(),
                        pointer.clone(),
                        bound,
                    ));
                }
            }
        }
    }
    assert!(trials.len() > 900, "only {} bounds were found", trials.len());
    let judged: Vec<Verdict> = stream::iter(trials)
        .map(|(plural, namespace, status, base, pointer, bound)| {
            let admin = admin.clone();
            async move {
                let query = "fieldValidation=Strict&dryRun=All";
                let collection = path(&plural, namespace);
                let (method, path) = if status {
                    ("PUT", format!("{collection}/{}/status?{query}", word(&base, "/metadata/name")))
                } else {
                    ("POST", format!("{collection}?{query}"))
                };
                let attempt =
                    async |value: &Value| send(&admin, method, &path, &with(&base, &pointer, value)).await;
                let mut within = Ok(());
                for value in &bound.within {
                    within = attempt(value).await.map(drop).map_err(|refusal| refusal.message);
                    if within.is_ok() {
                        break;
                    }
                }
                let beyond = match attempt(&bound.beyond).await {
                    Err(refusal) if refusal.message.contains(bound.says) => Ok(()),
                    Err(refusal) => Err(format!("refused with other words: {}", refusal.message)),
                    Ok(_) => Err("accepted beyond the bound".to_owned()),
                };
                Verdict { what: format!("{plural} {}", bound.what), within, beyond }
            }
        })
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    // Two examples may have the same field, and only one of them leave room for its largest value.
    let reached: BTreeSet<&str> =
        judged.iter().filter(|v| v.within.is_ok()).map(|v| v.what.as_str()).collect();
    let mut faults = String::new();
    for Verdict { what, within, beyond } in &judged {
        if let Err(fault) = beyond {
            writeln!(faults, "{what}: {fault}")?;
        }
        if let (Err(fault), false) = (within, reached.contains(what.as_str())) {
            writeln!(faults, "{what}: refused within the bound: {fault}")?;
        }
    }
    assert!(faults.is_empty(), "{faults}");
    Ok(())
}

/// What came of trying one bound.
struct Verdict {
    what: String,
    within: Result<(), String>,
    beyond: Result<(), String>,
}

// ---- CEL rules ----------------------------------------------------------------------------------------------------

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

fn edited(object: &Value, edit: &Edit) -> Value {
    edit.iter().fold(object.clone(), |object, (pointer, value)| with(&object, pointer, value))
}

/// A row of the table: the edit that one rule refuses, and a neighbour that it accepts.
struct Case {
    kind: &'static str,
    example: &'static str,
    refused: Edit,
    says: &'static str,
    accepted: Edit,
}

macro_rules! case {
    ($kind:literal $example:literal refuses [$($p:literal = $v:tt),*] says $says:literal accepts [$($q:literal = $w:tt),*]) => {
        Case {
            kind: $kind,
            example: $example,
            refused: vec![$(($p, json!($v))),*],
            says: $says,
            accepted: vec![$(($q, json!($w))),*],
        }
    };
}

/// Judged at every write, so also at creation.
#[rustfmt::skip]
fn always() -> Vec<Case> {
    vec![
        case!("customeragreements" "complete" refuses ["/spec/supersedesRef/name" = "complete"]
            says "`spec.supersedesRef.name` must name another agreement, and is this one, complete"
            accepts ["/spec/supersedesRef/name" = "complete-2"]),
        case!("customeragreements" "complete" refuses ["/spec/parentRef/name" = "complete"]
            says "`spec.parentRef.name` must name another agreement, and is this one, complete"
            accepts ["/spec/parentRef/name" = "complete-2"]),
        case!("customeragreements" "complete-amendment" refuses ["/spec/amendsRef/name" = "complete-amendment"]
            says "`spec.amendsRef.name` must name another agreement, and is this one, complete-amendment"
            accepts ["/spec/amendsRef/name" = "complete-2"]),
        case!("customeragreements" "complete-amendment" refuses ["/spec/amendsRef" = null]
            says "`amendsRef` must be given when `agreementType` is Amendment, and only then; `agreementType` is Amendment"
            accepts ["/spec/amendsRef" = null, "/spec/agreementType" = "Framework"]),
        case!("customeragreements" "complete" refuses ["/spec/amendsRef" = {"name": "x"}]
            says "`amendsRef` must be given when `agreementType` is Amendment, and only then; `agreementType` is Commercial"
            accepts ["/spec/amendsRef" = {"name": "x"}, "/spec/agreementType" = "Amendment"]),
        case!("customeragreements" "complete" refuses ["/spec/orders" = (many_items(5, 401))]
            says "`orders` must hold at most 2000 items in all, and hold 2005"
            accepts ["/spec/orders" = (many_items(5, 400))]),
        case!("customeragreements" "complete" refuses ["/spec/agreementPeriod/endTime" = "2028-01-01T00:00:00Z"]
            says "`endTime` 2028-01-01T00:00:00Z must be later than `startTime` 2028-01-01T00:00:00Z"
            accepts ["/spec/agreementPeriod/endTime" = "2028-01-01T00:00:01Z"]),
        case!("customeragreements" "complete" refuses ["/spec/orders/0/requestedCompletionTime" = "2027-12-31T23:59:59Z"]
            says "`requestedCompletionTime` 2027-12-31T23:59:59Z must not be earlier than `requestedStartTime` 2028-01-01T00:00:00Z"
            accepts ["/spec/orders/0/requestedCompletionTime" = "2028-01-01T00:00:00Z"]),
        case!("customeragreements" "complete" refuses ["/spec/orders/0/items/0/prices/0/type" = "OneTime"]
            says "`period` must be given for a Recurring price, and only for it; `type` is OneTime"
            accepts ["/spec/orders/0/items/0/prices/0/type" = "OneTime", "/spec/orders/0/items/0/prices/0/period" = null]),
        case!("customeragreements" "complete" refuses ["/spec/orders/0/items/0/prices/0/period" = null]
            says "`period` must be given for a Recurring price, and only for it; `type` is Recurring"
            accepts ["/spec/orders/0/items/0/prices/0/period" = "Year"]),
        case!("customeragreements" "complete" refuses ["/spec/terms/0/value" = null, "/spec/terms/0/text" = null]
            says "term payment-days must have a `value` or a `text`"
            accepts ["/spec/terms/0/value" = null]),
        case!("orderrequests" "complete-o1" refuses ["/spec/items/0/prices/0/type" = "Usage"]
            says "`period` must be given for a Recurring price, and only for it; `type` is Usage"
            accepts ["/spec/items/0/prices/0/type" = "Usage", "/spec/items/0/prices/0/period" = null]),
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/statements" = ["Understood"]]
            says "`statements` must be given for Confirm, and only for it; `action` is Refuse"
            accepts []),
        case!("agreementdecisions" "complete-confirm" refuses ["/spec/statements" = null, "/spec/orders" = null]
            says "`statements` must be given for Confirm, and only for it; `action` is Confirm"
            accepts ["/spec/statements" = ["Understood"], "/spec/orders" = null]),
        case!("agreementdecisions" "complete-confirm" refuses ["/spec/statements" = ["Understood"]]
            says "`orders` may only be given for a Confirm with the statement Acceptable; `action` is Confirm"
            accepts ["/spec/statements" = ["Acceptable"]]),
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/reason" = null]
            says "`reason` must be given for Refuse"
            accepts ["/spec/reason" = null, "/spec/action" = "Approve"]),
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/level" = null]
            says "`function` and `level` must be given together"
            accepts []),
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/function" = null, "/spec/level" = null, "/spec/onBehalfOf" = null]
            says "`function` and `level` must be given for Refuse: the authority that you act with"
            accepts ["/spec/action" = "RequestChange", "/spec/function" = null, "/spec/level" = null, "/spec/onBehalfOf" = null]),
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/action" = "Countersign"]
            says "`function` may only be given for Approve, Refuse and RequestChange; `action` is Countersign"
            accepts ["/spec/action" = "RequestChange"]),
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/action" = "Withdraw", "/spec/function" = null, "/spec/level" = null]
            says "`onBehalfOf` may only be given with `function`, or for Confirm, Decline, RequestChange and Sign; `action` is Withdraw"
            accepts ["/spec/action" = "Withdraw", "/spec/function" = null, "/spec/level" = null, "/spec/onBehalfOf" = null]),
        case!("agreementdecisions" "complete-confirm" refuses ["/spec/evidence" = null]
            says "`evidence` must be given when a representative's act is recorded (`onBehalfOf` without `function`), and only then"
            accepts ["/spec/evidence" = null, "/spec/onBehalfOf" = null]),
        case!("agreementdecisions" "complete-confirm" refuses ["/spec/onBehalfOf" = null]
            says "`evidence` must be given when a representative's act is recorded (`onBehalfOf` without `function`), and only then"
            accepts []),
        case!("standardterms" "complete" refuses ["/spec/validPeriod/endTime" = "2025-12-31T00:00:00Z"]
            says "`endTime` 2025-12-31T00:00:00Z must be later than `startTime` 2026-01-01T00:00:00Z"
            accepts ["/spec/validPeriod/endTime" = null]),
        case!("standardterms" "complete" refuses ["/spec/terms/0/standard/values" = ["30"]]
            says "`standard` of term payment-days may have `from` and `to` for numbers and `values` for words; `valueType` is Days"
            accepts ["/spec/terms/0/standard" = {"from": "1"}]),
        case!("standardterms" "complete" refuses ["/spec/terms/2/standard/from" = "1"]
            says "`standard` of term governing-law may have `from` and `to` for numbers and `values` for words; `valueType` is Enum"
            accepts ["/spec/terms/2/standard" = {"values": ["DE", "SE"]}]),
        case!("standardterms" "complete" refuses ["/spec/terms/2/bands/0/from" = "1"]
            says "a band of term governing-law may have `from` and `to` for numbers and `values` for words; `valueType` is Enum"
            accepts ["/spec/terms/2/bands/0/values" = ["NL"]]),
        case!("standardterms" "complete" refuses ["/spec/terms/0/bands/0/values" = ["31"]]
            says "a band of term payment-days may have `from` and `to` for numbers and `values` for words; `valueType` is Days"
            accepts ["/spec/terms/0/bands/0/to" = null]),
        case!("standardterms" "complete" refuses ["/spec/terms/0/bands/0/from" = "45.1"]
            says "`from` 45.1 must not be above `to` 45"
            accepts ["/spec/terms/0/bands/0/from" = "45.0"]),
        case!("standardterms" "complete" refuses ["/spec/terms/0/standard/from" = "31"]
            says "`from` 31 must not be above `to` 30"
            accepts ["/spec/terms/0/standard/from" = "30"]),
        case!("standardterms" "complete" refuses ["/spec/terms/2/bands/0/values" = null]
            says "band neutral must have `from`, `to` or `values`"
            accepts ["/spec/terms/2/bands" = null]),
        case!("standardterms" "complete" refuses ["/spec/terms/2/beyond/level" = "L1"]
            says "`beyond` must have either `prohibited: true`, or `function` and `level`"
            accepts ["/spec/terms/2/beyond" = {"function": "legal", "level": "L1"}]),
        case!("standardterms" "complete" refuses ["/spec/terms/2/beyond" = {"prohibited": false}]
            says "`beyond` must have either `prohibited: true`, or `function` and `level`"
            accepts ["/spec/terms/2/beyond" = {"prohibited": false, "function": "legal", "level": "L1"}]),
        case!("delegationpolicies" "complete" refuses
            ["/spec/rules/triggers/0/segments" = null, "/spec/rules/triggers/0/agreementTypes" = null, "/spec/rules/triggers/0/orderCategories" = null]
            says "trigger public-sector must have `segments`, `agreementTypes` or `orderCategories`"
            accepts ["/spec/rules/triggers/0/segments" = null, "/spec/rules/triggers/0/agreementTypes" = null]),
        case!("delegationpolicies" "complete" refuses ["/spec/rules/ladders/-" = {"function": "sales", "levels": [{"name": "L1", "title": "x", "deadlineSeconds": 1}]}]
            says "`ladders` must not have a function twice"
            accepts ["/spec/rules/ladders/-" = {"function": "legal", "levels": [{"name": "L1", "title": "x", "deadlineSeconds": 1}]}]),
        case!("delegationpolicies" "complete" refuses ["/spec/rules/ladders/0/levels/-" = {"name": "L1", "title": "x", "deadlineSeconds": 1}]
            says "`levels` of sales must not have a name twice"
            accepts ["/spec/rules/ladders/0/levels/-" = {"name": "L2", "title": "x", "deadlineSeconds": 1}]),
        case!("delegationpolicies" "complete" refuses ["/spec/rules/autoWithin/-" = {"function": "sales", "level": "L2"}]
            says "`autoWithin` must not have a function twice"
            accepts ["/spec/rules/autoWithin/-" = {"function": "legal", "level": "L1"}]),
        case!("delegationpolicies" "complete" refuses ["/spec/rules/escalation/quorums/-" = {"function": "sales", "level": "L1", "count": 3}]
            says "`quorums` must not have a level twice"
            accepts ["/spec/rules/escalation/quorums/-" = {"function": "sales", "level": "L2", "count": 3}]),
        case!("standardterms" "complete" refuses ["/spec/terms/2/bands/-" = {"name": "neutral", "values": ["NL"], "function": "legal", "level": "L2"}]
            says "`bands` of term governing-law must not have a name twice"
            accepts ["/spec/terms/2/bands/-" = {"name": "other", "values": ["NL"], "function": "legal", "level": "L2"}]),
        case!("delegationpolicies" "complete" refuses ["/spec/substitutes/0/endTime" = "2026-07-06T00:00:00Z"]
            says "`endTime` 2026-07-06T00:00:00Z must be later than `startTime` 2026-07-06T00:00:00Z"
            accepts ["/spec/substitutes/0/endTime" = "2026-07-06T00:00:01Z"]),
        case!("delegationpolicies" "complete" refuses ["/spec/substitutes/0/substitute" = "r.lind"]
            says "`substitute` must not be the `holder`, r.lind"
            accepts ["/spec/substitutes/0/substitute" = "R.lind"]),
    ]
}

fn many_items(orders: usize, items: usize) -> Value {
    let item = json!({"id": "1", "action": "NoChange", "quantity": 1});
    (0..orders).map(|order| json!({"id": format!("o{order}"), "items": vec![item.clone(); items]})).collect()
}

/// Judged against what is stored, once the agreement is sealed: each edit is accepted before that.
#[rustfmt::skip]
fn once_sealed() -> Vec<Case> {
    vec![
        case!("customeragreements" "complete" refuses ["/spec/agreementType" = "Framework"]
            says "`spec.agreementType` must stay Commercial and not become Framework: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/offerVersion" = 4] says "`spec.offerVersion` must stay 3 and not become 4: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/proposalRef/version" = "3"] says "`spec.proposalRef` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/proposalRef" = null] says "`spec.proposalRef` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/customer/representatives/0/username" = "eve"] says "`spec.customer` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/provider/id" = "ORG-9"] says "`spec.provider` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/provider/name" = "Other"] says "`spec.provider` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/otherParties/0/role" = "Reseller"] says "`spec.otherParties` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/agreementPeriod/endTime" = null] says "`spec.agreementPeriod` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/estimatedValue/amount" = "1.00"] says "`spec.estimatedValue` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/standardTermsRef/name" = "other"]
            says "`spec.standardTermsRef.name` must stay b2b-2026-1 and not become other: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/terms/0/value" = "60"] says "`spec.terms` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/terms" = null] says "`spec.terms` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/orders/0/items/0/prices/0/amount" = "9.00"] says "`spec.orders` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/documents/0/digest" = (other_digest())] says "`spec.documents` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/documents/0/role" = "PriceList"] says "`spec.documents` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/documents" = null] says "`spec.documents` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/amendsRef" = {"name": "x"}, "/spec/agreementType" = "Amendment"] says "`spec.amendsRef` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/supersedesRef/name" = "x"] says "`spec.supersedesRef` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/parentRef" = null] says "`spec.parentRef` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
    ]
}

fn other_digest() -> String {
    format!("sha256:{}", "0".repeat(64))
}

/// Judged against what is stored, from the first write on.
#[rustfmt::skip]
fn never_changed() -> Vec<Case> {
    vec![
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/reason" = "other words"] says "`spec` may not be changed: a decision is made once; make a new one"
            accepts ["/metadata/labels" = {"a": "b"}]),
        case!("orderrequests" "complete-o1" refuses ["/spec/priority" = 0] says "`spec` may not be changed: it is what the customer confirmed"
            accepts ["/metadata/finalizers" = ["orders.example.dev/hold"]]),
        case!("delegationpolicies" "complete" refuses ["/spec/rules/escalation/quorum" = 2]
            says "`spec.rules` may not be changed: agreements are pinned to them; make a new policy and retire this one"
            accepts ["/spec/lifecycleState" = "Retired", "/spec/holders" = null, "/spec/substitutes" = null, "/spec/aliases" = null, "/spec/namespaceSelector" = {}]),
        case!("standardterms" "complete" refuses ["/spec/version" = "2"] says "`spec.version` must stay 2026.1 and not become 2: agreements are pinned to it; make a new catalogue and retire this one"
            accepts ["/spec/lifecycleState" = "Retired"]),
        case!("standardterms" "complete" refuses ["/spec/validPeriod/endTime" = "2029-01-01T00:00:00Z"] says "`spec.validPeriod` may not be changed: agreements are pinned to it; make a new catalogue and retire this one" accepts []),
        case!("standardterms" "complete" refuses ["/spec/validPeriod" = null] says "`spec.validPeriod` may not be changed: agreements are pinned to it; make a new catalogue and retire this one" accepts []),
        case!("standardterms" "complete" refuses ["/spec/agreementTypes/0" = "Framework"] says "`spec.agreementTypes` may not be changed: agreements are pinned to it; make a new catalogue and retire this one" accepts []),
        case!("standardterms" "complete" refuses ["/spec/documents/0/name" = "x"] says "`spec.documents` may not be changed: agreements are pinned to it; make a new catalogue and retire this one" accepts []),
        case!("standardterms" "complete" refuses ["/spec/unknownTerms/level" = "L1"] says "`spec.unknownTerms` may not be changed: agreements are pinned to it; make a new catalogue and retire this one" accepts []),
        case!("standardterms" "complete" refuses ["/spec/terms/0/standard/to" = "90"] says "`spec.terms` may not be changed: agreements are pinned to it; make a new catalogue and retire this one" accepts []),
    ]
}

/// Edits of a status that has it, and refuses to lose it.
#[rustfmt::skip]
fn kept_in_status() -> Vec<Case> {
    vec![
        case!("customeragreements" "complete" refuses ["/status/signOff/sealedTime" = "2026-11-27T09:12:45Z"] says "`status.signOff.sealedTime` must stay 2026-11-27T09:12:44Z: the agreement is sealed for ever"
            accepts ["/status/signOff/signatures" = null]),
        case!("customeragreements" "complete" refuses ["/status/signOff/sealedTime" = null] says "`status.signOff.sealedTime` must stay 2026-11-27T09:12:44Z: the agreement is sealed for ever" accepts ["/status/phase" = "Agreed"]),
        case!("customeragreements" "complete" refuses ["/status/signOff" = null] says "`status.signOff.sealedTime` must stay 2026-11-27T09:12:44Z: the agreement is sealed for ever" accepts []),
        case!("customeragreements" "complete" refuses ["/status/closed/outcome" = "Declined"] says "`status.closed` may not be changed: the agreement has ended for ever" accepts []),
        case!("customeragreements" "complete" refuses ["/status/closed/reason" = "other words"] says "`status.closed` may not be changed: the agreement has ended for ever" accepts []),
        case!("customeragreements" "complete" refuses ["/status/closed" = null] says "`status.closed` may not be changed: the agreement has ended for ever" accepts []),
        case!("customeragreements" "complete" refuses ["/status" = null] says "`status.closed` may not be changed: the agreement has ended for ever" accepts []),
    ]
}

/// What of this case's refusal was as it must be: the rules that it broke.
fn broken(rules: &[Rule], case: &Case, answer: Result<Value, Refusal>) -> Result<Vec<usize>> {
    let what = format!("{} {} {:?}", case.kind, case.example, case.refused);
    let refusal = match answer {
        Ok(_) => return Err(anyhow!("{what}: accepted")),
        Err(refusal) => refusal,
    };
    let mut hit = Vec::new();
    for cause in &refusal.causes {
        if cause.message.ends_with(case.says) {
            let of = rules.iter().enumerate().filter(|(_, rule)| rule.is(case.kind, &cause.field, case.says));
            hit.extend(of.map(|(index, _)| index));
        }
    }
    if hit.is_empty() {
        return Err(anyhow!("{what}: refused with other words: {} {:?}", refusal.message, refusal.causes));
    }
    Ok(hit)
}

#[tokio::test]
async fn every_rule_refuses_what_it_must_and_says_why() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let rules: Vec<Rule> = crd::all().iter().flat_map(rules).collect();
    let mut hit = BTreeSet::new();
    let mut faults = Vec::new();
    let mut judge = |case: &Case, refused: Result<Value, Refusal>, accepted: Result<Value, Refusal>| {
        match broken(&rules, case, refused) {
            Ok(of) => hit.extend(of),
            Err(fault) => faults.push(fault.to_string()),
        }
        if let Err(refusal) = accepted {
            faults.push(format!("{} {} {:?}: {}", case.kind, case.example, case.accepted, refusal.message));
        }
    };

    for case in always() {
        let kind = Kind::of(case.kind)?;
        let example = kind.example(case.example)?;
        let refused = kind.create(&admin, &edited(&example, &case.refused), true).await;
        let accepted = kind.create(&admin, &edited(&example, &case.accepted), true).await;
        judge(&case, refused, accepted);
    }
    for (number, case) in never_changed().into_iter().enumerate() {
        let kind = Kind::of(case.kind)?;
        let stored = kind.stored(&admin, &kind.example(case.example)?, &format!("kept-{number}")).await?;
        let refused = kind.replace(&admin, &edited(&stored, &case.refused), "", true).await;
        let accepted = kind.replace(&admin, &edited(&stored, &case.accepted), "", true).await;
        judge(&case, refused, accepted);
    }
    let kind = Kind::of("customeragreements")?;
    let example = kind.example("complete")?;
    let open = kind.stored(&admin, &example, "open").await?;
    let sealed = sealed(&kind, &admin, &example, "sealed").await?;
    for case in once_sealed() {
        let refused = kind.replace(&admin, &edited(&sealed, &case.refused), "", true).await;
        let accepted = kind.replace(&admin, &edited(&open, &case.refused), "", true).await;
        judge(&case, refused, accepted);
    }
    for case in kept_in_status() {
        let refused = kind.replace(&admin, &edited(&sealed, &case.refused), "/status", true).await;
        let accepted = kind.replace(&admin, &edited(&sealed, &case.accepted), "/status", true).await;
        judge(&case, refused, accepted);
    }

    let never: Vec<String> = rules
        .iter()
        .enumerate()
        .filter(|(index, _)| !hit.contains(index))
        .map(|(_, rule)| format!("no case breaks the rule at {} `{}`: {}", rule.kind, rule.field, rule.text))
        .collect();
    faults.extend(never);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// A stored agreement with the whole status of the example, which has both `sealedTime` and `closed`.
async fn sealed(kind: &Kind, admin: &Client, example: &Value, name: &str) -> Result<Value> {
    let open = kind.stored(admin, example, name).await?;
    let status = example.pointer("/status").cloned().unwrap_or_default();
    kind.replace(admin, &with(&open, "/status", &status), "/status", false).await.map_err(Refusal::into_error)
}

#[tokio::test]
async fn what_nobody_decided_on_stays_editable_after_sealing() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let kind = Kind::of("customeragreements")?;
    let two = json!([
        {"name": "Terms", "role": "GeneralTerms", "digest": other_digest()},
        {"name": "Terms again", "role": "GeneralTerms", "digest": other_digest()},
        {"name": "Prices", "role": "PriceList", "digest": other_digest()},
    ]);
    let example = with(&kind.example("complete")?, "/spec/documents", &two);
    let sealed = sealed(&kind, &admin, &example, "editable").await?;
    let edits: Vec<Edit> = vec![
        vec![("/spec/title", json!("Another title"))],
        vec![("/spec/description", json!("Other words"))],
        vec![("/spec/description", Value::Null)],
        vec![("/spec/documentNumber", json!("CA-2"))],
        vec![("/spec/offerEndTime", json!("2027-12-02T08:00:00Z"))],
        vec![("/spec/provider/ownerUsername", json!("s.patel"))],
        vec![("/spec/provider/signatories/0/username", json!("m.osei"))],
        vec![("/spec/provider/signatories", Value::Null)],
        vec![("/spec/documents/0/name", json!("Renamed"))],
        vec![("/spec/documents/0/uri", json!("https://elsewhere.example/terms"))],
        vec![("/spec/documents/0/mediaType", json!("text/plain"))],
        vec![("/metadata/labels", json!({"team": "north"}))],
        vec![("/metadata/annotations", json!({"note": "x"}))],
    ];
    for edit in edits {
        let answer = kind.replace(&admin, &edited(&sealed, &edit), "", true).await;
        assert_eq!(answer.err().map(|refusal| refusal.message), None, "{edit:?}");
    }
    // Three documents as before, but one role once less and another once more: the digest would differ.
    let swapped = vec![("/spec/documents/1/role", json!("PriceList"))];
    let refusal =
        kind.replace(&admin, &edited(&sealed, &swapped), "", true).await.err().context("accepted")?;
    assert!(refusal.message.contains("`spec.documents` may not be changed"), "{}", refusal.message);
    Ok(())
}

/// A map list is the same to the server in any order: what is computed over one must not depend on the order.
#[tokio::test]
async fn reordering_a_keyed_list_is_no_change_to_the_server() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let kind = Kind::of("customeragreements")?;
    let terms = |order: [&str; 2]| json!(order.map(|id| json!({"id": id, "value": "1"})));
    let example = with(&kind.example("complete")?, "/spec/terms", &terms(["a", "b"]));
    let sealed = sealed(&kind, &admin, &example, "reordered").await?;
    let reordered = with(&sealed, "/spec/terms", &terms(["b", "a"]));
    let answer = kind.replace(&admin, &reordered, "", true).await;
    assert_eq!(answer.err().map(|refusal| refusal.message), None);
    Ok(())
}

/// The server bounds what a rule may cost; the largest agreement must not be the one that hits that bound.
#[tokio::test]
async fn the_largest_agreement_can_be_written_sealed_and_edited() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let kind = Kind::of("customeragreements")?;
    let small = kind.example("complete")?;
    let item = small.pointer("/spec/orders/0/items/0").cloned().context("no item")?;
    let order = small.pointer("/spec/orders/0").cloned().context("no order")?;
    let orders: Value = (0..100)
        .map(|number| {
            let order = with(&order, "/id", &json!(format!("o{number}")));
            with(&order, "/items", &json!(vec![item.clone(); 20]))
        })
        .collect();
    let numbered = |count: usize, field: &'static str, element: &Value| -> Value {
        (0..count).map(|number| with(element, field, &json!(format!("n{number}")))).collect()
    };
    let term = json!({"id": "", "value": "v".repeat(256), "reason": "r".repeat(1024)});
    let document = small.pointer("/spec/documents/0").cloned().context("no document")?;
    let edit: Edit = vec![
        ("/spec/orders", orders),
        ("/spec/terms", numbered(200, "/id", &term)),
        ("/spec/documents", numbered(32, "/name", &document)),
    ];
    let sealed = sealed(&kind, &admin, &edited(&small, &edit), "largest").await?;
    let size = sealed.to_string().len();
    assert!(size > 1_000_000, "{size} bytes");
    let renamed = with(&sealed, "/spec/title", &json!("Another title"));
    let answer = kind.replace(&admin, &renamed, "", true).await;
    assert_eq!(answer.err().map(|refusal| refusal.message), None);
    let cheaper = with(&sealed, "/spec/orders/99/items/19/prices/0/amount", &json!("9.99"));
    let refusal = kind.replace(&admin, &cheaper, "", true).await.err().context("accepted")?;
    assert!(refusal.message.contains("`spec.orders` may not be changed"), "{}", refusal.message);
    Ok(())
}

// ---- What people see and select by --------------------------------------------------------------------------------

/// `kubectl get` prints what the server answers to this.
async fn table(client: &Client, path: &str) -> Result<Value> {
    let request = http::Request::get(path)
        .header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
        .body(Vec::new())?;
    Ok(client.request(request).await?)
}

fn columns(table: &Value, wide: bool) -> Vec<(String, Value)> {
    let definitions =
        table.pointer("/columnDefinitions").and_then(Value::as_array).cloned().unwrap_or_default();
    let cells = table.pointer("/rows/0/cells").and_then(Value::as_array).cloned().unwrap_or_default();
    definitions
        .iter()
        .zip(cells)
        .filter(|(column, _)| wide || column.get("priority").and_then(Value::as_i64) == Some(0))
        .map(|(column, cell)| (word(column, "/name").to_owned(), cell))
        .collect()
}

#[tokio::test]
async fn default_columns_fit_eighty_characters_and_wide_ones_show_the_rest() -> Result<()> {
    let cluster = bare("definitions").await?;
    let admin = cluster.admin()?;
    let kind = Kind::of("customeragreements")?;
    let example = with(&kind.example("complete")?, "/metadata/name", &json!("havlink-fleet"));
    sealed(&kind, &admin, &example, "havlink-fleet").await?;
    let path =
        format!("{}?fieldSelector=metadata.name%3Dhavlink-fleet", path("customeragreements", "default"));
    let table = table(&admin, &path).await?;
    let line: usize = columns(&table, false)
        .iter()
        .map(|(name, cell)| {
            let cell = cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
            name.len().max(cell.len()) + 3
        })
        .sum();
    assert!(line - 3 <= 80, "{line}: {:?}", columns(&table, false));
    let names: Vec<String> = columns(&table, true).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["Name", "Phase", "Waiting For", "Rev", "Age", "Deadline", "Customer", "Value", "Currency", "Terms"]
    );
    let shown: Vec<Value> = columns(&table, true).into_iter().map(|(_, cell)| cell).collect();
    assert!(!shown.contains(&Value::Null), "an empty column: {shown:?}");
    Ok(())
}

#[tokio::test]
async fn every_selectable_field_selects() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    for kind in Kind::all()? {
        let example = kind.examples.first().context("no example")?;
        let stored = kind.stored(&admin, example, "selected").await?;
        if let Some(status) = example.pointer("/status") {
            let written = kind.replace(&admin, &with(&stored, "/status", status), "/status", false).await;
            written.map_err(Refusal::into_error)?;
        }
        let fields = kind.definition.pointer("/spec/versions/0/selectableFields").and_then(Value::as_array);
        let fields = fields.with_context(|| format!("{} has no selectable field", kind.plural))?;
        for field in fields {
            let json_path = word(field, "/jsonPath");
            let value = word(example, &json_path.replace('.', "/")).to_owned();
            let select = async |operator: &str| {
                let path = path(&kind.plural, kind.namespace);
                let field = json_path.trim_start_matches('.');
                let query = format!("{path}?fieldSelector={field}{operator}{value},metadata.name%3Dselected");
                let list = send(&admin, "GET", &query, &Value::Null).await.map_err(Refusal::into_error)?;
                anyhow::Ok(list.pointer("/items").and_then(Value::as_array).map_or(0, Vec::len))
            };
            assert_eq!(select("%3D").await?, 1, "{} {json_path}={value}", kind.plural);
            assert_eq!(select("!%3D").await?, 0, "{} {json_path}!={value}", kind.plural);
        }
    }
    Ok(())
}

#[tokio::test]
async fn selecting_by_another_field_is_refused_and_not_ignored() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let query = format!("{}?fieldSelector=spec.title%3Dx", path("customeragreements", "default"));
    let refusal = send(&admin, "GET", &query, &Value::Null).await.err().context("accepted")?;
    assert_eq!(refusal.code, 400, "{}", refusal.message);
    Ok(())
}

// ---- Examples -----------------------------------------------------------------------------------------------------

#[tokio::test]
async fn every_shipped_example_is_strictly_valid() -> Result<()> {
    let cluster = bare("definitions").await?;
    let admin = cluster.admin()?;
    let namespace = cluster.plane.namespace("examples").await?;
    let files = [
        "common/standard-terms",
        "common/delegation-policy",
        "fibre/agreement",
        "fleet/agreement",
        "cafe/agreement",
    ];
    let kinds = Kind::all()?;
    for file in files {
        for document in testkit::documents(&format!("examples/{file}.yaml"))? {
            let kind =
                kinds.iter().find(|k| word(&k.definition, "/spec/names/kind") == word(&document, "/kind"));
            let kind = kind.with_context(|| format!("{file}: no such kind"))?;
            let home = if kind.namespace.is_empty() { "" } else { namespace.as_str() };
            let path = format!("{}?fieldValidation=Strict", path(&kind.plural, home));
            let stored = send(&admin, "POST", &path, &document).await.map_err(Refusal::into_error)?;
            // What the types do not know they would drop, and the server and the operator would differ.
            let read = read_back(&stored)?;
            let spec = |object: &Value| object.pointer("/spec").cloned().unwrap_or_default();
            assert_eq!(spec(&read), spec(&stored), "{file}");
        }
    }
    Ok(())
}

/// One object that the server keeps and the operator cannot read would stop the operator for all the others.
#[tokio::test]
async fn the_types_read_whatever_spelling_of_times_and_numbers_the_server_takes() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let kind = Kind::of("customeragreements")?;
    let example = kind.example("complete")?;
    for time in [
        "1000-01-01T00:00:00+14:59",
        "2999-12-31T23:59:59.999999999-14:59",
        "2028-02-29T00:00:00.5Z",
        "2028-01-01T00:00:00-00:00",
    ] {
        let object = with(&example, "/spec/offerEndTime", &json!(time));
        let stored = kind.create(&admin, &object, true).await.map_err(Refusal::into_error).context(time)?;
        read_back(&stored).with_context(|| format!("the server takes {time}, and we cannot read it"))?;
    }
    for number in ["2.0", "2e0", "20e-1"] {
        let text =
            with(&example, "/spec/offerVersion", &json!("NUMBER")).to_string().replace("\"NUMBER\"", number);
        let path = format!("{}?dryRun=All", path("customeragreements", "default"));
        let request = http::Request::post(path).header("content-type", "application/json");
        let answer: Result<Value, kube::Error> = admin.request(request.body(text.into_bytes())?).await;
        if let Ok(stored) = answer {
            read_back(&stored)
                .with_context(|| format!("the server takes {number}, and we cannot read it"))?;
        }
    }
    Ok(())
}

/// The object as our types see it.
fn read_back(object: &Value) -> Result<Value> {
    let object = object.clone();
    Ok(match word(&object, "/kind") {
        "StandardTerms" => {
            serde_json::to_value(serde_json::from_value::<countersign_api::StandardTerms>(object)?)?
        }
        "DelegationPolicy" => {
            serde_json::to_value(serde_json::from_value::<countersign_api::DelegationPolicy>(object)?)?
        }
        "CustomerAgreement" => {
            serde_json::to_value(serde_json::from_value::<countersign_api::CustomerAgreement>(object)?)?
        }
        "AgreementDecision" => {
            serde_json::to_value(serde_json::from_value::<countersign_api::AgreementDecision>(object)?)?
        }
        "OrderRequest" => {
            serde_json::to_value(serde_json::from_value::<countersign_api::OrderRequest>(object)?)?
        }
        other => return Err(anyhow!("no type for {other}")),
    })
}

#[tokio::test]
async fn the_types_read_back_every_field_that_the_server_keeps() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    for kind in Kind::all()? {
        for (number, example) in kind.examples.iter().enumerate() {
            let mut stored = kind.stored(&admin, example, &format!("types-{number}")).await?;
            if let Some(status) = example.pointer("/status") {
                let full = with(&stored, "/status", status);
                stored = kind.replace(&admin, &full, "/status", false).await.map_err(Refusal::into_error)?;
            }
            let read = read_back(&stored)?;
            for part in ["/spec", "/status"] {
                assert_eq!(read.pointer(part), stored.pointer(part), "{} {part}", kind.plural);
            }
        }
    }
    Ok(())
}
