//! What decisions bind to. A digest that changes by accident voids every decision that was ever made.

//!
//! The expected digests come from another implementation: a few lines of Python that read `examples/`, build the text
//! described here and hash it. The text is JSON without white space, keys sorted, strings as they are. Of the terms:
//! `{"agreementPeriod":{"endTime":..,"startTime":..},"agreementType":..,"customer":{"id":..,"name":..,"representatives":[..],"segment":..},`
//! `"encoding":"countersign.dev/terms/v1","offerVersion":1,"orders":[..],"proposalRef":{"id":..,"kind":..,"version":..},`
//! `"provider":{"id":..,"name":..},"standardTerms":{"name":"b2b-2026-1","uid":"terms-1"},"terms":[..],"uid":"agreement-1"}`,
//! with representatives sorted by username and their roles by name, terms, orders and other parties by id, documents
//! (role and digest alone) by both, everything else inside as it stands in the agreement, and what is absent or empty
//! left out. Of the confirmation: `{"encoding":"countersign.dev/confirmation/v1","orders":[..],"revision":1,"termsDigest":".."}`
//! with the confirmed orders sorted. Of an order request's key: the agreement's UID, the order's id and the confirmation
//! digest, each behind its length in eight bytes, highest first.

use countersign_api::CustomerAgreement;
use countersign_api::customer_agreement::{CustomerAgreementSpec, RepresentativeRole};
use countersign_core::decide::digest::{confirmation_digest, terms_digest};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testkit::world::{World, read};

const FIBRE_TERMS: &str = "sha256:d2b4ccadadd8513e2d99a1ad2c60d18112aad7ec50b9bf68f58fad139dd25401";
const FIBRE_CONFIRMED: &str = "sha256:fdd01ad315d75a2f57a65daa7fd86a081739c1c6f525ca204fd87b8b10017161";
const FIBRE_KEY: &str = "8343490eebcd77bf923a835404bbefb7dd4ad991588127359bdc0ff5319b94cc";
const FLEET_TERMS: &str = "sha256:8192b452ccbff7d8aeafe5bfe05468d22c3e387dd0c058484e85886ef70576dc";
const FLEET_SIMS: &str = "sha256:9fd9c733dc55966758f0823896a19589385221e9bbf88f020f97ff32df07926c";
const FLEET_BOTH: &str = "sha256:8775ced19a7961feaa7086e854630b6fe4496d0e0fcc80c5c7da2804b9a49d03";

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

fn digest(spec: &CustomerAgreementSpec) -> String {
    terms_digest(spec, "agreement-1", Some("terms-1"))
}

#[test]
fn the_fibre_agreement_has_the_digests_that_it_always_had() {
    let world = World::agreed_fibre();
    assert_eq!(world.terms_digest(), FIBRE_TERMS);
    assert_eq!(world.confirmation_digest(), FIBRE_CONFIRMED);
    assert_eq!(world.orders[0].spec.idempotency_key, FIBRE_KEY);
    let name = format!("norrland-timber-fibre-o1-{}", &FIBRE_KEY[..20]);
    assert_eq!(world.orders[0].metadata.name.as_deref(), Some(name.as_str()));
}

#[test]
fn the_fleet_agreement_has_the_digests_that_it_always_had() {
    let world = World::escalated_fleet();
    assert_eq!(world.terms_digest(), FLEET_TERMS);
    assert_eq!(world.confirmation_digest(), FLEET_SIMS);
    for orders in [["sims", "handsets"], ["handsets", "sims"]] {
        assert_eq!(confirmation_digest(FLEET_TERMS, 1, &orders), FLEET_BOTH);
    }
    assert_ne!(confirmation_digest(FLEET_TERMS, 2, &["sims"]), FLEET_SIMS, "another revision");
    assert_ne!(confirmation_digest(FIBRE_TERMS, 1, &["sims"]), FLEET_SIMS, "other terms");
    assert_ne!(confirmation_digest(FLEET_TERMS, 1, &[]), FLEET_SIMS, "no order");
}

