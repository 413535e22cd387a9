//! What people and programs need to know of a status stands in fields: in no sentence that has to be taken apart. And a status
//! that an earlier version wrote, which lacks some of them, is as good as one of today.

use countersign_api::Action;
use countersign_api::agreement_status::{CustomerAgreementStatus, WaitingAction};
use countersign_api::conditions::cause;
use countersign_api::delegation_policy::{EscalationMode, OnTimeout};
use countersign_api::subject::{Subject, SubjectKind};
use countersign_core::decide::eligibility::{Person, capacities};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;

use testkit::people::{DESK, EVA, MARY, NINA};
use testkit::world::World;

/// The column WAITING FOR.
fn column(world: &World) -> &str {
    world.status().waiting_on.as_deref().unwrap_or_default()
}

/// Function and level of each wait.
fn asked(world: &World) -> Vec<(WaitingAction, Option<&str>, Option<&str>)> {
    let waits = world.status().waiting_for.iter();
    waits.map(|wait| (wait.action, wait.function.as_deref(), wait.level.as_deref())).collect()
}

/// What ended it, and the end of the offer if that is it.
fn ended_by(world: &World) -> (Option<&str>, Option<Timestamp>) {
    let closed = world.status().closed.as_ref().unwrap();
    (closed.cause.as_deref(), closed.offer_end_time.as_ref().map(|time| time.0))
}

/// The fleet agreement while finance and sales are asked at once.
fn asked_at_once() -> World {
    let mut world = World::escalated_fleet();
    world.rules(|policy| policy.spec.rules.escalation.mode = EscalationMode::Parallel);
    world.settle();
    world
}

/// The status as it was before there were these fields.
fn forget(world: &mut World) -> CustomerAgreementStatus {
    let mut status = serde_json::to_value(&world.agreement.status).unwrap();
    let mut lose = |list: &str, fields: &[&str]| {
        let items = status.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for item in items.filter_map(Value::as_object_mut) {
            fields.iter().for_each(|field| drop(item.remove(*field)));
        }
    };
    lose("/waitingFor", &["function", "level"]);
    lose("/approvals/0/decidedBy", &["subject"]);
    lose("/approvals/1/decidedBy", &["subject"]);
    if let Some(closed) = status.pointer_mut("/closed").and_then(Value::as_object_mut) {
        closed.remove("cause");
        closed.remove("offerEndTime");
    }
    let status: CustomerAgreementStatus = serde_json::from_value(status).unwrap();
    assert_ne!(world.agreement.status.as_ref(), Some(&status), "nothing was forgotten");
    world.agreement.status = Some(status.clone());
    status
}

#[test]
fn the_first_person_is_named_whole_and_the_others_are_counted() {
    let mut world = World::fleet();
    world.agreement.spec.customer.representatives[0].name = "Diallo, Omar".to_owned();
    world.agreement.spec.customer.representatives[1].name = "Lea and Ben Vogt".to_owned();
    world.settle();
    assert_eq!(column(&world), "Diallo, Omar +1 since 24 Nov");

    let mut world = World::fibre();
    world.agreement.spec.customer.representatives[0].name = "Lund, Eva".to_owned();
    world.agreement.spec.provider.signatories[0].name = "Berg or Lind, Jonas".to_owned();
    world.settle();
    assert_eq!(column(&world), "Lund, Eva since 24 Nov");
    world.pass(60).confirm(EVA);
    world.settle();
    assert_eq!(column(&world), "Lund, Eva since 24 Nov");
    world.pass(60).act(EVA, Action::Sign);
    world.settle();
    assert_eq!(column(&world), "Berg or Lind, Jonas since 24 Nov");
}

#[test]
fn a_wait_for_managers_says_which_level_of_which_function_is_asked() {
    let mut world = World::fibre();
    world.settle();
    assert_eq!(asked(&world), [(WaitingAction::Confirm, None, None)]);
    let mut world = asked_at_once();
    let both = [
        (WaitingAction::Approve, Some("finance"), Some("L1")),
        (WaitingAction::Approve, Some("sales"), Some("L3")),
    ];
    assert_eq!(asked(&world), both);
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!(asked(&world), both[1..]);
}

