//! What documents say of the objects, who may see what, and what is left out.

use countersign_api::Action;
use countersign_core::Audience;
use countersign_core::tmforum::Documents;
use serde_json::{Value, json};

use super::papers::{BASE, complete, lives, made, one, options, read};
use testkit::papers::objects;
use testkit::people::{EVA, JONAS};
use testkit::world::World;

fn characteristic<'a>(agreement: &'a Value, name: &str) -> Option<&'a Value> {
    let all = agreement["characteristic"].as_array().unwrap();
    let mut found = all.iter().filter(|own| own["name"] == name);
    let value = found.next().map(|own| &own["value"]);
    assert!(found.next().is_none(), "{name} twice");
    value
}

fn left_out(made: &Documents) -> Vec<String> {
    made.left_out.iter().map(ToString::to_string).collect()
}

fn get<'a>(objects: &'a mut [Value], kind: &str) -> &'a mut Value {
    objects.iter_mut().find(|object| object["kind"] == kind).unwrap()
}

#[test]
fn an_agreement_says_who_agreed_to_what_and_when() {
    let agreement = one(&objects(&World::agreed_fibre()), "Agreement", Audience::Customer);
    for (field, value) in [
        ("/id", json!("agreement-1")),
        ("/href", json!(format!("{BASE}/agreementManagement/v4/agreement/agreement-1"))),
        ("/agreementType", json!("Commercial")),
        ("/name", json!("Dedicated fibre 1 Gbit/s, Sundsvall sawmill")),
        ("/version", json!("1")),
        ("/status", json!("approved")),
        ("/initialDate", json!("2026-11-24T09:00:00Z")),
        (
            "/completionDate",
            json!({"startDateTime": "2026-11-24T09:03:00Z", "endDateTime": "2026-11-24T09:03:00Z"}),
        ),
        (
            "/agreementPeriod",
            json!({"startDateTime": "2028-01-01T00:00:00Z", "endDateTime": "2030-12-31T23:59:59Z"}),
        ),
        (
            "/agreementSpecification",
            json!({
                "id": "terms-1",
                "href": format!("{BASE}/agreementManagement/v4/agreementSpecification/terms-1"),
                "name": "b2b-2026-1",
            }),
        ),
        (
            "/agreementItem/0/termOrCondition/0",
            json!({"id": "payment-days", "description": "Payment period"}),
        ),
        (
            "/agreementItem/1",
            json!({"productOffering": [{"id": "PO-FIB-1G", "name": "Dedicated Fibre 1G"}], "product": []}),
        ),
        (
            "/engagedParty/0",
            json!({
                "id": "ORG-4471", "name": "Norrland Timber AB", "role": "Customer", "@referredType": "Organization",
            }),
        ),
        (
            "/agreementAuthorization",
            json!([
                {"date": "2026-11-24T09:01:00Z", "state": "approved"},
                {"date": "2026-11-24T09:02:00Z", "signatureRepresentation": "Digital", "state": "approved"},
                {"date": "2026-11-24T09:03:00Z", "signatureRepresentation": "Digital", "state": "approved"},
            ]),
        ),
    ] {
        assert_eq!(agreement.pointer(field), Some(&value), "{field}");
    }
    // A number that is none stays a text.
    assert_eq!(agreement.get("documentNumber"), None);
    assert_eq!(characteristic(&agreement, "countersign.dev/documentNumber"), Some(&json!("CA-2026-00417")));
    assert_eq!(characteristic(&agreement, "availability-pct"), Some(&json!(99.5)));
    assert_eq!(characteristic(&agreement, "governing-law"), Some(&json!("provider-country")));
    let decisions = characteristic(&agreement, "countersign.dev/decisions").unwrap().as_array().unwrap();
    let who: Vec<(&Value, &Value)> = decisions.iter().map(|own| (&own["action"], &own["username"])).collect();
    let (eva, jonas) = (json!(EVA.0), json!(JONAS.0));
    assert_eq!(who, [(&json!("Confirm"), &eva), (&json!("Sign"), &eva), (&json!("Countersign"), &jonas),]);
}

#[test]
fn a_number_of_digits_alone_is_a_document_number() {
    for (text, number) in [("417", Some(417)), ("0417", None), ("99999999999999999999", None), ("+5", None)] {
        let mut objects = objects(&World::fibre());
        get(&mut objects, "CustomerAgreement")["spec"]["documentNumber"] = json!(text);
        let agreement = one(&objects, "Agreement", Audience::Customer);
        assert_eq!(agreement["documentNumber"].as_i64(), number, "{text}");
        assert_eq!(characteristic(&agreement, "countersign.dev/documentNumber"), Some(&json!(text)));
    }
}

