//! S5, S6: each confirmed order of a sealed agreement is passed on once, and what consumers make of it is mirrored.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_api::agreement_status::Handover;
use countersign_api::customer_agreement::Feasibility;
use countersign_api::order_request::{OrderRequestSpec, OrderRequestStatus};
use countersign_api::{Action, OrderRequest};
use countersign_core::decide::{RefusedCreate, Severity, order_request_names};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, OwnerReference, Time};
use proptest::prelude::*;
use testkit::world::{EVA, JONAS, World, read};

/// The fibre agreement with a second order like the first, with every signature there, and not yet sealed.
fn signed(change: impl FnOnce(&mut World)) -> World {
    let mut world = World::fibre();
    world.edit(|agreement| {
        let mut second = agreement.spec.orders[0].clone();
        second.id = "o2".to_owned();
        agreement.spec.orders.push(second);
    });
    change(&mut world);
    world.settle();
    world.pass(60).confirm(EVA);
    world.settle();
    world.pass(60).act(EVA, Action::Sign);
    world.settle();
    world.pass(60).act(JONAS, Action::Countersign);
    world
}

/// Sealed, and nothing made yet: where a crash would leave it.
fn sealed() -> World {
    let mut world = signed(|_| {});
    let plan = world.plan();
    assert_eq!(plan.orders, [], "nothing is made before the seal is written");
    world.write(&plan.status.unwrap());
    assert_eq!(world.phase(), "IssuingOrders");
    world
}

fn agreed() -> World {
    let mut world = sealed();
    world.settle();
    assert_eq!(world.phase(), "Agreed");
    world
}

fn ids(orders: &[OrderRequest]) -> Vec<&str> {
    orders.iter().map(|order| order.spec.order_id.as_str()).collect()
}

fn uids(world: &World) -> Vec<Option<&str>> {
    world.status().orders.iter().map(|order| order.uid.as_deref()).collect()
}

fn refuse(order: &str, message: &str) -> RefusedCreate {
    RefusedCreate { order_id: order.to_owned(), message: message.to_owned() }
}

/// A consumer sets a condition of one order request.
fn report(world: &mut World, order: usize, type_: &str) {
    let mut request = (*world.orders[order]).clone();
    request.status.get_or_insert_with(OrderRequestStatus::default).conditions.push(Condition {
        type_: type_.to_owned(),
        status: "True".to_owned(),
        reason: "Done".to_owned(),
        message: String::new(),
        last_transition_time: Time(world.now),
        observed_generation: None,
    });
    world.orders[order] = Arc::new(request);
}

fn handed_over(world: &World) -> (String, String) {
    let (status, reason, _) = world.condition("HandedOver");
    (status, reason)
}

