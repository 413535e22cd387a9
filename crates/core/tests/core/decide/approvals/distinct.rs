//! Separation: who may not approve, and who may not approve twice.

use countersign_api::Action;
use countersign_api::delegation_policy::{Alias, EscalationMode};
use testkit::people::{DESK, JONAS, KIM, LEA, MARY, OMAR, Somebody};
use testkit::world::World;

use super::{MARY_TOO, PATEL, decide, fleet, held_by, parallel, sales_is_asked, step, substituted, verdicts};

/// One person approves two steps only where the policy lets approvers be the same.
#[test]
fn one_person_approves_two_steps_only_if_the_policy_allows_it() {
    let mary = Somebody(MARY.0, &["deal-desk"]);
    let mary_too = Somebody(MARY_TOO.0, &["deal-desk"]);
    for mode in [EscalationMode::Sequential, EscalationMode::Parallel] {
        for distinct in [true, false] {
            for second in [mary, mary_too] {
                let mut world = fleet(|policy| {
                    policy.spec.rules.escalation.mode = mode;
                    policy.spec.rules.separation.distinct_approvers = distinct;
                });
                world.approve(mary, "finance", "L1");
                world.settle();
                world.pass(60).approve(second, "sales", "L3");
                world.settle();
                let expected = if distinct { ("NotDistinct", "Escalated") } else { ("", "AwaitingSignOff") };
                assert_eq!((world.last_ignored(), world.phase()), expected, "{mode:?} {}", second.0);
            }
        }
    }
}

#[test]
fn one_person_does_not_approve_two_steps_by_beginning_with_the_later_one() {
    let mary = Somebody(MARY.0, &["deal-desk"]);
    for seen_at_once in [false, true] {
        let mut world = fleet(parallel);
        world.approve(mary, "sales", "L3");
        if !seen_at_once {
            world.settle();
        }
        world.pass(60).approve(mary, "finance", "L1");
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), ("NotDistinct", "Escalated"));
        assert_eq!((verdicts(&world, "finance").len(), verdicts(&world, "sales").len()), (0, 1));
    }
}

/// One person does not approve two steps because the earlier word was seen late.
#[test]
fn one_person_does_not_approve_two_steps_by_being_seen_late() {
    let mary = Somebody(MARY.0, &["deal-desk"]);
    let mut world = fleet(parallel);
    let earlier = world.now;
    world.pass(60).approve(mary, "sales", "L3");
    world.settle();
    let later = world.now;
    world.now = earlier;
    world.approve(mary, "finance", "L1");
    world.now = later;
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("NotDistinct", "Escalated"));
}

/// The owner may not approve not even a former one or under another name or through others.
#[test]
fn no_owner_approves_under_whatever_name_or_through_others() {
    let alias = Somebody("oidc:s.patel", &["account-managers"]);
    for (what, who, holder, former) in [
        ("the owner", PATEL, None, false),
        ("a former owner", PATEL, None, true),
        ("the owner's other name", alias, None, false),
        ("a former owner's other name", alias, None, true),
        ("the owner as a substitute", PATEL, Some("m.osei"), false),
        ("a substitute of the owner", KIM, Some("s.patel"), false),
    ] {
        for forbidden in [true, false] {
            let mut world = fleet(|policy| {
                policy.spec.rules.separation.owner_may_not_approve = forbidden;
                held_by(policy, "sales", "L3", &["m.osei", "s.patel"]);
                policy.spec.aliases.push(Alias { username: "s.patel".into(), aliases: vec![alias.0.into()] });
                substituted(policy, "m.osei", "s.patel", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
                substituted(
                    policy,
                    "s.patel",
                    "k.jensen",
                    &[],
                    "2026-11-24T00:00:00Z",
                    "2026-11-25T00:00:00Z",
                );
            });
            if former {
                world.edit(|agreement| agreement.spec.provider.owner_username = JONAS.0.to_owned());
                world.settle();
                assert_eq!(world.status().owners, ["s.patel", "j.berg"]);
            }
            world.approve(DESK, "finance", "L1");
            world.settle();
            world.pass(60);
            decide(&mut world, Action::Approve, who, ("sales", "L3"), holder);
            world.settle();
            let expected =
                if forbidden { ("OwnerMayNotApprove", "Escalated") } else { ("", "AwaitingSignOff") };
            assert_eq!((world.last_ignored(), world.phase()), expected, "{what}");
        }
    }
}

#[test]
fn a_representative_of_the_customer_may_not_approve_for_the_provider() {
    for (what, who, holder) in [
        ("herself", LEA, None),
        ("under another name", Somebody("l.vogt", &[]), None),
        ("through a substitute", KIM, Some(LEA.0)),
        ("as a substitute", LEA, Some("m.osei")),
    ] {
        let mut world = sales_is_asked(|policy| {
            held_by(policy, "sales", "L3", &["m.osei", LEA.0]);
            policy.spec.aliases.push(Alias { username: LEA.0.into(), aliases: vec!["l.vogt".into()] });
            for (holder, substitute) in [(LEA.0, "k.jensen"), ("m.osei", LEA.0)] {
                substituted(policy, holder, substitute, &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
            }
        });
        decide(&mut world, Action::Approve, who, ("sales", "L3"), holder);
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), ("BothSides", "Escalated"), "{what}");
    }
}

