//! What an order request says.

use countersign_api::Action;
use countersign_api::customer_agreement::Feasibility;
use countersign_api::order_request::OrderRequestSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{OwnerReference, Time};
use testkit::people::{EVA, JONAS};
use testkit::world::{World, read};

use super::signed;

#[test]
fn the_request_for_the_fibre_holds_everything_that_an_order_needs() {
    let world = World::agreed_fibre();
    let status = world.status();
    let expected: OrderRequestSpec = read(&format!(
        r#"
agreementRef: {{name: norrland-timber-fibre, uid: agreement-1, revision: 1, digest: "{}"}}
orderId: o1
externalId: CA-2026-00417/o1
idempotencyKey: 8343490eebcd77bf923a835404bbefb7dd4ad991588127359bdc0ff5319b94cc
customer: {{id: ORG-4471, name: Norrland Timber AB}}
relatedParties:
- {{id: ORG-1, name: Example Telecom, role: Provider}}
- {{id: j.berg, name: Jonas Berg, role: AccountOwner}}
- {{id: eva.lund@norrland-timber.example, name: Eva Lund, role: CustomerSignatory}}
- {{id: j.berg, name: Jonas Berg, role: ProviderSignatory}}
billingAccountId: BA-88012
category: Enterprise
priority: 2
requestedCompletionTime: "2028-01-01T00:00:00Z"
items:
- id: "01"
  action: Add
  quantity: 1
  productOffering: {{id: PO-FIB-1G, name: Dedicated Fibre 1G}}
  product: {{place: [{{role: Installation, name: "Sagverksgatan 4, Sundsvall"}}]}}
  prices:
  - {{type: Recurring, period: Month, amount: "1290.00", currency: EUR}}
  - {{type: OneTime, amount: "4500.00", currency: EUR}}
  discountPercent: "5"
  commitmentMonths: 36
applicableTerms:
- {{id: payment-days, value: "30"}}
- {{id: commitment-months, value: "36"}}
- {{id: availability-pct, value: "99.5"}}
- {{id: service-credit-pct, value: "10"}}
- {{id: liability-cap-pct, value: "100"}}
- {{id: price-indexation, value: cpi}}
- {{id: governing-law, value: provider-country}}
feasibility: {{assessed: true, ref: SQ-55120}}
specialHandling: false
confirmedBy: [eva.lund@norrland-timber.example]
signedOffTime: "2026-11-24T09:03:00Z"
acknowledgeByTime: "2026-11-25T09:03:00Z"
"#,
        world.confirmation_digest()
    ));
    let request = &world.orders[0];
    assert_eq!(request.spec, expected);
    let metadata = &request.metadata;
    assert_eq!(metadata.namespace.as_deref(), Some("commerce"));
    assert_eq!((&metadata.labels, &metadata.annotations, &metadata.generate_name), (&None, &None, &None));
    let owner = OwnerReference {
        api_version: "countersign.dev/v1alpha1".to_owned(),
        kind: "CustomerAgreement".to_owned(),
        name: "norrland-timber-fibre".to_owned(),
        uid: "agreement-1".to_owned(),
        controller: Some(true),
        block_owner_deletion: None,
    };
    assert_eq!(metadata.owner_references, Some(vec![owner]));
    assert_eq!(request.status, None);
    assert_eq!(status.orders[0].order_request_name, metadata.name);
    assert_eq!(status.orders[0].uid, metadata.uid);
    assert_eq!(status.agreed_time, Some(Time(world.now)));
}

#[test]
fn every_other_field_of_an_order_is_passed_on_too() {
    let mut world = signed(|world| {
        world.edit(|agreement| {
            let spec = &mut agreement.spec;
            spec.document_number = None;
            spec.other_parties = read("[{id: ORG-7, name: Reseller Ltd, role: Reseller}]");
            spec.terms.push(read("{id: cakes, text: The provider brings the cake.}"));
            let order = &mut spec.orders[0];
            order.requested_start_time = Some(Time("2027-12-15T00:00:00Z".parse().unwrap()));
            order.special_requirements = vec!["crane on site".to_owned()];
            order.items[0].relationships = read("[{type: reliesOn, itemId: '02'}]");
            order.items[0].product.as_mut().unwrap().characteristics = read("[{name: speed, value: 1G}]");
            spec.orders.truncate(1);
        });
        world.rules(|policy| {
            policy.spec.rules.acknowledge_within_seconds = None;
            policy.spec.rules.auto_within.push(read("{function: legal, level: L3}"));
            policy
                .spec
                .holders
                .iter_mut()
                .find(|h| h.function == "legal" && h.level == "L3")
                .unwrap()
                .subjects = read("[{kind: User, name: j.berg}]");
        });
    });
    world.settle();
    assert_eq!(world.phase(), "Agreed");
    let (request, order) = (&world.orders[0].spec, &world.agreement.spec.orders[0]);
    assert_eq!(request.external_id, None);
    assert_eq!(request.requested_start_time, order.requested_start_time);
    assert_eq!(request.special_requirements, ["crane on site"]);
    assert_eq!(request.items, order.items);
    assert_eq!(request.acknowledge_by_time, None);
    let reseller = &request.related_parties[2];
    assert_eq!((reseller.id.as_str(), reseller.role.as_str()), ("ORG-7", "Reseller"));
    let cakes = request.applicable_terms.last().unwrap();
    assert_eq!((cakes.id.as_str(), cakes.value.as_deref()), ("cakes", None));
}

#[test]
fn special_requirements_that_nobody_assessed_need_special_handling() {
    for (requirements, feasibility, special) in [
        (vec![], None, false),
        (vec![], Some(false), false),
        (vec!["crane on site".to_owned()], None, true),
        (vec!["crane on site".to_owned()], Some(false), true),
        (vec!["crane on site".to_owned()], Some(true), false),
    ] {
        let mut world = signed(|world| {
            world.edit(|agreement| {
                let order = &mut agreement.spec.orders[0];
                order.special_requirements.clone_from(&requirements);
                order.feasibility = feasibility.map(|assessed| Feasibility { assessed, reference: None });
            });
        });
        world.settle();
        assert_eq!(world.orders[0].spec.special_handling, special, "{requirements:?} {feasibility:?}");
    }
}

#[test]
fn who_confirmed_is_who_said_that_it_is_acceptable() {
    let mut world = World::fibre();
    world.settle();
    world.pass(60).state(EVA, countersign_api::agreement_decision::Statement::Understood);
    world.pass(60).state(EVA, countersign_api::agreement_decision::Statement::Acceptable);
    world.settle();
    world.pass(60).act(EVA, Action::Sign);
    world.pass(60).act(JONAS, Action::Countersign);
    world.settle();
    assert_eq!(world.orders[0].spec.confirmed_by, [EVA.0]);
}
