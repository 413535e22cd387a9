//! How long a level may take, and when it is reminded.

use countersign_api::agreement_status::ApprovalState;
use countersign_api::delegation_policy::{Calendar, Weekday};
use testkit::world::World;

use super::{asked, at, finance_l2_is_asked, step, told};

#[test]
fn the_wait_of_a_level_counts_working_days_only_and_so_does_its_reminder() {
    let mut world = World::fleet();
    world.now = at("2026-11-27T10:58:00Z");
    world.rules(|policy| {
        policy.spec.rules.calendar = Some(Calendar {
            time_zone: "Europe/Stockholm".into(),
            work_days: vec![
                Weekday::Monday,
                Weekday::Tuesday,
                Weekday::Wednesday,
                Weekday::Thursday,
                Weekday::Friday,
            ],
            holidays: vec!["2026-12-01".into()],
        });
    });
    world.confirmed_without_handsets();
    // Asked on Friday at noon, local time.
    assert_eq!(
        asked(&world, "finance"),
        [("L1".to_owned(), at("2026-11-27T11:00:00Z"), at("2026-11-30T11:00:00Z"))]
    );
    assert_eq!(world.wake, Some(at("2026-11-27T23:00:00Z")), "half of a working day later");
    world.now = at("2026-11-30T11:00:05Z");
    world.settle();
    // Two working days from Monday noon, with a holiday on Tuesday.
    assert_eq!(
        asked(&world, "finance")[1],
        ("L2".to_owned(), at("2026-11-30T11:00:05Z"), at("2026-12-03T11:00:05Z"))
    );
}

#[test]
fn people_are_reminded_once_at_half_of_the_time() {
    let mut world = World::escalated_fleet();
    world.settle();
    let half = at("2026-11-24T21:02:00Z");
    assert_eq!(world.wake, Some(half));
    world.now = at("2026-11-24T21:01:59Z");
    assert_eq!((world.settle(), told(&world, "Reminder")), (0, 0));
    world.pass(1);
    assert_eq!((world.settle(), told(&world, "Reminder")), (1, 1));
    assert_eq!(world.status().waiting_for[0].reminded_time.clone().unwrap().0, half);
    world.pass(3_600);
    assert_eq!((world.settle(), told(&world, "Reminder")), (0, 1));
    // The next level has its own.
    world.now = at("2026-11-25T09:02:05Z");
    world.settle();
    world.now = at("2026-11-26T09:02:05Z");
    assert_eq!((world.settle(), told(&world, "Reminder")), (1, 2));
}

#[test]
fn nobody_is_reminded_of_a_wait_that_is_over() {
    let mut world = finance_l2_is_asked(|_| {});
    world.now = at("2026-11-27T09:02:10Z");
    world.settle();
    let before = told(&world, "Reminder");
    world.now = at("2026-12-10T09:00:00Z");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Exhausted);
    assert_eq!(told(&world, "Reminder"), before);
}