#[test]
fn the_agreement_and_the_catalogue_are_inside_by_their_uids() {
    let spec = World::fibre().agreement.spec;
    let digests = [
        terms_digest(&spec, "agreement-1", Some("terms-1")),
        terms_digest(&spec, "agreement-2", Some("terms-1")),
        terms_digest(&spec, "agreement-1", Some("terms-2")),
        terms_digest(&spec, "agreement-1", None),
    ];
    for (n, one) in digests.iter().enumerate() {
        assert!(digests[..n].iter().all(|other| other != one), "{n}");
    }
}

/// An agreement in which every field of the schema is there.
fn complete() -> Value {
    json!({
        "title": "everything", "agreementType": "Amendment", "offerVersion": 3, "description": "d", "documentNumber": "CA-1",
        "proposalRef": {"kind": "Quote", "id": "Q-1", "version": "2"},
        "customer": {"id": "C", "name": "Customer", "segment": "Enterprise", "representatives": [
            {"name": "B", "username": "b", "roles": ["Signatory", "Confirmer"]}, {"name": "A", "username": "a", "roles": ["Confirmer"]}]},
        "provider": {"id": "P", "name": "Provider", "ownerUsername": "owner", "signatories": [{"name": "S", "username": "s", "title": "t"}]},
        "otherParties": [{"id": "Y", "name": "Why", "role": "Guarantor"}, {"id": "X", "name": "Ex", "role": "Reseller"}],
        "agreementPeriod": {"startTime": "2028-01-01T00:00:00Z", "endTime": "2029-01-01T00:00:00Z"},
        "offerEndTime": "2027-12-01T08:00:00Z",
        "estimatedValue": {"amount": "1.00", "currency": "EUR"},
        "standardTermsRef": {"name": "b2b-2026-1"},
        "terms": [{"id": "t2", "value": "2", "text": "two", "reason": "because"}, {"id": "t1", "value": "1"}],
        "orders": [
            {"id": "o2", "billingAccountId": "BA", "category": "c", "priority": 1, "requestedStartTime": "2028-01-01T00:00:00Z",
             "requestedCompletionTime": "2028-02-01T00:00:00Z", "specialRequirements": ["r1", "r2"], "feasibility": {"assessed": true, "ref": "f"},
             "items": [
                {"id": "1", "action": "Add", "quantity": 1, "productOffering": {"id": "PO", "name": "po"},
                 "product": {"id": "p", "characteristics": [{"name": "n", "value": "v"}], "place": [{"role": "r", "name": "n"}]},
                 "prices": [{"type": "Recurring", "period": "Month", "amount": "1", "currency": "EUR"}],
                 "discountPercent": "5", "commitmentMonths": 12, "relationships": [{"type": "reliesOn", "itemId": "2"}]},
                {"id": "2", "action": "Add", "quantity": 1}]},
            {"id": "o1", "items": [{"id": "1", "action": "Delete", "quantity": 1}]}],
        "documents": [{"name": "n", "role": "Terms", "uri": "u", "digest": format!("sha256:{}", "b".repeat(64)), "mediaType": "m"},
                      {"name": "m", "role": "Terms", "digest": format!("sha256:{}", "a".repeat(64))}],
        "amendsRef": {"name": "a"}, "supersedesRef": {"name": "b"}, "parentRef": {"name": "c"}
    })
}

fn spec(value: &Value) -> CustomerAgreementSpec {
    serde_json::from_value(value.clone()).unwrap()
}

/// What may be edited without voiding anything. Everything else is inside.
const OUTSIDE: [&str; 10] = [
    "/title",
    "/description",
    "/documentNumber",
    "/offerEndTime",
    "/provider/ownerUsername",
    "/provider/signatories",
    "/documents/0/name",
    "/documents/1/name",
    "/documents/0/uri",
    "/documents/0/mediaType",
];

/// Pointers to every single value of a document.
fn leaves(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| leaves(value, &format!("{at}/{name}"), out))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, value)| leaves(value, &format!("{at}/{n}"), out));
        }
        _ => out.push(at.to_owned()),
    }
}

fn is_outside(pointer: &str) -> bool {
    OUTSIDE.iter().any(|outside| pointer == *outside || pointer.starts_with(&format!("{outside}/")))
}