fn pair(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

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

#[test]
fn a_crash_after_sealing_loses_nothing_and_makes_nothing_twice() {
    let mut world = sealed();
    let plan = world.plan();
    assert_eq!((plan.status, ids(&plan.orders)), (None, vec!["o1", "o2"]));
    assert_eq!(plan.orders, world.plan().orders, "every attempt makes the same");
    world.create(plan.orders[1].clone());
    world.pass(86_400);
    let plan = world.plan();
    assert_eq!((plan.status, ids(&plan.orders)), (None, vec!["o1"]), "only what is missing");
    world.create(plan.orders[0].clone());
    assert_eq!(world.settle(), 1);
    assert_eq!(world.phase(), "Agreed");
    assert_eq!(
        uids(&world),
        world.orders.iter().rev().map(|order| order.metadata.uid.as_deref()).collect::<Vec<_>>()
    );
    assert_eq!(world.orders[0].spec.signed_off_time, world.orders[1].spec.signed_off_time);
}

#[test]
fn it_is_agreed_only_when_every_request_is_there() {
    let mut world = sealed();
    let made = world.plan().orders;
    let before = world.status().clone();
    for type_ in ["OrdersIssued", "HandedOver", "Ready"] {
        let (status, reason, _) = world.condition(type_);
        assert_eq!((status.as_str(), reason.as_str()), ("False", "IssuingOrders"), "{type_}");
    }
    assert_eq!(world.condition("Reconciling").2, "2 order requests are being made");
    world.create(made[0].clone());
    let plan = world.plan();
    assert_eq!((plan.status, ids(&plan.orders)), (None, vec!["o2"]));
    assert_eq!((before.agreed_time, uids(&world)), (None, vec![None, None]));
    world.create(made[1].clone());
    world.settle();
    assert_eq!(world.condition("Ready").2, "signed by both sides; 2 order requests passed on");
    assert_eq!(world.condition("Reconciling").0, "");
}

#[test]
fn what_is_sealed_is_passed_on_whatever_becomes_of_rules_and_decisions() {
    let mut world = sealed();
    world.policies.clear();
    world.terms = None;
    world.decisions.clear();
    world.guard = countersign_core::decide::Guard::Inactive { because: "gone".to_owned() };
    world.now = world.agreement.spec.offer_end_time.0 + SignedDuration::from_secs(1_000);
    world.settle();
    assert_eq!((world.phase(), world.orders.len()), ("Agreed", 2));
}

#[test]
fn an_order_that_was_left_out_has_no_request() {
    let mut world = World::fibre();
    world.edit(|agreement| {
        let mut second = agreement.spec.orders[0].clone();
        second.id = "o2".to_owned();
        agreement.spec.orders.push(second);
    });
    world.settle();
    world.pass(60).confirm_but(EVA, &[("o1", "not now")]);
    world.pass(60).settle();
    world.act(EVA, Action::Sign);
    world.pass(60).act(JONAS, Action::Countersign);
    world.settle();
    assert_eq!(world.orders.len(), 1);
    assert_eq!(world.orders[0].spec.order_id, "o2");
    assert_eq!(world.status().orders[0].order_request_name, None);
    assert_eq!(world.condition("OrdersIssued").2, "1 order request passed on");
}

#[test]
fn without_orders_it_is_agreed_in_the_write_that_seals_it() {
    let mut world = signed(|world| {
        world.edit(|agreement| agreement.spec.orders.clear());
    });
    assert_eq!(world.settle(), 1);
    assert_eq!((world.phase(), world.orders.len()), ("Agreed", 0));
    for type_ in ["OrdersIssued", "HandedOver"] {
        let expected =
            ("True".to_owned(), "NoOrders".to_owned(), "the agreement has no confirmed orders".to_owned());
        assert_eq!(world.condition(type_), expected);
    }
    assert_eq!(world.condition("Ready").2, "signed by both sides; no orders to pass on");
    assert_eq!(world.wake, None);
    world.pass(1_000_000);
    assert_eq!(world.settle(), 0);
}

#[test]
fn nothing_is_looked_up_before_the_seal_and_the_same_names_after_it() {
    let world = signed(|_| {});
    assert_eq!(order_request_names(&world.agreement), Vec::<String>::new());
    let world = sealed();
    let names = order_request_names(&world.agreement);
    let planned: Vec<_> = world.plan().orders.into_iter().filter_map(|order| order.metadata.name).collect();
    assert_eq!((names.len(), &names), (2, &planned));
    assert_eq!(order_request_names(&agreed().agreement), names);
}

#[test]
fn what_is_not_ours_is_never_adopted_and_never_overwritten() {
    type Spoil = fn(&mut OrderRequest);
    let spoils: [(&str, Spoil); 4] = [
        ("nobody's", |order| order.metadata.owner_references = None),
        ("another agreement's", |order| {
            order.metadata.owner_references.as_mut().unwrap()[0].uid = "agreement-0".to_owned();
        }),
        ("another order's", |order| order.spec.idempotency_key = "0".repeat(64)),
        ("of the same name in another life", |order| {
            order.metadata.owner_references.as_mut().unwrap()[0].uid = "agreement-0".to_owned();
            order.spec.idempotency_key = "0".repeat(64);
        }),
    ];
    for (whose, spoil) in spoils {
        let mut world = sealed();
        let mut foreign = world.plan().orders[0].clone();
        spoil(&mut foreign);
        let name = foreign.metadata.name.clone().unwrap();
        world.create(foreign);
        let plan = world.plan();
        assert_eq!(ids(&plan.orders), ["o2"], "{whose}: the other one is made all the same");
        world.settle();
        assert_eq!((world.phase(), uids(&world)[0]), ("IssuingOrders", None), "{whose}");
        let message = format!(
            "`{name}` stands there and is not ours; nothing is overwritten: remove it, and the order request is made"
        );
        for type_ in ["OrdersIssued", "Ready", "Stalled"] {
            let (_, reason, text) = world.condition(type_);
            assert_eq!((reason.as_str(), &text), ("NameConflict", &message), "{whose} {type_}");
        }
        assert_eq!(world.condition("Reconciling").0, "True");
        let told: Vec<_> =
            world.told.iter().filter(|n| n.severity == Severity::Warning).map(|n| n.reason).collect();
        assert_eq!(told, ["NameConflict"]);
        // Once it is removed, ours is made.
        world.orders.retain(|order| order.metadata.name.as_deref() != Some(&name));
        world.pass(60).settle();
        assert_eq!((world.phase(), world.orders.len()), ("Agreed", 2), "{whose}");
        assert_eq!(world.condition("Stalled").0, "");
    }
}

#[test]
fn a_create_that_the_server_refuses_is_said_in_its_words_and_tried_again() {
    let mut world = sealed();
    let first = world.plan().orders[0].clone();
    world.create(first);
    world.refused = vec![refuse("o2", "exceeded quota: orders\u{1b}[31m, used: 1")];
    let plan = world.plan();
    assert_eq!(ids(&plan.orders), ["o2"], "it stays in the plan; the shell holds it back");
    world.settle();
    let message = "the server does not take 1 of 2 order requests, and it is tried again; for order `o2` it says: exceeded quota: orders [31m, used: 1";
    assert_eq!(
        world.condition("OrdersIssued"),
        ("False".to_owned(), "CreateRefused".to_owned(), message.to_owned())
    );
    assert_eq!(
        world.condition("Ready"),
        ("False".to_owned(), "IssuingOrders".to_owned(), message.to_owned())
    );
    assert_eq!(
        (world.condition("Stalled").0.as_str(), world.condition("Reconciling").0.as_str()),
        ("", "True")
    );
    let kept = vec![world.orders[0].metadata.uid.as_deref(), None];
    assert_eq!(uids(&world), kept, "what went through is on record");
    // The next attempt: nothing is written in between, and the same words are not written again.
    world.refused.clear();
    let plan = world.plan();
    assert_eq!((plan.status, ids(&plan.orders), plan.notices), (None, vec!["o2"], vec![]));
    world.refused = vec![refuse("o2", "exceeded quota: orders\u{1b}[31m, used: 1")];
    world.pass(60);
    assert_eq!(world.settle(), 0);
    world.refused.clear();
    world.settle();
    assert_eq!((world.phase(), world.condition("OrdersIssued").1.as_str()), ("Agreed", "Issued"));
    let warned: Vec<_> =
        world.told.iter().filter(|n| n.severity == Severity::Warning).map(|n| n.reason).collect();
    assert_eq!(warned, ["OrderRequestRefused"]);
}

#[test]
fn a_conflict_that_is_gone_is_not_said_any_more_when_the_server_refuses_something_else() {
    let mut world = sealed();
    let mut foreign = world.plan().orders[0].clone();
    foreign.metadata.owner_references = None;
    world.create(foreign);
    world.settle();
    assert_eq!(world.condition("Stalled").1, "NameConflict");
    world.orders.remove(0);
    world.refused = vec![refuse("o1", "exceeded quota")];
    world.settle();
    assert_eq!(world.condition("OrdersIssued").1, "CreateRefused");
    assert_eq!(world.condition("Stalled").0, "", "nobody has to remove anything");
    assert_eq!(world.condition("Reconciling").0, "True");
}

#[test]
fn a_request_that_is_gone_after_it_was_agreed_is_said_and_not_made_again() {
    let mut world = agreed();
    let gone = world.orders.remove(0);
    assert_eq!(world.settle(), 1);
    assert_eq!((world.phase(), world.orders.len()), ("Agreed", 1));
    let name = gone.metadata.name.clone().unwrap();
    let issued = world.condition("OrdersIssued");
    assert_eq!((issued.0.as_str(), issued.1.as_str()), ("False", "OrderRequestMissing"));
    assert_eq!(issued.2, format!("`{name}` is gone; it was passed on once and is not made again"));
    assert_eq!(world.condition("Ready").0, "True");
    assert_eq!(world.told.last().map(|notice| notice.reason), Some("OrderRequestMissing"));
    world.orders.insert(0, gone);
    world.settle();
    assert_eq!(world.condition("OrdersIssued").1, "Issued");
}

#[test]
fn an_edit_of_what_is_not_sealed_changes_no_request() {
    let mut world = agreed();
    let before = world.status().clone();
    world.edit(|agreement| {
        agreement.spec.title = "another title".to_owned();
        agreement.spec.document_number = Some("CA-2".to_owned());
    });
    assert_eq!(world.settle(), 1);
    let after = world.status();
    assert_eq!(after.observed_generation, before.observed_generation.map(|generation| generation + 1));
    assert_eq!((&after.orders, &after.agreed_time), (&before.orders, &before.agreed_time));
}

#[test]
fn consumers_acknowledge_and_complete_in_one_write_each() {
    let mut world = agreed();
    assert_eq!(handed_over(&world), pair("False", "AwaitingAcknowledgement"));
    assert_eq!(
        world.condition("HandedOver").2,
        "waiting for a consumer to acknowledge 2 order requests until 2026-11-25T09:03:00Z"
    );
    report(&mut world, 0, "Acknowledged");
    assert_eq!(world.settle(), 0, "half of them is no news");
    report(&mut world, 1, "Acknowledged");
    assert_eq!(world.settle(), 1);
    assert_eq!(handed_over(&world), pair("True", "Acknowledged"));
    assert_eq!(world.condition("HandedOver").2, "2 of 2 order requests acknowledged");
    assert_eq!(world.wake, None);
    report(&mut world, 1, "Completed");
    assert_eq!(world.settle(), 0);
    report(&mut world, 0, "Completed");
    assert_eq!(world.settle(), 1);
    assert_eq!(handed_over(&world), pair("True", "Completed"));
    let counts = Handover { acknowledged: 2, completed: 2, failed: 0, rejected: 0 };
    assert_eq!(world.status().handover, Some(counts));
    let told: Vec<_> = world.told.iter().rev().take(2).map(|notice| notice.reason).collect();
    assert_eq!(told, ["OrdersCompleted", "OrdersAcknowledged"]);
}

#[test]
fn what_a_consumer_rejects_or_cannot_do_is_said_at_once_and_undoes_nothing() {
    for (type_, message, told) in [
        ("Rejected", "1 of 2 order requests rejected by a consumer; see its status", "OrderRejected"),
        ("Failed", "1 of 2 order requests failed; see its status", "OrderFailed"),
    ] {
        let mut world = agreed();
        report(&mut world, 0, "Acknowledged");
        report(&mut world, 0, type_);
        assert_eq!(world.settle(), 1);
        assert_eq!(world.condition("HandedOver"), ("False".to_owned(), type_.to_owned(), message.to_owned()));
        assert_eq!((world.phase(), world.condition("Ready").0.as_str()), ("Agreed", "True"));
        let last = world.told.last().unwrap();
        assert_eq!((last.reason, last.severity), (told, Severity::Warning));
        // The rest goes on; it stays said.
        report(&mut world, 1, "Acknowledged");
        world.settle();
        assert_eq!(handed_over(&world), pair("False", type_));
    }
}

#[test]
fn nobody_acknowledged_in_time_is_said_and_taken_back_when_somebody_does() {
    let mut world = agreed();
    let due: Timestamp = "2026-11-25T09:03:00Z".parse().unwrap();
    let wake = due + SignedDuration::from_secs(1);
    assert_eq!(world.wake, Some(wake));
    world.now = due;
    assert_eq!(world.settle(), 0, "the last second counts");
    world.now = wake;
    assert_eq!(world.settle(), 1);
    assert_eq!(handed_over(&world), pair("False", "Overdue"));
    assert_eq!(
        world.condition("HandedOver").2,
        "no consumer acknowledged every order request by 2026-11-25T09:03:00Z; see who watches them"
    );
    assert_eq!(
        world.told.last().map(|notice| (notice.reason, notice.severity)),
        Some(("HandoverOverdue", Severity::Warning))
    );
    assert_eq!(world.wake, None);
    report(&mut world, 0, "Acknowledged");
    report(&mut world, 1, "Acknowledged");
    world.settle();
    assert_eq!(handed_over(&world), pair("True", "Acknowledged"));
}

#[test]
fn without_a_limit_nobody_is_late_to_acknowledge() {
    let mut world = signed(|world| {
        world.rules(|policy| policy.spec.rules.acknowledge_within_seconds = None);
    });
    world.settle();
    assert_eq!(world.wake, None);
    assert_eq!(world.condition("HandedOver").2, "waiting for a consumer to acknowledge 2 order requests");
    world.pass(100_000_000);
    assert_eq!(world.settle(), 0);
}

fn is_dns_subdomain(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// The name of the request for the only order.
fn name_for(agreement: &str, uid: &str, order: &str) -> String {
    let mut world = World::confirmed_fibre();
    world.agreement.metadata.name = Some(agreement.to_owned());
    world.agreement.metadata.uid = Some(uid.to_owned());
    world.agreement.status = None;
    world.decisions.clear();
    world.edit(|agreement| agreement.spec.orders[0].id = order.to_owned());
    world.settle();
    world.confirm(EVA);
    world.settle();
    world.act(EVA, Action::Sign);
    world.act(JONAS, Action::Countersign);
    world.settle();
    world.orders[0].metadata.name.clone().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_name_is_one_that_the_server_takes_whatever_the_order_is_called(
        agreement in "[a-z0-9]([-a-z0-9.]{0,250}[a-z0-9])?",
        order in prop_oneof!["[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?", "\\PC{0,63}"],
    ) {
        let name = name_for(&agreement, "agreement-1", &order);
        prop_assert!(is_dns_subdomain(&name), "{}", name);
        prop_assert_eq!(&name, &name_for(&agreement, "agreement-1", &order));
    }
}

#[test]
fn no_two_orders_share_a_name() {
    let mut names = BTreeSet::new();
    // Told apart by what is hashed even where the readable part is the same.
    for (agreement, uid, order) in [
        ("fibre", "agreement-1", "o1"),
        ("fibre", "agreement-2", "o1"),
        ("fibre", "agreement-1", "O1"),
        ("fibre", "agreement-1", "o.1"),
        ("fibre", "agreement-1", "o-1"),
        ("fibre", "agreement-1", "o_1"),
        ("fibre", "agreement-11", "1"),
        ("fibre", "agreement-1", "11"),
    ] {
        assert!(names.insert(name_for(agreement, uid, order)), "{agreement} {uid} {order}");
    }
    // And by what was confirmed: other orders beside it, another revision.
    let mut world = sealed();
    world.settle();
    let with_two = world.orders[0].metadata.name.clone().unwrap();
    let alone = World::agreed_fibre().orders[0].metadata.name.clone().unwrap();
    assert_ne!(with_two, alone);
    let mut offered_again = World::fibre();
    offered_again.edit(|agreement| agreement.spec.offer_version = 2);
    offered_again.settle();
    offered_again.confirm(EVA);
    offered_again.settle();
    offered_again.act(EVA, Action::Sign);
    offered_again.act(JONAS, Action::Countersign);
    offered_again.settle();
    assert_ne!(offered_again.orders[0].metadata.name.as_deref(), Some(alone.as_str()));
}

#[test]
fn once_it_is_sealed_it_neither_expires_nor_is_withdrawn_however_long_the_orders_take() {
    let mut world = sealed();
    world.refused = vec![refuse("o1", "quota exceeded"), refuse("o2", "quota exceeded")];
    world.settle();
    world.pass(60).act_because(EVA, Action::Withdraw, "too slow");
    world.act_because(JONAS, Action::Withdraw, "too slow");
    world.settle();
    let reasons: Vec<_> = world.ignored().iter().map(|i| i.reason.as_str()).collect();
    assert_eq!((world.phase(), reasons), ("IssuingOrders", vec!["Sealed", "Sealed"]));
    world.now = world.agreement.spec.offer_end_time.0 + SignedDuration::from_hours(24 * 400);
    world.settle();
    assert_eq!((world.phase(), world.status().closed.as_ref()), ("IssuingOrders", None));
    world.refused.clear();
    world.settle();
    assert_eq!((world.phase(), world.orders.len()), ("Agreed", 2));
}
