//! Every document against the published schemas, and the check of that check.

use countersign_core::Audience;
use countersign_core::tmforum::Options;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::papers::{complete, lives, made, one, options, read};
use super::swagger::{Published, Swagger, published};
use testkit::papers::{list, objects};
use testkit::world::World;

/// An order is what the API takes when it is posted, and what it gives.
fn faults(published: &Published, document: &Value) -> Vec<String> {
    match document["@type"].as_str().unwrap() {
        "ProductOrder" => [
            published.tmf622.faults("ProductOrder", document),
            published.tmf622.faults("ProductOrder_Create", document),
        ]
        .concat(),
        type_ => published.tmf651.faults(type_, document),
    }
}

#[test]
fn every_document_of_every_life_is_valid() {
    let Some(published) = published("every_document_of_every_life_is_valid") else { return };
    let mut checked = 0;
    let exports = lives().into_iter().map(|(phase, world)| (phase, objects(&world)));
    for (life, objects) in exports.chain([("complete", complete())]) {
        for options in [options(Audience::Customer), options(Audience::Provider), Options::default()] {
            for document in read(&made(&objects, &options)) {
                assert_eq!(faults(published, &document), Vec::<String>::new(), "{life}: {document:#}");
                checked += 1;
            }
        }
    }
    // Agreement and catalogue of eleven lives, three orders; two agreements, a catalogue and two orders that are complete.
    assert_eq!(checked, 3 * (2 * 11 + 3 + 5));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the definitions permit becomes a valid document, with the same bytes in whatever order it was exported.
    #[test]
    fn whatever_is_permitted_becomes_a_valid_document(
        number in prop_oneof!["[0-9]{1,19}", ".{1,128}"],
        value in prop_oneof!["[0-9]{1,12}(\\.[0-9]{1,4})?", "true|false", ".{1,256}"],
        term in 0_usize..8,
        amount in "[0-9]{1,13}(\\.[0-9]{1,4})?",
        quantity in 0..=10_000_000_i32,
        words in prop::collection::vec(".{1,60}", 3),
        seed in any::<prop::sample::Index>(),
    ) {
        let mut objects = objects(&World::agreed_fleet());
        objects[0]["spec"]["documentNumber"] = json!(number);
        let terms = objects[0]["spec"]["terms"].as_array_mut().unwrap();
        let at = term % terms.len();
        terms[at]["value"] = json!(value);
        objects[0]["spec"]["title"] = json!(words[0]);
        objects[0]["spec"]["customer"]["name"] = json!(words[1]);
        let order = objects.iter_mut().find(|object| object["kind"] == "OrderRequest").unwrap();
        let item = &mut order["spec"]["items"][0];
        item["prices"][0]["amount"] = json!(amount);
        item["quantity"] = json!(quantity);
        item["product"] = json!({"characteristics": [{"name": words[2], "value": words[2]}]});
        let made_of = |objects: &[Value]| {
            serde_json::to_string(&made(objects, &options(Audience::Provider)).documents).unwrap()
        };
        let text = made_of(&objects);
        // Not a digit is lost on the way.
        let digits = amount.trim_start_matches('0');
        let zero = if digits.is_empty() || digits.starts_with('.') { "0" } else { "" };
        let value = format!("\"value\":{zero}{digits}}}");
        prop_assert!(text.contains(&value), "{value}");
        if let Some(published) = published("whatever_is_permitted_becomes_a_valid_document") {
            for document in serde_json::from_str::<Vec<Value>>(&text).unwrap() {
                prop_assert_eq!(faults(published, &document), Vec::<String>::new());
            }
        }
        let at = seed.index(objects.len());
        objects.rotate_left(at);
        prop_assert_eq!(made_of(&objects), text);
        prop_assert!(!list(&objects).is_empty());
    }
}