#[test]
fn who_recorded_something_approves_nothing_not_even_in_the_same_second() {
    let mut world = World::fleet();
    world.settle();
    world.pass(60).confirm(LEA);
    world.settle();
    world.pass(60).attest(DESK, OMAR, Action::Confirm);
    world.settle();
    world.approve(DESK, "finance", "L1");
    // The server makes names up, and this one comes first.
    let approval = std::sync::Arc::make_mut(world.decisions.last_mut().unwrap());
    approval.metadata.name = Some("decision-000".to_owned());
    world.settle();
    assert_eq!(world.last_ignored(), "NotDistinct");
}

/// Who approves two parallel steps in one second counts once whenever it is seen.
#[test]
fn who_approves_two_parallel_steps_in_one_second_counts_once() {
    let mary = Somebody(MARY.0, &["deal-desk"]);
    let (finance, sales) = (("finance", "L1"), ("sales", "L3"));
    for (first, second) in [(finance, sales), (sales, finance)] {
        for seen_apart in [false, true] {
            let mut world = fleet(parallel);
            let counts = world.approve(mary, first.0, first.1);
            if seen_apart {
                world.settle();
            }
            world.approve(mary, second.0, second.1);
            world.settle();
            let case = format!("{} first, seen apart: {seen_apart}", first.0);
            assert_eq!((world.last_ignored(), world.phase()), ("NotDistinct", "Escalated"), "{case}");
            let deciding = |function| step(&world, function).decided_by.into_iter().map(|v| v.decision);
            assert_eq!(deciding(first.0).collect::<Vec<_>>(), [counts], "{case}");
            assert_eq!(deciding(second.0).count(), 0, "{case}");
        }
    }
}

/// What counted stands though another word of the same second and person turns up.
#[test]
fn what_counted_stays_though_the_same_person_decided_twice_at_once() {
    let mary = Somebody(MARY.0, &["deal-desk"]);
    let mut world = fleet(parallel);
    world.approve(mary, "finance", "L1");
    world.approve(mary, "sales", "L3");
    let unseen = world.decisions.remove(world.decisions.len() - 2);
    world.settle();
    assert_eq!((verdicts(&world, "finance").len(), verdicts(&world, "sales").len()), (0, 1));
    world.decisions.insert(0, unseen);
    world.settle();
    assert_eq!((verdicts(&world, "finance").len(), verdicts(&world, "sales").len()), (0, 1));
    let reasons: Vec<_> = world.ignored().iter().map(|i| i.reason.clone()).collect();
    assert_eq!(reasons, ["NotDistinct"]);
}

#[test]
fn two_people_who_approve_two_parallel_steps_in_one_second_both_count() {
    for sales_first in [false, true] {
        let mut world = fleet(parallel);
        let mut acts = [(DESK, "finance", "L1"), (MARY, "sales", "L3")];
        if sales_first {
            acts.reverse();
        }
        for (who, function, level) in acts {
            world.approve(who, function, level);
        }
        world.settle();
        assert_eq!((world.phase(), world.ignored().len()), ("AwaitingSignOff", 0));
    }
}
