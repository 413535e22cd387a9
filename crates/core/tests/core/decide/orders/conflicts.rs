//! Names that are taken, creates that are rejected, requests that are gone.

use countersign_api::OrderRequest;
use countersign_core::decide::Severity;

use super::{agreed, ids, refuse, sealed, uids};

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
            "`{name}` already exists and is not ours; nothing is overwritten: remove it, and the order request is made"
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
    let message = "the server rejects 1 of 2 order requests, which is tried again; for order `o2` it says: exceeded quota: orders [31m, used: 1";
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

/// A conflict that is gone is not said any more when the server refuses something else.
#[test]
fn a_conflict_that_is_gone_is_not_reported_any_more() {
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