#[test]
fn each_phase_is_one_of_the_words_that_are_typical() {
    for (phase, world) in lives() {
        let word = match phase {
            "Agreed" => "approved",
            "Declined" | "Refused" | "Withdrawn" | "Expired" => "rejected",
            _ => "in process",
        };
        let agreement = one(&objects(&world), "Agreement", Audience::Provider);
        assert_eq!((phase, &agreement["status"]), (phase, &json!(word)));
        assert_eq!(characteristic(&agreement, "countersign.dev/phase"), Some(&json!(phase)));
        assert_eq!(agreement.get("completionDate").is_some(), phase == "Agreed", "{phase}");
        let states = agreement["agreementAuthorization"].as_array().map_or(&[][..], Vec::as_slice);
        let rejected = states.iter().filter(|own| own["state"] == "rejected").count();
        assert_eq!(rejected, usize::from(matches!(phase, "Declined" | "Refused" | "Withdrawn")), "{phase}");
    }
}

#[test]
fn an_order_that_was_left_out_is_no_item() {
    let agreement = one(&objects(&World::agreed_fleet()), "Agreement", Audience::Customer);
    let orders = characteristic(&agreement, "countersign.dev/orders").unwrap();
    assert_eq!(agreement["agreementItem"].as_array().unwrap().len(), 2);
    assert_eq!(orders[1], json!({"id": "handsets", "confirmed": false, "reason": "buying elsewhere"}));
    assert_eq!((&orders[0]["agreementItem"], &orders[0]["confirmed"]), (&json!(1), &json!(true)));
    // Without orders there are still the terms.
    let agreement = one(&objects(&lives().remove(7).1), "Agreement", Audience::Customer);
    assert!(agreement["agreementItem"][0]["termOrCondition"].is_array());
}

#[test]
fn a_signature_on_paper_says_so() {
    let agreement = one(&objects(&lives().remove(2).1), "Agreement", Audience::Customer);
    let signed = &agreement["agreementAuthorization"][1];
    assert_eq!(signed["signatureRepresentation"], "Paper");
    let details = &characteristic(&agreement, "countersign.dev/decisions").unwrap()[1];
    assert_eq!(
        (&details["username"], &details["attestedBy"], &details["evidence"]["channel"]),
        (&json!(EVA.0), &json!("e.sign"), &json!("Paper"))
    );
}

/// Words that only the provider may read, wherever they stand.
#[test]
fn a_customer_sees_nothing_that_the_provider_keeps_to_itself() {
    let mut world = World::agreed_fleet();
    world.agreement.spec.terms[0].reason = Some("SECRET their payment run".to_owned());
    let mut refused = lives().remove(9).1;
    refused.agreement.spec.terms[0].reason = Some("SECRET their payment run".to_owned());
    for (world, words) in [
        (
            &world,
            &["SECRET", "finance", "sales", "d.desk", "Approve", "NonStandard", "pay-45", "deal-desk"][..],
        ),
        (&refused, &["SECRET", "finance", "sales", "d.desk", "Refuse", "45 days are too many", "pay-45"][..]),
    ] {
        let text = |audience| {
            let documents = read(&made(&objects(world), &options(audience)));
            let theirs = documents.into_iter().filter(|document| document["@type"] != "ProductOrder");
            Value::Array(theirs.collect()).to_string()
        };
        let (customer, provider) = (text(Audience::Customer), text(Audience::Provider));
        for word in words {
            assert!(!customer.contains(word), "{word}: {customer}");
            // The catalogue's names of bands have no place in either.
            assert!(provider.contains(word), "{word}: {provider}");
        }
    }
    // Nor how far it would go.
    let objects = objects(&World::fibre());
    let values = |audience| {
        let catalogue = one(&objects, "AgreementSpecification", audience);
        catalogue["specificationCharacteristic"][0]["specCharacteristicValue"].as_array().unwrap().clone()
    };
    let standard = [
        json!({"default": true, "valueType": "number", "unitOfMeasure": "day", "value": 30}),
        json!({"default": false, "valueType": "number", "unitOfMeasure": "day", "valueTo": "30"}),
    ];
    assert_eq!(values(Audience::Customer), standard);
    assert_eq!(values(Audience::Provider).len(), 4);
}

#[test]
fn an_order_request_becomes_what_its_consumer_would_post() {
    let world = World::agreed_fibre();
    let order = one(&objects(&world), "ProductOrder", Audience::Customer);
    assert_eq!(order["externalId"], "CA-2026-00417/o1");
    assert_eq!(order["agreement"][0]["id"], "agreement-1");
    assert_eq!(order["billingAccount"], json!({"id": "BA-88012"}));
    assert_eq!(order["priority"], "2");
    assert_eq!(order["productOfferingQualification"], json!([{"id": "SQ-55120"}]));
    let item = &order["productOrderItem"][0];
    assert_eq!((&item["action"], &item["quantity"]), (&json!("add"), &json!(1)));
    assert_eq!(
        item["itemPrice"][0],
        json!({
            "priceType": "recurring",
            "recurringChargePeriod": "month",
            "price": {"dutyFreeAmount": {"unit": "EUR", "value": 1290.0}},
        })
    );
    assert_eq!(
        item["itemTerm"][0],
        json!({"name": "commitmentMonths", "duration": {"amount": 36, "units": "month"}})
    );
    assert_eq!(item["itemTerm"][1], json!({"name": "payment-days", "description": "30"}));
    let key = &world.orders[0].spec.idempotency_key;
    assert!(order["note"].as_array().unwrap().contains(&json!({"id": "idempotencyKey", "text": key})));
    // Without a number of its own it has the one that is always there.
    let mut objects = objects(&world);
    get(&mut objects, "OrderRequest")["spec"].as_object_mut().unwrap().remove("externalId");
    assert_eq!(one(&objects, "ProductOrder", Audience::Customer)["externalId"], json!(key));
}