/// Another value of the same kind, which the schema takes as well.
fn other(value: &Value) -> Value {
    match value {
        Value::Bool(b) => json!(!b),
        Value::Number(n) => json!(n.as_i64().unwrap() + 1),
        Value::String(text) => json!(match text.as_str() {
            "Add" | "Delete" => "Modify".to_owned(),
            "Recurring" => "Usage".to_owned(),
            "Month" => "Year".to_owned(),
            "Confirmer" => "Signatory".to_owned(),
            "Signatory" => "Confirmer".to_owned(),
            time if time.ends_with('Z') => time.replace("00Z", "01Z"),
            text => format!("{text}1"),
        }),
        other => panic!("no leaf: {other}"),
    }
}

#[test]
fn every_value_inside_changes_the_digest_and_none_outside_does() {
    let complete = complete();
    let before = digest(&spec(&complete));
    let mut pointers = Vec::new();
    leaves(&complete, "", &mut pointers);
    assert!(pointers.len() > 80, "{}", pointers.len());
    for pointer in pointers {
        let mut changed = complete.clone();
        let place = changed.pointer_mut(&pointer).unwrap();
        *place = other(place);
        assert_eq!(digest(&spec(&changed)) == before, is_outside(&pointer), "{pointer}");
    }
}

#[test]
fn whatever_is_left_out_changes_the_digest_unless_it_is_outside() {
    let complete = complete();
    let before = digest(&spec(&complete));
    for pointer in [
        "/description",
        "/documentNumber",
        "/proposalRef",
        "/proposalRef/version",
        "/customer/segment",
        "/otherParties",
        "/agreementPeriod/endTime",
        "/estimatedValue",
        "/terms",
        "/terms/0/value",
        "/terms/0/text",
        "/terms/0/reason",
        "/orders",
        "/orders/0/billingAccountId",
        "/orders/0/category",
        "/orders/0/priority",
        "/orders/0/requestedStartTime",
        "/orders/0/requestedCompletionTime",
        "/orders/0/specialRequirements",
        "/orders/0/feasibility",
        "/orders/0/feasibility/ref",
        "/orders/0/items/0/productOffering",
        "/orders/0/items/0/productOffering/name",
        "/orders/0/items/0/product",
        "/orders/0/items/0/product/id",
        "/orders/0/items/0/product/characteristics",
        "/orders/0/items/0/product/place",
        "/orders/0/items/0/prices",
        "/orders/0/items/0/prices/0/period",
        "/orders/0/items/0/discountPercent",
        "/orders/0/items/0/commitmentMonths",
        "/orders/0/items/0/relationships",
        "/documents",
        "/documents/0/uri",
        "/documents/0/mediaType",
        "/amendsRef",
        "/supersedesRef",
        "/parentRef",
        "/provider/signatories",
    ] {
        let mut changed = complete.clone();
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        let removed = changed.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(field);
        assert!(removed.is_some(), "{pointer}");
        assert_eq!(digest(&spec(&changed)) == before, is_outside(pointer), "{pointer}");
    }
}

/// Fields of a schema that no value under a pointer has.
fn compare(schema: &Value, value: &Value, at: &str, missing: &mut Vec<String>) {
    let any: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        value => vec![value],
    };
    let schema = schema.get("items").unwrap_or(schema);
    for (field, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        match any.iter().find_map(|value| value.get(field)) {
            Some(value) => compare(schema, value, &format!("{at}/{field}"), missing),
            None => missing.push(format!("{at}/{field}")),
        }
    }
}

#[test]
fn every_field_of_the_schema_is_placed_inside_or_outside() {
    let crd: Value = read(include_str!("../../../../../crds/customeragreements.countersign.dev.yaml"));
    let schema = crd.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec").unwrap();
    let found = |value: &Value| {
        let mut missing = Vec::new();
        compare(schema, value, "", &mut missing);
        missing
    };
    assert_eq!(
        found(&complete()),
        Vec::<String>::new(),
        "put it into `complete`, and into OUTSIDE if it voids nothing"
    );
    let mut without_version = complete();
    without_version["proposalRef"].as_object_mut().unwrap().remove("version");
    assert_eq!(found(&without_version), ["/proposalRef/version"], "a field that is not there is found");
}

