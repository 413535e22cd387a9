//! What people decide on must stay what it is: digests computed by another implementation, and every field on one side.
//!
//! A digest that changes voids decisions that were made. So a test here that fails asks for a new encoding tag, never
//! for another string in the test.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use countersign::api::crd;
use countersign::api::customer_agreement::CustomerAgreementSpec;
use countersign::decide::digest::{confirmation_digest, terms_digest};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::world::World;

/// Digests of the examples and of their confirmations, computed with a hand-written RFC 8785 encoder.
const FIBRE: &str = "sha256:d2b4ccadadd8513e2d99a1ad2c60d18112aad7ec50b9bf68f58fad139dd25401";
const FIBRE_WITHOUT_CATALOGUE: &str =
    "sha256:f22b6e070f4f97c25859f482cc100ad5ce89f22723ca98575af33e0312182a6f";
const FIBRE_IN_AWKWARD_LETTERS: &str =
    "sha256:36a22008d4d4e6e16e8ce005f81aa7bb20880d47bfcba66108178175393726df";
const FIBRE_CONFIRMED: &str = "sha256:fdd01ad315d75a2f57a65daa7fd86a081739c1c6f525ca204fd87b8b10017161";
const FLEET: &str = "sha256:8192b452ccbff7d8aeafe5bfe05468d22c3e387dd0c058484e85886ef70576dc";
const FLEET_CONFIRMED: &str = "sha256:8775ced19a7961feaa7086e854630b6fe4496d0e0fcc80c5c7da2804b9a49d03";
const FLEET_SIMS_ONLY: &str = "sha256:9fd9c733dc55966758f0823896a19589385221e9bbf88f020f97ff32df07926c";
const FLEET_NO_ORDERS: &str = "sha256:b5d29b94e9269f284d14e74cac81d00c367a083eb1c09484f2e2dda7d6e5c0aa";
const FLEET_CONFIRMED_AT_REVISION_2: &str =
    "sha256:3c7fd7cb3bcff3a10618e3abe3e4a2fecaa31880e26d3e4889c622d3d9a6a2ec";

/// The fibre agreement in the canonical form that is hashed.
const FIBRE_CANONICAL: &str = concat!(
    r#"{"agreementPeriod":{"endTime":"2030-12-31T23:59:59Z","startTime":"2028-01-01T00:00:00Z"},"#,
    r#""agreementType":"Commercial","#,
    r#""customer":{"id":"ORG-4471","name":"Norrland Timber AB","#,
    r#""representatives":[{"name":"Eva Lund","roles":["Confirmer","Signatory"],"username":"eva.lund@norrland-timber.example"}],"#,
    r#""segment":"Enterprise"},"#,
    r#""encoding":"countersign.dev/terms/v1","#,
    r#""offerVersion":1,"#,
    r#""orders":[{"billingAccountId":"BA-88012","category":"Enterprise","feasibility":{"assessed":true,"ref":"SQ-55120"},"id":"o1","#,
    r#""items":[{"action":"Add","commitmentMonths":36,"discountPercent":"5","id":"01","#,
    r#""prices":[{"amount":"1290.00","currency":"EUR","period":"Month","type":"Recurring"},{"amount":"4500.00","currency":"EUR","type":"OneTime"}],"#,
    r#""product":{"place":[{"name":"Sagverksgatan 4, Sundsvall","role":"Installation"}]},"#,
    r#""productOffering":{"id":"PO-FIB-1G","name":"Dedicated Fibre 1G"},"quantity":1}],"#,
    r#""priority":2,"requestedCompletionTime":"2028-01-01T00:00:00Z"}],"#,
    r#""proposalRef":{"id":"Q-2026-01877","kind":"Quote","version":"2"},"#,
    r#""provider":{"id":"ORG-1","name":"Example Telecom"},"#,
    r#""standardTerms":{"name":"b2b-2026-1","uid":"terms-1"},"#,
    r#""terms":[{"id":"availability-pct","value":"99.5"},{"id":"commitment-months","value":"36"},"#,
    r#"{"id":"governing-law","value":"provider-country"},{"id":"liability-cap-pct","value":"100"},"#,
    r#"{"id":"payment-days","value":"30"},{"id":"price-indexation","value":"cpi"},{"id":"service-credit-pct","value":"10"}],"#,
    r#""uid":"agreement-1"}"#,
);

