//! Agreements in every phase, with every reason that `Ready` can have, as the core writes them.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_api::conditions::{phase, reason};
use countersign_api::order_request::OrderRequestStatus;
use countersign_api::{Action, OrderRequest};
use countersign_core::decide::{Guard, RefusedCreate};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::{Value, json};
use testkit::people::{DESK, EVA, JONAS, NINA};
use testkit::world::World;

/// What an agreement is to people who look at it from Git.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Is {
    /// The operator has not looked at it, or not at its latest change.
    Unseen,
    /// Somebody has to repair something.
    Stalled,
    /// People are asked.
    Waiting,
    /// Sealed, and the operator is at work.
    Issuing,
    /// Signed, and passed on.
    Agreed,
    /// Ended without agreement.
    Ended,
}

pub struct Life {
    pub name: &'static str,
    pub is: Is,
    pub object: Value,
}

fn life(name: &'static str, is: Is, world: &World) -> Life {
    Life { name, is, object: serde_json::to_value(&world.agreement).unwrap() }
}

fn settled(mut world: World, change: impl FnOnce(&mut World)) -> World {
    change(&mut world);
    world.settle();
    world
}

fn asked() -> World {
    settled(World::fibre(), |_| {})
}

fn refused() -> World {
    settled(World::escalated_fleet(), |world| {
        let mut spec = world.draft(DESK, Action::Refuse);
        (spec.function, spec.level) = (Some("finance".to_owned()), Some("L1".to_owned()));
        spec.reason = Some("not for 45 days".to_owned());
        world.store(spec);
    })
}

/// Every level of finance stays silent, and nobody answers.
fn exhausted() -> World {
    let mut world = World::escalated_fleet();
    for silent in ["2026-11-25T12:00:00Z", "2026-11-27T15:00:00Z", "2026-11-30T18:00:00Z"] {
        world.now = silent.parse().unwrap();
        world.settle();
    }
    world
}

/// Sealed, and no order request made yet.
fn sealed() -> World {
    let mut world = settled(World::confirmed_fibre(), |world| drop(world.act(EVA, Action::Sign)));
    world.pass(60).act(JONAS, Action::Countersign);
    let status = world.plan().status.unwrap();
    world.write(&status);
    world
}

fn taken_name() -> World {
    settled(sealed(), |world| {
        let mut foreign = world.plan().orders[0].clone();
        foreign.metadata.owner_references = None;
        world.create(foreign);
    })
}

fn over_quota() -> World {
    settled(sealed(), |world| {
        let message = "exceeded quota: orders, used: 1".to_owned();
        world.refused = vec![RefusedCreate { order_id: "o1".to_owned(), message }];
    })
}

fn reported(type_: &str) -> World {
    settled(World::agreed_fibre(), |world| {
        world.orders[0] = Arc::new(report(&world.orders[0], type_, world.now));
    })
}

/// An order request of which a consumer reports this.
fn report(order: &OrderRequest, type_: &str, now: jiff::Timestamp) -> OrderRequest {
    let mut order = order.clone();
    order.status.get_or_insert_with(OrderRequestStatus::default).conditions.push(Condition {
        type_: type_.to_owned(),
        status: "True".to_owned(),
        reason: "Reported".to_owned(),
        message: format!("{type_} by the order desk"),
        last_transition_time: Time(now),
        observed_generation: None,
    });
    order
}

/// Order requests as a consumer leaves them, by what it reports; nothing at first.
pub fn order_requests() -> Vec<(&'static str, Value)> {
    let world = World::agreed_fibre();
    let made = &world.orders[0];
    let mut all = vec![("", serde_json::to_value(&**made).unwrap())];
    for type_ in ["Acknowledged", "Completed", "Failed", "Rejected"] {
        let taken = report(made, "Acknowledged", world.now);
        let order = if type_ == "Acknowledged" { taken } else { report(&taken, type_, world.now) };
        all.push((type_, serde_json::to_value(order).unwrap()));
    }
    all
}