/// One place changed, or taken out.
fn but(document: &Value, pointer: &str, value: Option<Value>) -> Value {
    let mut changed = document.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent =
        changed.pointer_mut(parent).unwrap_or_else(|| panic!("no {pointer}")).as_object_mut().unwrap();
    match value {
        Some(value) => parent.insert(key.to_owned(), value),
        None => Some(parent.remove(key).unwrap_or_else(|| panic!("no {pointer}"))),
    };
    changed
}

#[test]
fn a_document_that_is_not_valid_is_noticed() {
    let Some(published) = published("a_document_that_is_not_valid_is_noticed") else { return };
    let objects = objects(&World::agreed_fibre());
    for (type_, changes) in [
        (
            "Agreement",
            vec![
                ("/engagedParty", None),
                ("/agreementType", None),
                ("/engagedParty/0/@referredType", None),
                ("/characteristic/0/value", None),
                ("/agreementItem", Some(json!([]))),
                ("/documentNumber", Some(json!("CA-1"))),
                ("/initialDate", Some(json!("24 Nov 2026"))),
                ("/agreementPeriod/startDateTime", Some(json!("2028-01-01"))),
                ("/agreementAuthorization/0/date", Some(json!("2026-13-01T00:00:00Z"))),
                ("/signatures", Some(json!([]))),
                ("/agreementAuthorization/0/username", Some(json!("eva"))),
            ],
        ),
        (
            "AgreementSpecification",
            vec![
                ("/attachment", None),
                ("/attachment", Some(json!([]))),
                ("/attachment/0/digest", Some(json!("sha256:"))),
                ("/specificationCharacteristic/0/specCharacteristicValue/0/default", Some(json!("yes"))),
            ],
        ),
        (
            "ProductOrder",
            vec![
                ("/productOrderItem", None),
                ("/productOrderItem/0/action", Some(json!("Add"))),
                ("/productOrderItem/0/quantity", Some(json!("1"))),
                ("/productOrderItem/0/itemPrice/0/price/dutyFreeAmount/value", Some(json!("1290.00"))),
                ("/requestedCompletionDate", Some(json!("soon"))),
                ("/priority", Some(json!(2))),
                // What only the system that takes the order may say.
                ("/state", Some(json!("acknowledged"))),
                ("/idempotencyKey", Some(json!("x"))),
            ],
        ),
    ] {
        let document = one(&objects, type_, Audience::Provider);
        assert_eq!(faults(published, &document), Vec::<String>::new());
        for (pointer, value) in changes {
            let changed = but(&document, pointer, value.clone());
            assert_ne!(faults(published, &changed), Vec::<String>::new(), "{type_} {pointer} {value:?}");
        }
    }
}

#[test]
fn the_check_itself_finds_what_is_wrong() {
    let swagger = Swagger::of(&json!({"definitions": {
        "Thing": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "state": {"$ref": "#/definitions/State"},
                "since": {"type": "string", "format": "date-time"},
                "parts": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/Thing"}},
            },
        },
        "State": {"type": "string", "enum": ["on", "off"]},
    }}));
    let good = json!({"name": "a", "state": "on", "since": "2026-11-24T09:00:00Z", "parts": [{"name": "b"}]});
    assert_eq!(swagger.faults("Thing", &good), Vec::<String>::new());
    for (pointer, value, fault) in [
        ("/name", None, "\"name\" is a required property"),
        ("/state", Some(json!("On")), "/state: \"On\" is not one of"),
        ("/since", Some(json!("yesterday")), "/since: \"yesterday\" is not a \"date-time\""),
        ("/parts", Some(json!([])), "/parts: [] has less than 1 item"),
        ("/parts/0/name", None, "/parts/0: \"name\" is a required property"),
        ("/parts/0/colour", Some(json!("red")), "/parts/0/colour: the schema does not name it"),
    ] {
        let faults = swagger.faults("Thing", &but(&good, pointer, value));
        assert!(faults.len() == 1 && faults[0].contains(fault), "{pointer}: {faults:?}");
    }
}