#[test]
fn the_order_of_what_has_a_key_says_nothing() {
    type Turn = fn(&mut CustomerAgreementSpec);
    let complete = spec(&complete());
    let before = digest(&complete);
    let turns: [(&str, Turn); 6] = [
        ("representatives", |spec| spec.customer.representatives.reverse()),
        ("roles", |spec| spec.customer.representatives[0].roles.reverse()),
        ("other parties", |spec| spec.other_parties.reverse()),
        ("terms", |spec| spec.terms.reverse()),
        ("orders", |spec| spec.orders.reverse()),
        ("documents", |spec| spec.documents.reverse()),
    ];
    for (what, turn) in turns {
        let mut turned = complete.clone();
        turn(&mut turned);
        assert_ne!(turned, complete, "{what}");
        assert_eq!(digest(&turned), before, "{what}");
    }
    let mut items = complete;
    items.orders[0].items.reverse();
    assert_ne!(digest(&items), before, "items stand as they were confirmed");
}

#[test]
fn no_default_and_no_metadata_gets_inside() {
    let mut world = World::fibre();
    let before = digest(&world.agreement.spec);
    // What a server stores and gives back is the same document.
    let stored = serde_json::to_value(&world.agreement).unwrap();
    let back: CustomerAgreement = serde_json::from_value(stored).unwrap();
    assert_eq!(digest(&back.spec), before);
    world.agreement.metadata.labels = Some([("a".to_owned(), "b".to_owned())].into());
    world.agreement.metadata.annotations = Some([("a".to_owned(), "b".to_owned())].into());
    world.settle();
    assert_eq!(world.terms_digest(), before);
}

#[test]
fn an_instant_and_a_text_are_written_in_one_way() {
    let mut spec = World::fibre().agreement.spec;
    let before = digest(&spec);
    spec.agreement_period.start_time = Time("2028-01-01T01:00:00+01:00".parse().unwrap());
    assert_eq!(digest(&spec), before, "the same instant");
    spec.customer.representatives[0].roles =
        vec![RepresentativeRole::Signatory, RepresentativeRole::Confirmer];
    assert_eq!(digest(&spec), before);
    // Quotation marks, control characters and letters beyond ASCII, as RFC 8785 writes them.
    spec.terms[0].text = Some("\"\u{1}\n\u{20ac}\u{1f600}".to_owned());
    assert_eq!(digest(&spec), "sha256:06417dff2364c6d8600163553b12d2db85070622d41bea23e15ff52feb5c6f50");
}

fn sha256(text: &str) -> String {
    let hex: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

#[test]
fn what_is_hashed_is_the_text_that_is_written_here() {
    assert_eq!(sha256(FIBRE_CANONICAL), FIBRE_TERMS);
    assert_eq!(digest(&World::fibre().agreement.spec), FIBRE_TERMS);
    assert_eq!(sha256(FIBRE_CONFIRMED_CANONICAL), FIBRE_CONFIRMED);
    assert_eq!(confirmation_digest(FIBRE_TERMS, 1, &["o1"]), FIBRE_CONFIRMED);
}

#[test]
fn without_a_catalogue_there_is_a_digest_as_well() {
    let spec = World::fibre().agreement.spec;
    assert_eq!(
        terms_digest(&spec, "agreement-1", None),
        "sha256:f22b6e070f4f97c25859f482cc100ad5ce89f22723ca98575af33e0312182a6f"
    );
}

#[test]
fn no_field_inside_has_a_default() {
    // The server would write it into agreements that are stored already, and void what was decided on them.
    fn defaults(schema: &Value, at: &str, found: &mut Vec<String>) {
        if schema.get("default").is_some() {
            found.push(at.to_owned());
        }
        if let Some(items) = schema.get("items") {
            defaults(items, &format!("{at}/0"), found);
        }
        for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            defaults(field, &format!("{at}/{name}"), found);
        }
    }
    let crd: Value = read(include_str!("../../../../../crds/customeragreements.countersign.dev.yaml"));
    let schema = crd.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec").unwrap();
    let mut found = Vec::new();
    defaults(schema, "", &mut found);
    found.retain(|pointer| !is_outside(pointer));
    assert_eq!(found, Vec::<String>::new());
}
