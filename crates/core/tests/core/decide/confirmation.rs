//! S2, S5: understood, acceptable, and which orders.

use countersign_api::Action;
use countersign_api::agreement_decision::{OrderConfirmation, Statement};
use countersign_api::customer_agreement::RepresentativeRole;
use countersign_api::delegation_policy::{Permission, Required};
use testkit::people::{EVA, JONAS, LEA, NINA, OMAR, Somebody};
use testkit::world::World;

fn as_expected(world: &World, understood: &str, acceptable: &str, phase: &str) {
    assert_eq!(world.condition("Understood").0, understood);
    assert_eq!(world.condition("Acceptable").0, acceptable);
    assert_eq!(world.phase(), phase);
}

#[test]
fn both_statements_at_once_complete_the_confirmation() {
    let world = World::confirmed_fibre();
    as_expected(&world, "True", "True", "AwaitingSignOff");
    assert!(world.confirmation_digest().starts_with("sha256:"));
    assert_eq!(world.condition("Acceptable").2, "to Eva Lund; 1 of 1 order confirmed");
}

#[test]
fn the_cafe_understands_the_terms_and_does_not_accept_them() {
    let mut world = World::cafe();
    world.settle();
    world.pass(5).state(NINA, Statement::Understood);
    assert_eq!(world.settle(), 1);
    as_expected(&world, "True", "False", "AwaitingConfirmation");
    world.pass(5).act_because(NINA, Action::Decline, "24 months is too long for a rented shop");
    assert_eq!(world.settle(), 1);
    as_expected(&world, "True", "False", "Declined");
    let closed = world.status().closed.clone().unwrap();
    assert_eq!(closed.reason, "24 months is too long for a rented shop");
    world.pass(5).confirm(NINA);
    assert_eq!(world.settle(), 1);
    assert_eq!((world.phase(), world.last_ignored()), ("Declined", "Closed"));
    assert_eq!(world.orders.len(), 0);
}

#[test]
fn statements_given_apart_in_either_order_complete_it_with_the_later_one() {
    for pair in
        [[Statement::Understood, Statement::Acceptable], [Statement::Acceptable, Statement::Understood]]
    {
        let mut world = World::fibre();
        world.settle();
        world.pass(60).state(EVA, pair[0]);
        world.settle();
        assert_eq!(world.phase(), "AwaitingConfirmation");
        world.pass(60).state(EVA, pair[1]);
        world.settle();
        as_expected(&world, "True", "True", "AwaitingSignOff");
    }
}

/// Acceptable without an outcome for every order is told which one is missing.
#[test]
fn acceptable_without_every_outcome_is_told_which_one_is_missing() {
    let mut world = World::fleet();
    world.settle();
    let mut spec = world.draft(OMAR, Action::Confirm);
    spec.statements = vec![Statement::Understood, Statement::Acceptable];
    spec.orders = world.outcomes(&[]).into_iter().filter(|order| order.id == "sims").collect();
    world.pass(1).store(spec);
    world.settle();
    assert_eq!(world.last_ignored(), "OrdersIncomplete");
    assert!(world.ignored()[0].message.contains("`handsets` is missing"), "{}", world.ignored()[0].message);
    as_expected(&world, "False", "False", "AwaitingConfirmation");
}

#[test]
fn an_order_that_the_agreement_does_not_have_is_not_confirmed_silently() {
    let mut world = World::fibre();
    world.settle();
    let mut spec = world.draft(EVA, Action::Confirm);
    spec.statements = vec![Statement::Acceptable];
    spec.orders = world.outcomes(&[]);
    spec.orders[0].id = "o2".to_owned();
    let mut extra = spec.clone();
    extra.orders.extend(world.outcomes(&[]));
    world.pass(1).store(spec);
    world.pass(1).store(extra);
    world.settle();
    assert_eq!(
        world.ignored().iter().map(|i| i.reason.as_str()).collect::<Vec<_>>(),
        ["OrdersIncomplete"; 2]
    );
}

#[test]
fn all_representatives_must_confirm_where_the_policy_says_all() {
    let mut world = World::fleet();
    world.settle();
    world.pass(60).confirm(OMAR);
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    let waiting = &world.status().waiting_for[0];
    assert_eq!((waiting.who.as_str(), waiting.subjects.len()), ("Lea Vogt", 1));
    world.pass(60).confirm(LEA);
    world.settle();
    as_expected(&world, "True", "True", "Escalated");
}

