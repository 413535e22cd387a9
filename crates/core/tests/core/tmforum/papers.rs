//! Exports of agreements whose lives really happened, and the documents that they become.

use countersign_api::Action;
use countersign_core::Audience;
use countersign_core::tmforum::{Documents, Options, documents};
use countersign_core::verify::Export;
use serde_json::{Value, json};
use testkit::papers::list;
use testkit::people::{EVA, JONAS, NINA};
use testkit::world::World;

/// Where the APIs are.
pub const BASE: &str = "https://api.example.com/tmf-api";

pub fn made(objects: &[Value], options: &Options) -> Documents {
    let mut export = Export::default();
    export.read("export.json", &list(objects));
    assert_eq!(export.unreadable(), []);
    documents(&export, options)
}

pub fn options(audience: Audience) -> Options {
    Options { audience, base_url: Some(BASE.to_owned()), ..Options::default() }
}

/// The documents as others read them.
pub fn read(made: &Documents) -> Vec<Value> {
    let text = serde_json::to_string(&made.documents).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The one document of a type, of an export from which nothing is left out.
pub fn one(objects: &[Value], type_: &str, audience: Audience) -> Value {
    let made = made(objects, &options(audience));
    assert_eq!(made.left_out, []);
    let mut all = read(&made);
    all.retain(|document| document["@type"] == type_);
    assert_eq!(all.len(), 1, "{type_}");
    all.remove(0)
}

fn ended(mut world: World, end: impl FnOnce(&mut World)) -> World {
    world.settle();
    end(world.pass(60));
    world.settle();
    world
}

/// What was signed on paper, and recorded by somebody else.
fn attested_fibre() -> World {
    let mut world = World::fibre();
    world.rules(|policy| {
        policy.spec.rules.confirmation.attestation = countersign_api::delegation_policy::Permission::Allowed;
    });
    world.settle();
    world.pass(60).attest(testkit::people::Somebody("e.sign", &[]), EVA, Action::Confirm);
    world.settle();
    world.pass(60).attest(testkit::people::Somebody("e.sign", &[]), EVA, Action::Sign);
    world.settle();
    world.pass(60).act(JONAS, Action::Countersign);
    world.settle();
    world
}

/// Agreements of every example in every final phase, and some on their way, each with the phase that it came to.
pub fn lives() -> Vec<(&'static str, World)> {
    let lives = vec![
        ("Agreed", World::agreed_fibre()),
        ("Agreed", World::agreed_fleet()),
        ("Agreed", attested_fibre()),
        ("AwaitingConfirmation", ended(World::cafe(), |_| {})),
        ("AwaitingSignOff", World::confirmed_fibre()),
        ("Escalated", World::escalated_fleet()),
        (
            "Revising",
            ended(World::fibre(), |world| {
                world.act_because(EVA, Action::RequestChange, "shorter");
            }),
        ),
        (
            "Declined",
            ended(World::cafe(), |world| {
                world.act_because(NINA, Action::Decline, "too long");
            }),
        ),
        (
            "Withdrawn",
            ended(World::fibre(), |world| {
                world.act_because(JONAS, Action::Withdraw, "wrong prices");
            }),
        ),
        ("Refused", World::refused_fleet()),
        (
            "Expired",
            ended(World::fibre(), |world| {
                world.pass(500 * 86_400);
            }),
        ),
    ];
    for (phase, world) in &lives {
        assert_eq!(world.phase(), *phase);
    }
    lives
}

/// Objects with every field that there is, as if exported from a cluster.
pub fn complete() -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for text in [
        include_str!("../../../../../testkit/complete/customeragreements.yaml"),
        include_str!("../../../../../testkit/complete/agreementdecisions.yaml"),
        include_str!("../../../../../testkit/complete/orderrequests.yaml"),
        include_str!("../../../../../testkit/complete/standardterms.yaml"),
    ] {
        for object in countersign_core::manifest::read("complete.yaml", text) {
            let mut object = object.unwrap().value;
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            object["metadata"]["uid"] = json!(format!("uid-of-{name}"));
            object["metadata"]["creationTimestamp"] = json!("2026-11-24T09:00:00Z");
            if name == "complete-amendment" {
                // The one number that TMF651 takes for one.
                object["spec"]["documentNumber"] = json!("418");
                // The other one's order was left out by the customer.
                object["spec"]["orders"] = all[0]["spec"]["orders"].clone();
            }
            if object["kind"] != "StandardTerms" {
                object["metadata"]["namespace"] = json!("commerce");
            }
            all.push(object);
        }
    }
    // Nobody assessed what is special about this one, which its feasibility rules out.
    let mut special = all.iter().find(|object| object["kind"] == "OrderRequest").unwrap().clone();
    special["metadata"]["name"] = json!("special-o1");
    special["metadata"]["uid"] = json!("uid-of-special-o1");
    special["spec"]["feasibility"] = Value::Null;
    special["spec"]["specialHandling"] = json!(true);
    all.push(special);
    all
}