#[test]
fn linked_agreements_are_found_or_said_to_be_missing() {
    let mut objects = complete();
    let of = |objects: &[Value]| {
        let made = made(objects, &options(Audience::Customer));
        let amendment = read(&made).into_iter().find(|own| own["id"] == "uid-of-complete-amendment").unwrap();
        (left_out(&made), amendment)
    };
    let (missing, amendment) = of(&objects);
    assert_eq!(amendment["associatedAgreement"][0]["id"], "uid-of-complete");
    assert_eq!(amendment["associatedAgreement"][0]["name"], "Everything that an agreement may say");
    let links = characteristic(&amendment, "countersign.dev/links");
    assert_eq!(links, Some(&json!([{"type": "amends", "name": "complete"}])));
    assert!(!missing.iter().any(|line| line.contains("(amends)")), "{missing:?}");

    // One of the same name in another namespace is not it; two that it could be are none.
    let mut twin = objects[0].clone();
    twin["metadata"]["uid"] = json!("twin");
    twin["metadata"]["namespace"] = json!("elsewhere");
    objects.push(twin.clone());
    assert_eq!(of(&objects).1["associatedAgreement"][0]["id"], "uid-of-complete");
    twin["metadata"]["namespace"] = json!("commerce");
    objects.push(twin);
    let (missing, amendment) = of(&objects);
    assert_eq!(amendment.get("associatedAgreement"), None);
    assert!(
        missing.iter().any(|line| line.starts_with(
            "CustomerAgreement commerce/complete-amendment: `associatedAgreement` is without `complete` (amends): several"
        )),
        "{missing:?}"
    );
}

#[test]
fn what_is_missing_is_named_and_the_rest_is_there() {
    let whole = objects(&World::agreed_fibre());
    let without = |kind: &str, name: &str| -> Vec<Value> {
        let gone = |object: &&Value| object["kind"] != kind || object["metadata"]["name"] != name;
        whole.iter().filter(gone).cloned().collect()
    };
    let result = made(&without("AgreementDecision", "decision-002"), &options(Audience::Customer));
    assert_eq!(
        left_out(&result),
        [
            "CustomerAgreement commerce/norrland-timber-fibre: `decision-002` of `agreementAuthorization` has no `date`: the \
         AgreementDecision is not in the input"
        ]
    );
    assert_eq!(result.documents.len(), 3);
    let agreement = &read(&result)[0];
    assert_eq!(
        agreement["agreementAuthorization"].as_array().unwrap().last(),
        Some(&json!({"state": "approved"}))
    );

    let result = made(&without("StandardTerms", "b2b-2026-1"), &options(Audience::Customer));
    assert_eq!(
        left_out(&result),
        [
            "CustomerAgreement commerce/norrland-timber-fibre: titles and types of the terms: the StandardTerms `b2b-2026-1` \
         is not in the input"
        ]
    );
    let agreement = &read(&result)[0];
    assert_eq!(agreement["agreementSpecification"]["id"], "terms-1");
    assert_eq!(characteristic(agreement, "availability-pct"), Some(&json!("99.5")));

    // A decision of that name on another agreement is not the one.
    let mut objects = whole.clone();
    get(&mut objects, "AgreementDecision")["spec"]["agreementRef"]["uid"] = json!("agreement-0");
    assert_eq!(left_out(&made(&objects, &options(Audience::Customer))).len(), 1);

    // TMF651 has no specification without an attachment.
    let mut objects = whole.clone();
    get(&mut objects, "StandardTerms")["spec"]["documents"] = json!([]);
    let result = made(&objects, &options(Audience::Customer));
    assert_eq!(
        left_out(&result),
        [
            "StandardTerms b2b-2026-1: it cannot be an AgreementSpecification: TMF651 requires at least one attachment, and \
         `spec.documents` is empty"
        ]
    );
    assert_eq!(result.documents.len(), 2);
}

/// A term that is called like one of ours is told from it.
#[test]
fn names_of_terms_and_ours_do_not_meet() {
    let mut world = World::fibre();
    world.agreement.spec.terms[0].id = "phase".to_owned();
    world.settle();
    world.act_because(JONAS, Action::Withdraw, "wrong");
    world.settle();
    let agreement = one(&objects(&world), "Agreement", Audience::Provider);
    assert_eq!(characteristic(&agreement, "phase"), Some(&json!("30")));
    assert_eq!(characteristic(&agreement, "countersign.dev/phase"), Some(&json!("Withdrawn")));
}
