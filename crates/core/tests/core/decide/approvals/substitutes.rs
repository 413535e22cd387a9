//! Substitutes and other names of one person.

use countersign_api::Action;
use testkit::people::{CARLA, KIM, MARY, Somebody};

use super::{
    MARY_TOO, at, decide, levels_asked, quorum_of, sales_is_asked, stand_in, substituted, verdicts, whom,
};

/// Two people who approve one after the other, each perhaps on behalf of somebody, and what they are to each other.
type Pair = (&'static str, Somebody, Option<&'static str>, Somebody, Option<&'static str>);

/// A substitute counts for the holder within the interval and the functions.
#[test]
fn a_substitute_counts_within_the_interval_and_the_functions() {
    const FROM: &str = "2026-11-24T12:00:00Z";
    const TO: &str = "2026-11-24T18:00:00Z";
    let none: &[&str] = &[];
    for (functions, when, holder, reason) in [
        (none, FROM, Some("m.osei"), ""),
        (none, TO, Some("m.osei"), ""),
        (&["sales"], "2026-11-24T15:00:00Z", Some("m.osei"), ""),
        (&["legal", "sales"], "2026-11-24T15:00:00Z", Some("m.osei"), ""),
        // The holder under the other username is the same holder.
        (none, FROM, Some(MARY_TOO.0), ""),
        (none, "2026-11-24T11:59:59Z", Some("m.osei"), "NotHolder"),
        (none, "2026-11-24T18:00:01Z", Some("m.osei"), "NotHolder"),
        (&["finance"], "2026-11-24T15:00:00Z", Some("m.osei"), "NotHolder"),
        (none, "2026-11-24T15:00:00Z", None, "NotHolder"),
        (none, "2026-11-24T15:00:00Z", Some("c.duarte"), "NotHolder"),
        (none, "2026-11-24T15:00:00Z", Some("k.jensen"), "NotHolder"),
    ] {
        let mut world =
            sales_is_asked(|policy| substituted(policy, "m.osei", "k.jensen", functions, FROM, TO));
        world.now = at(when);
        decide(&mut world, Action::Approve, KIM, ("sales", "L3"), holder);
        // Judged by the time at which it was made, not at which it was seen.
        world.now = at("2026-11-24T20:00:00Z");
        world.settle();
        assert_eq!(world.last_ignored(), reason, "{functions:?} {when} {holder:?}");
        if reason.is_empty() {
            let expected = ("k.jensen".to_owned(), "User m.osei".to_owned(), holder.map(str::to_owned));
            assert_eq!(verdicts(&world, "sales"), [expected]);
        } else {
            assert_eq!(world.phase(), "Escalated");
        }
    }
}

#[test]
fn both_names_of_a_substitution_are_told() {
    let mut world = sales_is_asked(|policy| {
        substituted(policy, "m.osei", "k.jensen", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
    });
    stand_in(&mut world, KIM, "m.osei", "sales", "L3");
    world.settle();
    let given = world.told.iter().rfind(|notice| notice.reason == "ApprovalGiven").unwrap();
    assert_eq!(given.note, "k.jensen on behalf of m.osei decided for sales L3");
}

#[test]
fn a_substitute_has_no_more_authority_than_the_holder() {
    let mut world = sales_is_asked(|policy| {
        substituted(policy, "r.lind", "k.jensen", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
    });
    stand_in(&mut world, KIM, "r.lind", "sales", "L3");
    world.settle();
    assert_eq!(world.last_ignored(), "NotHolder");
}

/// An active substitute is among those waited for from the first second to the last.
#[test]
fn an_active_substitute_is_waited_for_from_first_second_to_last() {
    let mut world = sales_is_asked(|policy| {
        substituted(policy, "m.osei", "k.jensen", &["sales"], "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z");
        substituted(policy, "m.osei", "f.only", &["finance"], "2026-11-24T00:00:00Z", "2026-11-30T00:00:00Z");
        substituted(policy, "c.duarte", "other", &[], "2026-11-24T00:00:00Z", "2026-11-30T00:00:00Z");
    });
    let who = "VP Enterprise Sales (sales L3)";
    let (alone, both) =
        (vec!["m.osei".to_owned()], vec!["m.osei".to_owned(), "k.jensen for m.osei".to_owned()]);
    world.settle();
    assert_eq!(whom(&world), [(who, alone.clone())]);
    let starts = at("2026-11-25T00:00:00Z");
    assert_eq!(world.wake, Some(starts));
    world.now = starts;
    assert_eq!(world.settle(), 1);
    assert_eq!(whom(&world), [(who, both.clone())]);
    // The reminder comes in between.
    assert_eq!(world.wake, Some(at("2026-11-25T21:03:00Z")));
    world.now = at("2026-11-25T21:03:00Z");
    world.settle();
    let ends = at("2026-11-26T00:00:00Z");
    assert_eq!(world.wake, Some(at("2026-11-26T00:00:01Z")));
    world.now = ends;
    assert_eq!(world.settle(), 0);
    assert_eq!(whom(&world), [(who, both)]);
    world.pass(1);
    assert_eq!(world.settle(), 1);
    assert_eq!(whom(&world), [(who, alone)]);
}

#[test]
fn several_names_of_one_person_count_once() {
    let cases: [Pair; 5] = [
        ("the same twice", MARY, None, MARY, None),
        ("an alias", MARY, None, MARY_TOO, None),
        ("an alias first", MARY_TOO, None, MARY, None),
        ("holder, then substitute", MARY, None, KIM, Some("m.osei")),
        ("substitute, then holder under an alias", KIM, Some("m.osei"), MARY_TOO, None),
    ];
    for (what, first, first_for, second, second_for) in cases {
        let mut world = sales_is_asked(|policy| {
            quorum_of(policy, "sales", "L3", 2);
            substituted(policy, "m.osei", "k.jensen", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
        });
        decide(&mut world, Action::Approve, first, ("sales", "L3"), first_for);
        world.settle();
        world.pass(60);
        decide(&mut world, Action::Approve, second, ("sales", "L3"), second_for);
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), ("NotDistinct", "Escalated"), "{what}");
        assert_eq!(verdicts(&world, "sales").len(), 1, "{what}");
        world.pass(60).approve(CARLA, "sales", "L4");
        world.settle();
        assert_eq!(world.phase(), "AwaitingSignOff", "{what}");
    }
}

#[test]
fn a_substitute_of_two_holders_counts_once() {
    let mut world = sales_is_asked(|policy| {
        quorum_of(policy, "sales", "L3", 2);
        for holder in ["m.osei", "c.duarte"] {
            substituted(policy, holder, "k.jensen", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
        }
    });
    stand_in(&mut world, KIM, "m.osei", "sales", "L3");
    stand_in(&mut world, KIM, "c.duarte", "sales", "L3");
    world.settle();
    assert_eq!((world.last_ignored(), verdicts(&world, "sales").len()), ("NotDistinct", 1));
}

/// An alias of a holder holds what the holder holds and is recorded as it acted.
#[test]
fn an_alias_holds_what_the_holder_holds_and_is_recorded_as_it_acted() {
    let mut world = sales_is_asked(|_| {});
    world.approve(MARY_TOO, "sales", "L3");
    world.settle();
    assert_eq!(verdicts(&world, "sales"), [(MARY_TOO.0.into(), "User m.osei".into(), None)]);
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn silent_manager_then_the_substitute_decides() {
    let mut world = sales_is_asked(|policy| {
        substituted(policy, "m.osei", "k.jensen", &["sales"], "2026-11-26T00:00:00Z", "2026-12-10T00:00:00Z");
    });
    // Mary stays silent for two days, then her leave begins; her level is still the one that is asked.
    world.now = at("2026-11-26T08:00:00Z");
    world.settle();
    let both = vec!["m.osei".to_owned(), "k.jensen for m.osei".to_owned()];
    assert_eq!(whom(&world), [("VP Enterprise Sales (sales L3)", both)]);
    stand_in(&mut world, KIM, "m.osei", "sales", "L3");
    world.settle();
    assert_eq!((world.phase(), levels_asked(&world, "sales")), ("AwaitingSignOff", vec!["L3".to_owned()]));
    assert_eq!(verdicts(&world, "sales"), [("k.jensen".into(), "User m.osei".into(), Some("m.osei".into()))]);
}

/// Silent manager and then the substitute decides where the level may still decide.
#[test]
fn silent_manager_and_the_substitute_may_still_decide() {
    for (still, ignored, phase) in [(true, "", "AwaitingSignOff"), (false, "LevelInsufficient", "Escalated")]
    {
        let mut world = sales_is_asked(|policy| {
            policy.spec.rules.escalation.earlier_level_may_still_decide = still;
            substituted(policy, "m.osei", "k.jensen", &[], "2026-11-26T00:00:00Z", "2026-12-10T00:00:00Z");
        });
        world.now = at("2026-11-27T09:03:05Z");
        world.settle();
        assert_eq!(levels_asked(&world, "sales"), ["L3", "L4"]);
        world.pass(60);
        stand_in(&mut world, KIM, "m.osei", "sales", "L3");
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), (ignored, phase));
    }
}