/// All of them.
pub fn all() -> Vec<Life> {
    let mut second_policy = (*World::fibre().policies[0]).clone();
    second_policy.metadata.name = Some("a-second".to_owned());
    second_policy.metadata.uid = Some("policy-2".to_owned());
    let mut lives = vec![
        life("applied a moment ago", Is::Unseen, &World::fibre()),
        life("edited a moment ago", Is::Unseen, &{
            let mut world = World::agreed_fibre();
            world.edit(|agreement| agreement.spec.title = "Fibre".to_owned());
            world
        }),
        life(
            "faulty terms",
            Is::Stalled,
            &settled(World::fibre(), |world| {
                world.edit(|agreement| agreement.spec.terms[0].value = Some("soon".to_owned()));
            }),
        ),
        life("no policy", Is::Stalled, &settled(World::fibre(), |world| world.policies.clear())),
        life(
            "two policies",
            Is::Stalled,
            &settled(World::fibre(), |world| {
                world.policies.push(Arc::new(second_policy));
            }),
        ),
        life(
            "beyond every authority",
            Is::Stalled,
            &settled(World::fibre(), |world| {
                world.edit(|a| a.spec.orders[0].items[0].discount_percent = Some("51".to_owned()));
            }),
        ),
        life(
            "a successor of nothing",
            Is::Stalled,
            &settled(World::fibre(), |world| {
                world.edit(|a| {
                    a.spec.supersedes_ref = Some(serde_json::from_value(json!({"name": "none"})).unwrap())
                });
            }),
        ),
        life("its policy is gone", Is::Stalled, &settled(asked(), |world| world.policies.clear())),
        life("its catalogue is gone", Is::Stalled, &settled(asked(), |world| world.terms = None)),
        life(
            "unguarded",
            Is::Stalled,
            &settled(asked(), |world| {
                world.guard = Guard::Inactive { because: "the binding is gone".to_owned() };
            }),
        ),
        life("the customer is asked", Is::Waiting, &asked()),
        life("managers are asked", Is::Waiting, &World::escalated_fleet()),
        life("every manager stayed silent", Is::Stalled, &exhausted()),
        life(
            "a change is asked for",
            Is::Waiting,
            &settled(asked(), |world| {
                world.act_because(EVA, Action::RequestChange, "60 days");
            }),
        ),
        life("signatures are asked for", Is::Waiting, &World::confirmed_fibre()),
        life("sealed", Is::Issuing, &sealed()),
        life("over the quota", Is::Issuing, &over_quota()),
        life("a name is taken", Is::Stalled, &taken_name()),
        life("agreed", Is::Agreed, &World::agreed_fibre()),
        life(
            "agreed, and nobody takes it over",
            Is::Agreed,
            &settled(World::agreed_fibre(), |world| {
                world.pass(30 * 86_400);
            }),
        ),
        life(
            "declined",
            Is::Ended,
            &settled(settled(World::cafe(), |_| {}), |world| {
                world.act_because(NINA, Action::Decline, "too dear");
            }),
        ),
        life("refused", Is::Ended, &refused()),
        life(
            "expired",
            Is::Ended,
            &settled(asked(), |world| {
                world.now = "2027-12-02T00:00:00Z".parse().unwrap();
            }),
        ),
        life(
            "withdrawn",
            Is::Ended,
            &settled(asked(), |world| {
                world.act_because(JONAS, Action::Withdraw, "a better offer follows");
            }),
        ),
    ];
    for type_ in ["Acknowledged", "Completed", "Failed", "Rejected"] {
        lives.push(life("agreed, and a consumer reports", Is::Agreed, &reported(type_)));
    }
    // Nothing that the core does leads here: it is how a status would look that an older version began.
    let mut begun = life("begun", Is::Unseen, &asked());
    begun.object["status"]["conditions"] = json!([{"type": "Ready", "status": "Unknown", "reason": reason::PROGRESSING, "message": "not looked at yet"}]);
    lives.push(begun);
    lives
}

pub fn condition<'o>(object: &'o Value, type_: &str) -> Option<&'o Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == type_)
}

/// The same agreement in words that no version knows yet.
pub fn in_new_words(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(phase) = object.pointer_mut("/status/phase") {
        *phase = json!("Postponed");
    }
    let conditions = object.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten() {
        condition["reason"] = json!("NeverHeardOf");
    }
    object
}

#[test]
fn every_phase_and_every_reason_of_ready_and_stalled_is_among_them() {
    let lives = all();
    let words = |type_: &str| -> BTreeSet<String> {
        let found = lives.iter().filter_map(|life| condition(&life.object, type_));
        found.map(|condition| condition["reason"].as_str().unwrap().to_owned()).collect()
    };
    let phases: BTreeSet<_> =
        lives.iter().filter_map(|life| life.object["status"]["phase"].as_str()).collect();
    assert_eq!(phases, phase::ALL.into_iter().collect());
    assert_eq!(words("Stalled"), reason::STALLING.map(str::to_owned).into_iter().collect());

    // The page is held to the constants by a test of its own.
    let page = super::text("docs/lifecycle.md");
    let table = page.split("| reason | on |").nth(1).unwrap().split("\n\n").next().unwrap();
    let rows = table.lines().map(|row| row.split('|').collect::<Vec<_>>()).filter(|row| row.len() > 3);
    let on_ready = rows.filter(|row| row[2].contains("`Ready`") || row[2].trim() == "any");
    let explained: BTreeSet<String> =
        on_ready.flat_map(|row| row[1].split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    assert!(explained.len() > 15, "the rows are no longer found: {explained:?}");
    assert_eq!(words("Ready"), explained);
}