/// A confirmation in the canonical form that is hashed.
const FIBRE_CONFIRMED_CANONICAL: &str = concat!(
    r#"{"encoding":"countersign.dev/confirmation/v1","orders":["o1"],"revision":1,"#,
    r#""termsDigest":"sha256:d2b4ccadadd8513e2d99a1ad2c60d18112aad7ec50b9bf68f58fad139dd25401"}"#,
);

/// Every field of the spec that people decide on.
const INSIDE: &str = "
    agreementType offerVersion
    proposalRef.kind proposalRef.id proposalRef.version
    customer.id customer.name customer.segment
    customer.representatives[].name customer.representatives[].username customer.representatives[].roles[]
    provider.id provider.name
    otherParties[].id otherParties[].name otherParties[].role
    agreementPeriod.startTime agreementPeriod.endTime
    estimatedValue.amount estimatedValue.currency
    standardTermsRef.name
    terms[].id terms[].value terms[].text terms[].reason
    orders[].id orders[].billingAccountId orders[].category orders[].priority
    orders[].requestedStartTime orders[].requestedCompletionTime
    orders[].specialRequirements[] orders[].feasibility.assessed orders[].feasibility.ref
    orders[].items[].id orders[].items[].action orders[].items[].quantity
    orders[].items[].productOffering.id orders[].items[].productOffering.name
    orders[].items[].product.id
    orders[].items[].product.characteristics[].name orders[].items[].product.characteristics[].value
    orders[].items[].product.place[].role orders[].items[].product.place[].name
    orders[].items[].prices[].type orders[].items[].prices[].period
    orders[].items[].prices[].amount orders[].items[].prices[].currency
    orders[].items[].discountPercent orders[].items[].commitmentMonths
    orders[].items[].relationships[].type orders[].items[].relationships[].itemId
    documents[].role documents[].digest
    amendsRef.name supersedesRef.name parentRef.name
";

/// Every field that may be edited without voiding a decision.
const OUTSIDE: &str = "
    title description documentNumber offerEndTime
    provider.ownerUsername
    provider.signatories[].name provider.signatories[].username provider.signatories[].title
    documents[].name documents[].uri documents[].mediaType
";

