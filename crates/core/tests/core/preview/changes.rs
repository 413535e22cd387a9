//! What a change does to the agreement that runs.

use countersign_api::Action;
use countersign_core::preview::Effect;
use serde_json::{Value, json};
use testkit::people::{DESK, NINA};
use testkit::world::World;

use super::against;

#[test]
fn what_a_change_of_the_text_does_is_what_comes_of_it() {
    let mut world = World::escalated_fleet();
    world.approve(DESK, "finance", "L1");
    world.settle();
    let counted =
        ["omar@havlink.example confirmed", "lea@havlink.example confirmed", "d.desk approved as finance L1"];

    let same = against(&world, |_| {}).change.unwrap();
    assert_eq!((same.effect, same.fields.len()), (Effect::Nothing, 0));

    let told = against(&world, |file| file["spec"]["title"] = json!("Other words")).change.unwrap();
    assert_eq!((told.effect, told.voided.len()), (Effect::DecisionsStay, 0));
    assert_eq!(told.fields[0].field, "spec.title");

    let preview = against(&world, |file| file["spec"]["terms"][0]["value"] = json!("60"));
    let change = preview.change.unwrap();
    assert_eq!(change.effect, Effect::NewRevision);
    assert_eq!(change.fields.len(), 1);
    assert_eq!(change.fields[0].field, "spec.terms[payment-days].value");
    assert_eq!((&change.fields[0].before, &change.fields[0].after), (&json!("45"), &json!("60")));
    let voided: Vec<String> =
        change.voided.iter().map(|void| format!("{} {}", void.username, void.what)).collect();
    assert_eq!(voided, counted);

    // It comes true: the operator, given the changed text, counts none of them.
    let revision = change.revision;
    world.edit(|agreement| agreement.spec.terms[0].value = Some("60".to_owned()));
    world.settle();
    let status = world.status();
    assert_eq!(status.terms.as_ref().unwrap().revision, revision + 1);
    assert!(status.confirmation.as_ref().is_none_or(|confirmation| confirmation.decisions.is_empty()));
    assert!(status.approvals.iter().all(|step| step.decided_by.is_empty()));
    assert_eq!(world.ignored().len(), counted.len());
}

#[test]
fn the_order_of_keyed_lists_is_no_change() {
    let world = World::escalated_fleet();
    let change =
        against(&world, |file| file["spec"]["terms"].as_array_mut().unwrap().reverse()).change.unwrap();
    assert_eq!(change.effect, Effect::Nothing);
}

#[test]
fn what_is_sealed_or_ended_is_told_as_such() {
    let mut world = World::agreed_fibre();
    let other_term = |file: &mut Value| file["spec"]["terms"][0]["value"] = json!("7");
    assert_eq!(against(&world, other_term).change.unwrap().effect, Effect::RefusedSealed);
    assert_eq!(
        against(&world, |file| file["spec"]["description"] = json!("For the file")).change.unwrap().effect,
        Effect::DecisionsStay
    );
    world = World::cafe();
    world.settle();
    world.pass(60).act_because(NINA, Action::Decline, "too long");
    world.settle();
    let ended = against(&world, other_term);
    assert_eq!(ended.change.as_ref().unwrap().effect, Effect::Ended);
    assert!(ended.change.unwrap().voided.is_empty());
}
