//! Levels that nobody may decide for are skipped.

use countersign_api::agreement_status::ApprovalState;
use countersign_api::delegation_policy::{Alias, DelegationPolicy};
use countersign_api::subject::{Subject, SubjectKind};
use testkit::people::{IVAN, LEA};

use super::{at, fleet, held_by, levels_asked, quorum_of, step, whom};

/// What is the case, and how the policy says it.
type Case = (&'static str, fn(&mut DelegationPolicy));

#[test]
fn a_level_whose_only_holders_may_not_approve_is_skipped() {
    let cases: [Case; 3] = [
        ("the owner", |policy| held_by(policy, "finance", "L1", &["s.patel"])),
        ("the owner's other name and a representative", |policy| {
            held_by(policy, "finance", "L1", &["oidc:s.patel", LEA.0]);
        }),
        ("a representative's other name", |policy| held_by(policy, "finance", "L1", &["l.vogt"])),
    ];
    for (what, change) in cases {
        let mut world = fleet(|policy| {
            for (username, other) in [("s.patel", "oidc:s.patel"), (LEA.0, "l.vogt")] {
                policy.spec.aliases.push(Alias { username: username.into(), aliases: vec![other.into()] });
            }
            quorum_of(policy, "finance", "L2", 2);
            change(policy);
        });
        assert_eq!(levels_asked(&world, "finance"), ["L2"], "{what}");
        let finance = step(&world, "finance");
        assert_eq!((finance.level.as_str(), finance.quorum), ("L2", 2), "{what}");
        world.approve(IVAN, "finance", "L2");
        world.settle();
        assert_eq!(step(&world, "finance").state, ApprovalState::Waiting, "the quorum is that of L2: {what}");
    }
}

/// Silence skips a level whose only holder is the owner or that nobody holds.
#[test]
fn silence_skips_a_level_that_only_the_owner_or_nobody_holds() {
    let cases: [fn(&mut DelegationPolicy); 2] = [
        |policy| held_by(policy, "finance", "L2", &["s.patel"]),
        |policy| policy.spec.holders.retain(|holder| holder.function != "finance" || holder.level != "L2"),
    ];
    for change in cases {
        let mut world = fleet(change);
        world.now = at("2026-11-25T09:02:05Z");
        world.settle();
        assert_eq!(levels_asked(&world, "finance"), ["L1", "L3"]);
    }
}

/// The owners level is asked where the owner may approve and where somebody else holds it too.
#[test]
fn the_owners_level_is_asked_if_somebody_may_approve_there() {
    let cases: [fn(&mut DelegationPolicy); 3] = [
        |policy| {
            policy.spec.rules.separation.owner_may_not_approve = false;
            held_by(policy, "finance", "L1", &["s.patel"]);
        },
        |policy| held_by(policy, "finance", "L1", &["s.patel", "d.desk"]),
        |policy| {
            held_by(policy, "finance", "L1", &["s.patel"]);
            let group = Subject { kind: SubjectKind::Group, name: "deal-desk".into() };
            policy.spec.holders.last_mut().unwrap().subjects.push(group);
        },
    ];
    for change in cases {
        assert_eq!(levels_asked(&fleet(change), "finance"), ["L1"]);
    }
}

#[test]
fn nobody_is_waited_for_who_may_not_approve() {
    let world = fleet(|policy| held_by(policy, "finance", "L1", &["s.patel", "d.desk", LEA.0]));
    assert_eq!(whom(&world), [("Deal desk (finance L1)", vec!["d.desk".to_owned()])]);
}