#[test]
fn any_representative_is_enough_where_the_policy_says_any() {
    let mut world = World::fleet();
    world.rules(|policy| policy.spec.rules.confirmation.representatives = Required::Any);
    world.settle();
    assert_eq!(world.status().waiting_for[0].who, "Omar Diallo or Lea Vogt");
    world.pass(60).confirm(LEA);
    world.settle();
    assert_eq!(world.phase(), "Escalated");
}

#[test]
fn one_statement_from_each_of_two_people_is_no_confirmation_where_any_may() {
    let mut world = World::fleet();
    world.rules(|policy| policy.spec.rules.confirmation.representatives = Required::Any);
    world.settle();
    world.pass(60).state(OMAR, Statement::Understood);
    world.pass(60).state(LEA, Statement::Acceptable);
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
}

#[test]
fn a_representative_who_thinks_again_before_it_is_complete_is_heard() {
    let mut world = World::fleet();
    world.settle();
    world.pass(60).confirm(OMAR);
    world.pass(60).confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.pass(60).confirm_but(LEA, &[("handsets", "too dear")]);
    world.settle();
    let orders: Vec<_> = world.status().orders.iter().map(|o| (o.id.as_str(), o.confirmed)).collect();
    assert_eq!(orders, [("sims", Some(true)), ("handsets", Some(false))]);
    let counted: Vec<_> =
        world.status().confirmation.iter().flat_map(|c| &c.decisions).map(|d| d.decision.as_str()).collect();
    assert_eq!(counted, ["decision-002", "decision-003"]);
    assert_eq!(world.ignored().len(), 0, "the first word was taken back by its own maker, not ignored");
}

/// A second confirm after it is complete changes nothing and its maker is told.
#[test]
fn a_second_confirm_after_completion_changes_nothing_and_is_told() {
    let mut world = World::escalated_fleet();
    let digest = world.confirmation_digest();
    world.pass(60).confirm(LEA);
    assert_eq!(world.settle(), 1);
    assert_eq!(world.last_ignored(), "AlreadyConfirmed");
    assert_eq!(world.confirmation_digest(), digest);
}

#[test]
fn representatives_who_contradict_each_other_about_an_order_leave_it_out() {
    let mut world = World::fleet();
    world.settle();
    world.pass(60).confirm(OMAR);
    world.pass(60).confirm_but(LEA, &[("handsets", "buying elsewhere")]);
    world.settle();
    let handsets = world.status().orders[1].clone();
    assert_eq!(handsets.confirmed, Some(false));
    assert_eq!(handsets.reason.as_deref(), Some("representatives contradict each other: buying elsewhere"));
    assert!(world.condition("Acceptable").2.contains("contradict each other about `handsets`"));
}

#[test]
fn of_two_words_in_one_second_the_one_that_leaves_more_out_counts() {
    let mut world = World::fibre();
    world.settle();
    world.pass(60).confirm(EVA);
    world.confirm_but(EVA, &[("o1", "not now")]);
    world.settle();
    assert_eq!(world.status().orders[0].confirmed, Some(false));
}

#[test]
fn leaving_an_order_out_is_ignored_where_the_policy_forbids_it() {
    let mut world = World::fleet();
    world.rules(|policy| policy.spec.rules.confirmation.partial_orders = Permission::Forbidden);
    world.settle();
    world.pass(60).confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.settle();
    assert_eq!(world.last_ignored(), "PartialOrdersForbidden");
}

#[test]
fn leaving_every_order_out_ends_in_an_agreement_without_orders() {
    let mut world = World::fibre();
    world.settle();
    world.pass(60).confirm_but(EVA, &[("o1", "only the terms for now")]);
    world.settle();
    world.pass(60).act(EVA, Action::Sign);
    world.settle();
    world.pass(60).act(JONAS, Action::Countersign);
    world.settle();
    assert_eq!(world.phase(), "Agreed");
    assert_eq!(world.condition("OrdersIssued").1, "NoOrders");
    assert_eq!(world.orders.len(), 0);
}

#[test]
fn a_framework_agreement_without_orders_is_confirmed_without_naming_any() {
    let mut world = World::fibre();
    world.edit(|agreement| agreement.spec.orders.clear());
    world.settle();
    world.pass(60).confirm(EVA);
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn nobody_confirms_for_the_customer_but_its_confirmers() {
    let stranger = Somebody("mallory", &["customers"]);
    for who in [JONAS, stranger, NINA] {
        let mut world = World::fibre();
        world.settle();
        world.pass(60).confirm(who);
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), ("NotHolder", "AwaitingConfirmation"));
        assert!(world.ignored()[0].message.contains("Eva Lund may confirm"));
    }
}