fn sha256(text: &str) -> String {
    let hex: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn digest(spec: &CustomerAgreementSpec) -> String {
    terms_digest(spec, "agreement-1", Some("terms-1"))
}

#[test]
fn the_terms_digest_is_the_hash_of_the_canonical_form_that_is_written_here() {
    let fibre = World::fibre().agreement.spec;
    assert_eq!(digest(&fibre), sha256(FIBRE_CANONICAL));
    assert_eq!(digest(&fibre), FIBRE);
}

#[test]
fn the_confirmation_digest_is_the_hash_of_the_canonical_form_that_is_written_here() {
    assert_eq!(confirmation_digest(FIBRE, 1, &["o1"]), sha256(FIBRE_CONFIRMED_CANONICAL));
    assert_eq!(confirmation_digest(FIBRE, 1, &["o1"]), FIBRE_CONFIRMED);
}

#[test]
fn another_implementation_finds_the_same_digests() {
    let fibre = World::fibre().agreement.spec;
    let fleet = World::fleet().agreement.spec;
    assert_eq!(terms_digest(&fibre, "agreement-1", None), FIBRE_WITHOUT_CATALOGUE);
    assert_eq!(digest(&fleet), FLEET);
    let mut awkward = fibre;
    awkward.customer.name = "Käse \"& Co\"\\ 日本 \u{1f600} \t\u{1}\u{7f}\u{2028}/".to_owned();
    assert_eq!(digest(&awkward), FIBRE_IN_AWKWARD_LETTERS);
    assert_eq!(confirmation_digest(FLEET, 1, &["sims", "handsets"]), FLEET_CONFIRMED);
    assert_eq!(confirmation_digest(FLEET, 1, &["handsets", "sims"]), FLEET_CONFIRMED, "order says nothing");
    assert_eq!(confirmation_digest(FLEET, 1, &["sims"]), FLEET_SIMS_ONLY);
    assert_eq!(confirmation_digest(FLEET, 1, &[]), FLEET_NO_ORDERS);
    assert_eq!(confirmation_digest(FLEET, 2, &["sims", "handsets"]), FLEET_CONFIRMED_AT_REVISION_2);
}

#[test]
fn the_operator_shows_these_digests_to_those_who_decide() {
    let mut world = World::fibre();
    world.settle();
    assert_eq!(world.terms_digest(), FIBRE);
    assert_eq!(world.status().terms.as_ref().unwrap().encoding, "countersign.dev/terms/v1");
    assert_eq!(World::confirmed_fibre().confirmation_digest(), FIBRE_CONFIRMED);
    let fleet = World::escalated_fleet();
    assert_eq!((fleet.terms_digest(), fleet.confirmation_digest()), (FLEET.into(), FLEET_SIMS_ONLY.into()));
}

#[test]
fn whose_terms_they_are_matters() {
    let fibre = World::fibre().agreement.spec;
    let digests: BTreeSet<_> = [
        terms_digest(&fibre, "agreement-1", Some("terms-1")),
        terms_digest(&fibre, "agreement-2", Some("terms-1")),
        terms_digest(&fibre, "agreement-1", Some("terms-2")),
        terms_digest(&fibre, "agreement-1", Some("")),
        terms_digest(&fibre, "agreement-1", None),
        terms_digest(&fibre, "", None),
    ]
    .into();
    assert_eq!(digests.len(), 6);
}

#[test]
fn the_order_of_lists_that_have_a_key_says_nothing() {
    let mut spec = full();
    for list in
        ["terms", "orders", "otherParties", "documents", "customer/representatives", "provider/signatories"]
    {
        // A second entry under another key; the rest is the same, so that only the key can put them in order.
        let entries = spec.pointer_mut(&format!("/{list}")).unwrap().as_array_mut().unwrap();
        let mut second = entries[0].clone();
        for key in ["id", "username", "name"] {
            if let Some(value) = second.get_mut(key) {
                *value = json!("a-second");
            }
        }
        if list == "documents" {
            second["digest"] = json!("sha256:0");
        }
        entries.push(second);
    }
    spec["customer"]["representatives"][0]["roles"] = json!(["Confirmer", "Signatory"]);
    let as_written = digest(&read(&spec));
    let mut reversed = spec.clone();
    for list in [
        "terms",
        "orders",
        "otherParties",
        "documents",
        "customer/representatives",
        "provider/signatories",
        "customer/representatives/1/roles",
    ] {
        let entries = reversed.pointer_mut(&format!("/{list}")).unwrap().as_array_mut().unwrap();
        entries.reverse();
        assert_eq!(digest(&read(&reversed)), as_written, "{list}");
    }
    // Within an order the order of things may mean something.
    for list in ["orders/0/items", "orders/0/items/0/prices", "orders/0/specialRequirements"] {
        let mut other = spec.clone();
        let entries = other.pointer_mut(&format!("/{list}")).unwrap().as_array_mut().unwrap();
        let mut second = entries[0].clone();
        change(&mut second, "");
        entries.push(second);
        let before = digest(&read(&other));
        other.pointer_mut(&format!("/{list}")).unwrap().as_array_mut().unwrap().reverse();
        assert_ne!(digest(&read(&other)), before, "{list}");
    }
}

#[test]
fn every_field_of_the_spec_is_on_one_side() {
    let leaves: BTreeSet<String> = leaves(&SCHEMA, "").into_iter().map(|(path, _)| path).collect();
    let sides: Vec<&str> = INSIDE.split_whitespace().chain(OUTSIDE.split_whitespace()).collect();
    let placed: BTreeSet<String> = sides.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(placed.len(), sides.len(), "a field is named twice");
    let new: Vec<_> = leaves.difference(&placed).collect();
    let gone: Vec<_> = placed.difference(&leaves).collect();
    assert!(new.is_empty(), "say whether people decide on {new:?}: INSIDE or OUTSIDE");
    assert!(gone.is_empty(), "no longer in the schema: {gone:?}");
}

#[test]
fn each_field_inside_changes_the_digest_and_no_field_outside_does() {
    let as_written = digest(&read(&full()));
    for (side, inside) in [(INSIDE, true), (OUTSIDE, false)] {
        for path in side.split_whitespace() {
            let mut spec = full();
            change(spec.pointer_mut(&pointer(path)).unwrap(), path);
            let changed = digest(&read(&spec)) != as_written;
            assert_eq!(changed, inside, "`{path}` changed");
        }
    }
}

#[test]
fn a_field_that_is_left_out_is_another_text_than_one_that_is_there() {
    let as_written = digest(&read(&full()));
    let mut optional = 0;
    for (side, inside) in [(INSIDE, true), (OUTSIDE, false)] {
        for path in side.split_whitespace() {
            let mut spec = full();
            let pointer = pointer(path);
            let (parent, field) = pointer.rsplit_once('/').unwrap();
            match spec.pointer_mut(parent).unwrap() {
                Value::Object(map) => drop(map.remove(field)),
                Value::Array(list) => list.clear(),
                other => panic!("{path} lies in {other}"),
            }
            let Ok(spec) = serde_json::from_value::<CustomerAgreementSpec>(spec) else { continue };
            optional += 1;
            assert_eq!(digest(&spec) != as_written, inside, "`{path}` left out");
        }
    }
    assert!(optional >= 20, "only {optional} fields could be left out");
}

#[test]
fn no_field_inside_has_a_default() {
    // The server would write it into old objects, and void what was decided on them.
    for (path, schema) in leaves(&SCHEMA, "") {
        let inside = INSIDE.split_whitespace().any(|inside| inside == path);
        assert!(!inside || schema.get("default").is_none(), "{path}");
    }
}

/// Schema of `CustomerAgreement.spec`, as it is installed.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let crds = crd::all();
    let of_agreements = |crd: &&Value| crd["spec"]["names"]["kind"] == "CustomerAgreement";
    let crd = crds.iter().find(of_agreements).unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
});

