//! The time is over, and how long a wait lasts.

use countersign_api::Action;
use countersign_api::agreement_status::EndsWith;
use countersign_api::delegation_policy::{Calendar, Weekday};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use testkit::people::EVA;
use testkit::world::World;

use super::{at, every_open_phase, fibre, seconds};

#[test]
fn a_wait_that_runs_over_ends_the_offer_five_seconds_later() {
    let mut signing = World::confirmed_fibre();
    signing.act(EVA, Action::Sign);
    signing.settle();
    for (mut world, who) in
        [(fibre(), "Eva Lund"), (World::confirmed_fibre(), "Eva Lund"), (signing, "Jonas Berg")]
    {
        let wait = world.status().waiting_for[0].clone();
        let end = wait.asked_time.0 + seconds(1_209_600);
        assert_eq!((wait.wait_end_time, wait.deadline_time), (Some(Time(end)), Some(Time(end))));
        assert_eq!(wait.ends_with, Some(EndsWith::Wait));
        world.now = end + seconds(4);
        world.settle();
        assert_ne!(world.phase(), "Expired", "{who}");
        assert_eq!(world.wake, Some(end + seconds(5)));
        world.now = end + seconds(5);
        assert_eq!(world.settle(), 1);
        assert_eq!(world.phase(), "Expired", "{who}");
        let closed = world.status().closed.clone().unwrap();
        assert_eq!((closed.reason, closed.decisions), (format!("{who} did not answer in time"), vec![]));
    }
}

#[test]
fn the_offer_ends_in_every_phase_before_it_is_sealed() {
    for mut world in every_open_phase() {
        let phase = world.phase().to_owned();
        let end = world.now + seconds(1_000);
        world.edit(|agreement| agreement.spec.offer_end_time = Time(end));
        world.settle();
        let wait = &world.status().waiting_for[0];
        assert_eq!(
            (wait.deadline_time.as_ref(), wait.ends_with),
            (Some(&Time(end)), Some(EndsWith::Offer)),
            "{phase}"
        );
        assert_eq!(world.wake, Some(end + seconds(5)), "{phase}");
        world.now = end + seconds(4);
        assert_eq!(world.settle(), 0, "{phase}");
        world.pass(1).settle();
        assert_eq!(world.phase(), "Expired", "{phase}");
        assert_eq!(world.status().closed.as_ref().unwrap().reason, format!("the offer ended at {end}"));
    }
}

#[test]
fn an_offer_is_extended_before_it_ended_and_not_after() {
    let extend = |late: bool| {
        let mut world = fibre();
        let end = world.now + seconds(1_000);
        world.edit(|agreement| agreement.spec.offer_end_time = Time(end));
        world.settle();
        world.now = end + seconds(if late { 5 } else { 4 });
        if late {
            world.settle();
        }
        world.edit(|agreement| agreement.spec.offer_end_time = Time(end + seconds(10_000)));
        world.settle();
        world.phase().to_owned()
    };
    assert_eq!((extend(false).as_str(), extend(true).as_str()), ("AwaitingConfirmation", "Expired"));
}

#[test]
fn what_is_decided_after_the_offer_ended_is_late() {
    let mut world = fibre();
    let end = world.now + seconds(1_000);
    world.edit(|agreement| agreement.spec.offer_end_time = Time(end));
    world.settle();
    world.now = end + seconds(1);
    world.act_because(EVA, Action::Decline, "no");
    world.settle();
    assert_eq!((world.phase(), world.last_ignored()), ("AwaitingConfirmation", "Late"));
    assert_eq!(world.ignored()[0].message, format!("the offer ended at {end}"));
}

#[test]
fn half_way_people_are_reminded_once() {
    let mut world = fibre();
    let half = world.status().waiting_for[0].asked_time.0 + seconds(604_800);
    assert_eq!(world.wake, Some(half));
    world.now = half - seconds(1);
    assert_eq!(world.settle(), 0);
    world.now = half;
    assert_eq!(world.settle(), 1);
    assert_eq!(world.status().waiting_for[0].reminded_time, Some(Time(half)));
    world.pass(3_600);
    assert_eq!(world.settle(), 0);
    let reminders: Vec<_> =
        world.told.iter().filter(|n| n.reason == "Reminder").map(|n| n.note.as_str()).collect();
    assert_eq!(reminders, ["half of the time is gone: Eva Lund has until 2026-12-08T09:00:00Z"]);
}

#[test]
fn days_on_which_nobody_works_do_not_count_in_a_wait() {
    use Weekday::{Friday, Monday, Thursday, Tuesday, Wednesday};
    let mut world = World::fibre();
    world.rules(|policy| {
        policy.spec.rules.confirmation.deadline_seconds = 5 * 86_400;
        policy.spec.rules.calendar = Some(Calendar {
            time_zone: "Europe/Stockholm".to_owned(),
            work_days: vec![Monday, Tuesday, Wednesday, Thursday, Friday],
            holidays: vec!["2026-11-26".to_owned()],
        });
    });
    world.settle();
    // From Tuesday morning, over a holiday on Thursday and the weekend, to Wednesday morning.
    let wait = &world.status().waiting_for[0];
    assert_eq!(wait.deadline_time, Some(Time(at("2026-12-02T09:00:00Z"))));
    assert_eq!(world.wake, Some(at("2026-11-27T21:00:00Z")), "half-way in working time");
}

#[test]
fn a_question_keeps_the_time_at_which_it_was_asked() {
    let mut world = fibre();
    let asked = world.status().waiting_for[0].asked_time.clone();
    world.pass(86_400).edit(|agreement| agreement.spec.title = "x".to_owned());
    world.settle();
    assert_eq!(world.status().waiting_for[0].asked_time, asked);
    world.edit(|agreement| agreement.spec.offer_version += 1);
    world.settle();
    assert_eq!(world.status().waiting_for[0].asked_time, Time(world.now), "another question");
}