/// What is confirmed after the deadline is late and what was confirmed in time counts though seen late.
#[test]
fn what_is_confirmed_in_time_counts_though_seen_late() {
    let mut world = World::fibre();
    world.settle();
    let deadline = world.status().waiting_for[0].deadline_time.clone().unwrap().0;
    world.now = deadline;
    world.confirm(EVA);
    world.pass(3_600);
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff", "made in the last second, seen an hour later");

    let mut world = World::fibre();
    world.settle();
    world.now = deadline;
    world.pass(2).confirm(EVA);
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("Late", "AwaitingConfirmation"));
    world.pass(3);
    world.settle();
    assert_eq!(world.phase(), "Expired");
}

#[test]
fn the_digest_of_the_terms_is_what_a_confirm_must_name() {
    let mut world = World::confirmed_fibre();
    let mut spec = world.draft(EVA, Action::Confirm);
    spec.statements = vec![Statement::Understood];
    spec.agreement_ref.digest = world.confirmation_digest();
    world.store(spec);
    world.settle();
    assert_eq!(world.last_ignored(), "Stale");
}

#[test]
fn an_outcome_needs_no_reason_to_count() {
    let mut world = World::fibre();
    world.settle();
    let mut spec = world.draft(EVA, Action::Confirm);
    spec.statements = vec![Statement::Understood, Statement::Acceptable];
    spec.orders = world.outcomes(&[("o1", "x")]);
    spec.orders[0].reason = None;
    assert_eq!(spec.orders[0].outcome, OrderConfirmation::NotConfirmed);
    world.pass(1).store(spec);
    world.settle();
    assert_eq!(world.status().orders[0].reason, None);
    assert_eq!(world.phase(), "AwaitingSignOff");
}

/// A representative who only signs may decline and ask for a change and does not confirm.
#[test]
fn who_only_signs_may_decline_and_ask_for_a_change_but_not_confirm() {
    for (action, expected) in [
        (Action::Decline, ("", "Declined")),
        (Action::RequestChange, ("", "Revising")),
        (Action::Withdraw, ("", "Withdrawn")),
        (Action::Confirm, ("NotHolder", "AwaitingConfirmation")),
    ] {
        let mut world = World::fleet();
        world.edit(|agreement| {
            agreement.spec.customer.representatives[1].roles = vec![RepresentativeRole::Signatory];
        });
        world.settle();
        if action == Action::Confirm {
            world.pass(60).confirm(LEA);
        } else {
            world.pass(60).act_because(LEA, action, "not like this");
        }
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), expected, "{action:?}");
    }
}

/// What is confirmed is bound to the revision and to the orders that remain.
#[test]
fn what_is_confirmed_is_bound_to_the_revision_and_remaining_orders() {
    let digest = |left_out: &[(&str, &str)], offer: i32| {
        let mut world = World::fleet();
        world.settle();
        if offer > 1 {
            world.edit(|agreement| agreement.spec.offer_version = offer);
            world.settle();
        }
        world.pass(60).confirm_but(OMAR, left_out);
        world.confirm_but(LEA, left_out);
        world.settle();
        world.confirmation_digest()
    };
    let all = digest(&[], 1);
    assert_eq!(all, digest(&[], 1));
    let handsets = digest(&[("handsets", "too dear")], 1);
    let others = [digest(&[("sims", "too dear")], 1), digest(&[], 2), handsets.clone()];
    assert!(!others.contains(&all));
    assert_eq!(handsets, digest(&[("handsets", "for another reason")], 1), "reasons bind nobody");
}

/// Of representatives who leave out different orders nothing remains and nobody is asked to approve it.
#[test]
fn if_all_orders_are_left_out_nobody_is_asked_to_approve() {
    let mut world = World::fleet();
    world.settle();
    world.pass(60).confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.pass(60).confirm_but(LEA, &[("sims", "buying elsewhere")]);
    world.settle();
    let orders: Vec<_> = world.status().orders.iter().map(|order| order.confirmed).collect();
    assert_eq!(orders, [Some(false), Some(false)]);
    let reason = world.status().orders[0].reason.clone().unwrap();
    assert_eq!(reason, "representatives contradict each other: buying elsewhere");
    // The payment period is part of the terms, whatever is ordered.
    let asked: Vec<_> = world.status().approvals.iter().map(|step| step.function.as_str()).collect();
    assert_eq!(asked, ["finance"]);
}
