//! Approvals of something else do not count.

use countersign_api::Action;
use countersign_api::agreement_status::ApprovalState;
use testkit::people::{DESK, LEA, OMAR};
use testkit::world::World;

use super::{asked, at, named, sales_is_asked, states, step, verdicts};

#[test]
fn an_approval_of_other_orders_is_stale_once_another_confirmation_is_seen() {
    let mut world = World::fleet();
    world.settle();
    world.pass(60).confirm(OMAR);
    world.pass(60).confirm(LEA);
    world.settle();
    let first = world.confirmation_digest();
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
    // What Omar said between his first word and Lea's is seen only now.
    world.now = at("2026-11-24T09:01:30Z");
    world.confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.now = at("2026-11-24T09:10:00Z");
    world.settle();
    assert_ne!(world.confirmation_digest(), first);
    let reasons: Vec<_> = world.ignored().iter().map(|i| (i.username.clone(), i.reason.clone())).collect();
    assert_eq!(reasons, [("d.desk".into(), "Stale".into())]);
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Waiting), ("sales L3", ApprovalState::Next)])
    );
    assert_eq!(asked(&world, "finance")[0].1, at("2026-11-24T09:10:00Z"));
}

/// An approval that names the terms is stale where the confirmation is asked about.
#[test]
fn an_approval_of_the_terms_is_stale_once_the_confirmation_is_asked() {
    let mut world = World::escalated_fleet();
    let mut spec = world.draft(DESK, Action::Approve);
    (spec.function, spec.level) = (Some("finance".into()), Some("L1".into()));
    spec.agreement_ref.digest = world.terms_digest();
    world.store(spec);
    world.settle();
    assert_eq!(world.last_ignored(), "Stale");
}

#[test]
fn a_new_revision_voids_every_approval() {
    let mut world = sales_is_asked(|_| {});
    world.edit(|agreement| agreement.spec.offer_version += 1);
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Next), ("sales L3", ApprovalState::Next)])
    );
    assert_eq!((verdicts(&world, "finance"), asked(&world, "finance")), (vec![], vec![]));
    assert_eq!(world.last_ignored(), "Stale");
    world.confirmed_without_handsets();
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Waiting), ("sales L3", ApprovalState::Next)])
    );
}