#[test]
fn without_the_policy_a_step_is_found_whatever_the_order_of_the_waits() {
    let mut world = asked_at_once();
    let can = |world: &World| -> Vec<(String, String)> {
        let mary = Person { username: MARY.0, groups: &[] };
        let found = capacities(&world.agreement, None, mary, Action::Approve, world.now);
        found.into_iter().map(|own| (own.function, own.level)).collect()
    };
    let sales = [("sales".to_owned(), "L3".to_owned())];
    assert_eq!(can(&world), sales);
    world.agreement.status.as_mut().unwrap().waiting_for.reverse();
    assert_eq!(can(&world), sales);
    // Of two steps an earlier version did not say which is which; of one there is no doubt.
    forget(&mut world);
    assert_eq!(can(&world), []);
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    forget(&mut world);
    assert_eq!(can(&world), sales);
}

#[test]
fn a_verdict_names_the_entry_that_it_rests_on() {
    let world = World::agreed_fleet();
    let verdicts = world.status().approvals.iter().flat_map(|step| &step.decided_by);
    let found: Vec<(Option<Subject>, &str)> =
        verdicts.map(|verdict| (verdict.subject.clone(), verdict.via.as_str())).collect();
    let entry = |kind, name: &str| Some(Subject { kind, name: name.to_owned() });
    let expected = [
        (entry(SubjectKind::Group, "deal-desk"), "Group deal-desk"),
        (entry(SubjectKind::User, "m.osei"), "User m.osei"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_end_says_in_one_word_what_caused_it() {
    let mut declined = World::cafe();
    declined.settle();
    declined.pass(60).act_because(NINA, Action::Decline, "the offer ended at noon");
    declined.settle();
    assert_eq!(ended_by(&declined), (Some(cause::DECISION), None));
    assert_eq!(ended_by(&World::refused_fleet()), (Some(cause::DECISION), None));

    let mut silent = World::fibre();
    silent.settle();
    silent.now = silent.status().waiting_for[0].wait_end_time.as_ref().unwrap().0;
    silent.pass(5).settle();
    assert_eq!(ended_by(&silent), (Some(cause::WAIT_ENDED), None));

    let mut over = World::fibre();
    let end = over.now + SignedDuration::from_secs(1_000);
    over.edit(|agreement| agreement.spec.offer_end_time = Time(end));
    over.settle();
    over.now = end;
    over.pass(5).settle();
    assert_eq!(ended_by(&over), (Some(cause::OFFER_ENDED), Some(end)));

    let mut nobody = World::escalated_fleet();
    nobody.rules(|policy| policy.spec.rules.escalation.on_timeout = OnTimeout::Expire);
    nobody.settle();
    nobody.now = nobody.status().waiting_for[0].wait_end_time.as_ref().unwrap().0;
    nobody.pass(5).settle();
    assert_eq!(ended_by(&nobody), (Some(cause::APPROVAL_WAIT_ENDED), None));
}

/// What is at rest is not touched: the definitions would refuse another `closed`, and a restart writes nothing.
#[test]
fn a_status_of_an_earlier_version_that_is_final_stays_as_it_is() {
    let mut expired = World::fibre();
    expired.settle();
    expired.pass(500 * 86_400).settle();
    for mut world in [World::agreed_fleet(), World::refused_fleet(), expired] {
        let before = forget(&mut world);
        assert_eq!(world.pass(60).settle(), 0, "{}", world.phase());
        assert_eq!(world.status(), &before);
    }
}

/// An open one gets the fields of what is asked now with one write, and nobody hears again of what was told before. A verdict
/// that counts stays as it was written down.
#[test]
fn a_status_of_an_earlier_version_that_is_open_gets_the_fields_quietly() {
    let mut world = asked_at_once();
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.now = world.status().waiting_for[0].deadline_time.as_ref().unwrap().0;
    world.pass(-60).settle();
    assert!(world.status().waiting_for[0].reminded_time.is_some());
    let told = world.told.len();
    let mut expected = world.status().clone();
    expected.approvals[0].decided_by[0].subject = None;
    forget(&mut world);
    assert_eq!(world.pass(1).settle(), 1);
    assert_eq!((world.status(), world.told.len()), (&expected, told));
}