/// Every field that holds a value itself, with its schema.
fn leaves(schema: &Value, path: &str) -> Vec<(String, Value)> {
    match schema["type"].as_str() {
        Some("object") => schema["properties"]
            .as_object()
            .unwrap_or_else(|| panic!("`{path}` has no fields"))
            .iter()
            .flat_map(|(name, field)| {
                leaves(field, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") })
            })
            .collect(),
        Some("array") => leaves(&schema["items"], &format!("{path}[]")),
        Some(_) => vec![(path.to_owned(), schema.clone())],
        None => panic!("`{path}` has no type"),
    }
}

/// A spec in which every field is there, and every list has one entry.
fn full() -> Value {
    example(&SCHEMA, "")
}

fn example(schema: &Value, path: &str) -> Value {
    match schema["type"].as_str().unwrap() {
        "object" => {
            let fields = schema["properties"].as_object().unwrap();
            fields.iter().map(|(name, field)| (name.clone(), example(field, name))).collect()
        }
        "array" => json!([example(&schema["items"], path)]),
        "integer" => json!(3),
        "boolean" => json!(true),
        "string" if schema.get("enum").is_some() => schema["enum"][0].clone(),
        "string" if schema["format"] == "date-time" => json!("2028-01-01T00:00:00Z"),
        "string" => json!(format!("some {path}")),
        other => panic!("`{path}` is a {other}"),
    }
}

fn read(spec: &Value) -> CustomerAgreementSpec {
    serde_json::from_value(spec.clone()).unwrap()
}

fn pointer(path: &str) -> String {
    format!("/{}", path.replace("[]", "/0").replace('.', "/"))
}

/// Makes another value of the same kind.
fn change(value: &mut Value, path: &str) {
    *value = match &*value {
        Value::Bool(holds) => json!(!holds),
        Value::Number(number) => json!(number.as_i64().unwrap() + 1),
        Value::String(text) if text == "2028-01-01T00:00:00Z" => json!("2028-01-01T00:00:01Z"),
        Value::String(text) => {
            let words = leaves(&SCHEMA, "").into_iter().find(|(known, _)| known == path);
            let words = words.and_then(|(_, schema)| schema["enum"].as_array().cloned()).unwrap_or_default();
            words.into_iter().find(|word| word != text).unwrap_or_else(|| json!(format!("{text} too")))
        }
        Value::Object(map) => {
            let mut map = map.clone();
            let text = |value: &&mut Value| value.is_string();
            let changed =
                map.iter_mut().find(|(name, value)| ["id", "amount"].contains(&name.as_str()) && text(value));
            change(changed.unwrap().1, "");
            Value::Object(map)
        }
        other => panic!("{path} is {other}"),
    };
}
