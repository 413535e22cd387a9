//! Withdrawn, declined or refused.

use countersign_api::Action;
use countersign_api::agreement_status::ClosedOutcome;
use countersign_core::decide::{Evidence, Plan};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use testkit::people::{DESK, EVA, JONAS, LEA, MARY, NINA, OMAR, Somebody};
use testkit::world::World;

use super::{customer, every_open_phase, fibre, seconds, store_with};

fn refuse(world: &mut World, who: Somebody, function: &str, level: &str) {
    world.manage(who, Action::Refuse, (function, level), Some("because"));
}

#[test]
fn either_side_withdraws_in_every_phase_before_it_is_sealed() {
    for world in every_open_phase() {
        let owner = if customer(&world).0 == LEA.0 { Somebody("s.patel", &[]) } else { JONAS };
        let signatory = if customer(&world).0 == LEA.0 { MARY } else { JONAS };
        for who in [customer(&world), owner, signatory] {
            let (mut world, phase) = (world.clone(), world.phase().to_owned());
            let decision = world.act_because(who, Action::Withdraw, "budget cut");
            assert_eq!(world.settle(), 1, "{phase} {}", who.0);
            assert_eq!((world.phase(), world.wake), ("Withdrawn", None), "{phase} {}", who.0);
            let closed = world.status().closed.clone().unwrap();
            assert_eq!((closed.outcome, closed.reason.as_str()), (ClosedOutcome::Withdrawn, "budget cut"));
            assert_eq!((closed.decisions, closed.time), (vec![decision], Time(world.now)));
            let ready = world.condition("Ready");
            assert_eq!((ready.0.as_str(), ready.1.as_str()), ("False", "Withdrawn"));
            assert_eq!(ready.2, "the agreement ended: budget cut");
            assert_eq!(
                (world.condition("Stalled").0.as_str(), world.condition("Reconciling").0.as_str()),
                ("", "")
            );
            assert_eq!((world.status().waiting_for.len(), world.status().waiting_on.as_deref()), (0, None));
        }
    }
}

#[test]
fn who_has_no_part_in_it_withdraws_and_declines_nothing() {
    for (who, action, message) in [
        (
            NINA,
            Action::Withdraw,
            "\"owner@cafe-corner.example\" is not a representative, the owner or a signatory of the provider",
        ),
        (
            MARY,
            Action::Withdraw,
            "\"m.osei\" is not a representative, the owner or a signatory of the provider",
        ),
        (JONAS, Action::Decline, "\"j.berg\" is not a representative of the customer"),
        (
            NINA,
            Action::RequestChange,
            "\"owner@cafe-corner.example\" is not a representative of the customer",
        ),
    ] {
        let mut world = fibre();
        world.act_because(who, action, "no");
        world.settle();
        assert_eq!((world.phase(), world.last_ignored()), ("AwaitingConfirmation", "NotHolder"));
        assert_eq!(world.ignored()[0].message, message);
    }
}

#[test]
fn a_withdraw_or_a_decline_names_the_terms() {
    for action in [Action::Withdraw, Action::Decline, Action::RequestChange] {
        let mut world = World::confirmed_fibre();
        let digest = world.confirmation_digest();
        store_with(&mut world, EVA, action, |spec| spec.agreement_ref.digest = digest);
        world.settle();
        assert_eq!((world.phase(), world.last_ignored()), ("AwaitingSignOff", "Stale"), "{action:?}");
    }
}

#[test]
fn the_customer_declines_in_every_phase_before_it_is_sealed_for_good() {
    for mut world in every_open_phase() {
        let phase = world.phase().to_owned();
        let who = customer(&world);
        world.act_because(who, Action::Decline, "24 months is too long");
        world.settle();
        assert_eq!(world.phase(), "Declined", "{phase}");
        let acceptable = world.condition("Acceptable");
        assert_eq!((acceptable.0.as_str(), acceptable.1.as_str()), ("False", "Declined"));
        // The café thinks again, too late.
        let terms = world.status().terms.clone();
        world.pass(60).confirm(who);
        assert_eq!(world.settle(), 1);
        assert_eq!((world.phase(), world.last_ignored()), ("Declined", "Closed"));
        assert_eq!(
            world.ignored().last().unwrap().message,
            "the agreement has ended (Declined); nothing can be decided on it any more"
        );
        // Nor does a new offer bring it back.
        world.edit(|agreement| agreement.spec.offer_version += 1);
        world.settle();
        assert_eq!((world.phase(), &world.status().terms), ("Declined", &terms));
    }
}

#[test]
fn a_manager_who_refuses_ends_it() {
    let mut world = World::escalated_fleet();
    refuse(&mut world, DESK, "finance", "L1");
    world.settle();
    assert_eq!(world.phase(), "Refused");
    let approved = world.condition("Approved");
    assert_eq!((approved.0.as_str(), approved.1.as_str()), ("False", "Refused"));
    assert_eq!(world.status().closed.as_ref().unwrap().outcome, ClosedOutcome::Refused);
}

#[test]
fn of_what_is_read_at_once_the_gravest_counts_whatever_came_first() {
    type Act = fn(&mut World);
    let acts: [(&str, Act); 5] = [
        ("Withdrawn", |world| {
            world.act_because(LEA, Action::Withdraw, "w");
        }),
        ("Declined", |world| {
            world.act_because(OMAR, Action::Decline, "d");
        }),
        ("Refused", |world| refuse(world, DESK, "finance", "L1")),
        ("Revising", |world| {
            world.act_because(OMAR, Action::RequestChange, "c");
        }),
        ("Escalated", |world| {
            world.confirm(LEA);
        }),
    ];
    for (n, (phase, gravest)) in acts.iter().enumerate() {
        for lesser in &acts[n + 1..] {
            for gravest_first in [true, false] {
                let mut world = World::escalated_fleet();
                let (one, other) = if gravest_first { (gravest, &lesser.1) } else { (&lesser.1, gravest) };
                one(&mut world);
                world.pass(60);
                other(&mut world);
                world.settle();
                assert_eq!(world.phase(), *phase, "over {}, first: {gravest_first}", lesser.0);
            }
        }
    }
}

#[test]
fn the_second_who_ends_it_in_the_same_read_is_told() {
    let mut world = fibre();
    world.act_because(EVA, Action::Withdraw, "first");
    world.pass(1).act_because(JONAS, Action::Withdraw, "second");
    world.settle();
    assert_eq!(world.status().closed.as_ref().unwrap().reason, "first");
    assert_eq!(world.last_ignored(), "NotRequired");
}

#[test]
fn nothing_ends_from_a_stale_list() {
    let mut world = fibre();
    world.act_because(EVA, Action::Decline, "no");
    let needs_fresh = Plan::Need(Evidence::FreshDecisions);
    assert_eq!(world.plan_at(world.now, false), needs_fresh);
    world.decisions.clear();
    world.now = world.status().waiting_for[0].deadline_time.clone().unwrap().0 + seconds(5);
    assert_eq!(world.plan_at(world.now, false), needs_fresh);
    // The fresh read brings the answer that the cache did not have.
    let now = world.now;
    world.pass(-60).confirm(EVA);
    world.now = now;
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}
