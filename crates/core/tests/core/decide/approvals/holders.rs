//! Who holds a level, now and when the decision was counted.

use countersign_api::agreement_status::ApprovalState;
use countersign_api::delegation_policy::{Alias, DelegationPolicy};
use testkit::people::{DESK, IVAN, KIM, LEA, MARY, Somebody};
use testkit::world::World;

use super::{asked, fleet, held_by, quorum_of, sales_is_asked, stand_in, step, substituted, verdicts, whom};

#[test]
fn only_a_holder_decides_and_one_through_a_group_must_claim_it() {
    for (who, reason) in [
        (Somebody("mallory", &["sales-team"]), "NotHolder"),
        (Somebody("d.desk", &[]), "NotHolder"),
        (Somebody("d.desk", &["sales-team", "Deal-Desk"]), "NotHolder"),
        (Somebody("deal-desk", &[]), "NotHolder"),
        // Authority in sales is none in finance.
        (MARY, "NotHolder"),
        (Somebody("d.desk", &["deal-desk"]), ""),
        (IVAN, ""),
    ] {
        let mut world = World::escalated_fleet();
        world.approve(who, "finance", "L1");
        world.settle();
        assert_eq!(world.last_ignored(), reason, "{} {:?}", who.0, who.1);
    }
}

#[test]
fn a_counted_approval_stands_whatever_its_maker_loses() {
    let changes: [fn(&mut DelegationPolicy); 4] = [
        |policy| held_by(policy, "finance", "L1", &["somebody.else"]),
        |policy| policy.spec.holders.retain(|holder| holder.function != "finance"),
        |policy| policy.spec.substitutes.clear(),
        |policy| policy.spec.aliases.push(Alias { username: LEA.0.into(), aliases: vec!["d.desk".into()] }),
    ];
    for change in changes {
        let mut world = fleet(|policy| {
            substituted(policy, "i.novak", "k.jensen", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
            policy.spec.rules.escalation.quorum = 2;
            quorum_of(policy, "sales", "L3", 1);
        });
        world.approve(DESK, "finance", "L1");
        stand_in(&mut world, KIM, "i.novak", "finance", "L2");
        world.settle();
        assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
        let before = verdicts(&world, "finance");
        world.rules(change);
        world.settle();
        assert_eq!(verdicts(&world, "finance"), before);
        world.pass(60).approve(MARY, "sales", "L3");
        world.settle();
        assert_eq!((world.phase(), world.ignored().len()), ("AwaitingSignOff", 0));
    }
}

#[test]
fn a_counted_approval_stands_when_its_maker_becomes_the_owner() {
    let mut world = sales_is_asked(|_| {});
    world.edit(|agreement| agreement.spec.provider.owner_username = DESK.0.to_owned());
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
    assert_eq!(verdicts(&world, "finance"), [("d.desk".into(), "Group deal-desk".into(), None)]);
}

#[test]
fn a_successor_decides_what_waits_and_is_shown_at_once() {
    let mut world = sales_is_asked(|_| {});
    assert_eq!(whom(&world), [("VP Enterprise Sales (sales L3)", vec!["m.osei".to_owned()])]);
    let asked_before = asked(&world, "sales");
    world.rules(|policy| held_by(policy, "sales", "L3", &["n.new"]));
    assert_eq!(world.settle(), 1);
    assert_eq!(whom(&world), [("VP Enterprise Sales (sales L3)", vec!["n.new".to_owned()])]);
    assert_eq!(asked(&world, "sales"), asked_before, "the time to answer is the level's, not the person's");
    world.approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.last_ignored(), "NotHolder");
    world.pass(60).approve(Somebody("n.new", &[]), "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn who_is_named_a_holder_later_need_not_decide_again() {
    let mut world = sales_is_asked(|_| {});
    world.approve(Somebody("n.new", &[]), "sales", "L3");
    world.settle();
    assert_eq!(world.last_ignored(), "NotHolder");
    world.rules(|policy| held_by(policy, "sales", "L3", &["n.new"]));
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff", "only counted verdicts stand");
}
