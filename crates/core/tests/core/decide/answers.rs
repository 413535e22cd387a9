//! Which open questions somebody can answer, on which digest, and what would become of the answer.

use countersign_api::agreement_status::WaitingAction;
use countersign_api::delegation_policy::{Alias, DelegationPolicy, EscalationTiming, Substitute};
use countersign_api::{Action, AgreementDecision};
use countersign_core::decide::Observed;
use countersign_core::decide::binding::{self, Content};
use countersign_core::decide::dry_run::{Effect, dry_run, effect};
use countersign_core::decide::eligibility::{Capacity, Person, asked, capacities, groups_to_claim};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::core::ObjectMeta;
use testkit::people::{CARLA, DESK, EVA, JONAS, KIM, LEA, MARY, OMAR, PATEL, RITA, Somebody};
use testkit::world::World;

const MARY_TOO: Somebody = Somebody("oidc:m.osei@telecom.example", &[]);

fn groups(who: Somebody) -> Vec<String> {
    who.1.iter().map(|group| (*group).to_owned()).collect()
}

/// Actions that an agreement waits for from somebody, each with the holder.
fn waits(world: &World, who: Somebody, with_policy: bool) -> Vec<(WaitingAction, Option<String>)> {
    let groups = groups(who);
    let policy = with_policy.then(|| &world.policies[0].spec);
    let found = asked(&world.agreement, policy, Person { username: who.0, groups: &groups });
    found.into_iter().map(|(wait, holder)| (wait.action, holder.map(str::to_owned))).collect()
}

fn can(world: &World, who: Somebody, with_policy: bool, action: Action) -> Vec<Capacity> {
    let groups = groups(who);
    let policy = with_policy.then(|| &world.policies[0].spec);
    capacities(&world.agreement, policy, Person { username: who.0, groups: &groups }, action, world.now)
}

/// Function, level and holder of each.
fn short(capacities: &[Capacity]) -> Vec<(&str, &str, Option<&str>)> {
    capacities
        .iter()
        .map(|own| (own.function.as_str(), own.level.as_str(), own.on_behalf_of.as_deref()))
        .collect()
}

fn rita_is_away(policy: &mut DelegationPolicy) {
    policy.spec.substitutes = vec![Substitute {
        holder: RITA.0.to_owned(),
        substitute: KIM.0.to_owned(),
        functions: vec!["sales".to_owned()],
        start_time: Time("2026-11-24T00:00:00Z".parse().unwrap()),
        end_time: Time("2026-11-30T00:00:00Z".parse().unwrap()),
        reason: None,
    }];
}

/// Without the handsets, sales L3 is asked once finance approved.
fn sales_is_asked(change: impl FnOnce(&mut DelegationPolicy)) -> World {
    let mut world = World::fleet();
    world.rules(change);
    world.settle();
    world.pass(60).confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.settle();
    world.pass(60).confirm_but(LEA, &[("handsets", "buying elsewhere")]);
    world.settle();
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60);
    world
}

fn foreseen(world: &World, spec: countersign_api::AgreementDecisionSpec) -> Effect {
    let seen = Observed {
        decisions: &world.decisions,
        policies: &world.policies,
        namespace_labels: &world.labels,
        standard_terms: world.terms.as_ref(),
        related: &world.related,
        orders: &world.orders,
        refused: &world.refused,
        ..Observed::alone(&world.agreement)
    };
    dry_run(&seen, &AgreementDecision { metadata: ObjectMeta::default(), spec }, world.now)
}

#[test]
fn everybody_finds_what_waits_for_them_and_nothing_else() {
    let mut world = World::fleet();
    world.settle();
    for with_policy in [true, false] {
        assert_eq!(waits(&world, OMAR, with_policy), [(WaitingAction::Confirm, None)]);
        assert_eq!(waits(&world, DESK, with_policy), []);
        assert_eq!(waits(&world, PATEL, with_policy), []);
    }
    world.pass(60).confirm(OMAR);
    world.settle();
    assert_eq!(waits(&world, OMAR, true), []);
    world.pass(60).confirm(LEA);
    world.settle();
    assert_eq!(waits(&world, DESK, false), [(WaitingAction::Approve, None)], "through the group");
    assert_eq!(waits(&world, Somebody("d.desk", &[]), false), []);
}

#[test]
fn a_person_with_two_usernames_is_found_where_the_policy_can_be_read() {
    let world = sales_is_asked(|policy| {
        policy.spec.aliases =
            vec![Alias { username: MARY.0.to_owned(), aliases: vec![MARY_TOO.0.to_owned()] }];
    });
    assert_eq!(waits(&world, MARY_TOO, true), [(WaitingAction::Approve, None)]);
    assert_eq!(waits(&world, MARY_TOO, false), []);
}

#[test]
fn a_substitute_is_asked_for_the_holder_and_acts_for_the_holder() {
    let world = sales_is_asked(|policy| {
        rita_is_away(policy);
        policy.spec.substitutes[0].holder = MARY.0.to_owned();
    });
    for with_policy in [true, false] {
        assert_eq!(waits(&world, KIM, with_policy), [(WaitingAction::Approve, Some(MARY.0.to_owned()))]);
        let capacities = can(&world, KIM, with_policy, Action::Approve);
        assert_eq!(short(&capacities), [("sales", "L3", Some(MARY.0))]);
    }
}

/// With the policy a higher level finds its authority too and a lower one none.
#[test]
fn with_the_policy_a_higher_level_finds_its_authority_too() {
    let world = sales_is_asked(|_| {});
    let chief = CARLA;
    assert_eq!(short(&can(&world, chief, true, Action::Approve)), [("sales", "L4", None)]);
    assert_eq!(can(&world, chief, false, Action::Approve), []);
    assert_eq!(can(&world, RITA, true, Action::Approve), [], "sales L2 is not enough");
    assert_eq!(can(&world, DESK, true, Action::Approve), [], "finance has approved");
    assert_eq!(
        short(&can(&world, DESK, true, Action::Refuse)),
        [("finance", "L1", None)],
        "and may still refuse"
    );
    let mary = can(&world, MARY, true, Action::Approve);
    assert_eq!(mary[0].title.as_deref(), Some("VP Enterprise Sales"));
}

#[test]
fn a_decision_names_the_digest_that_the_operator_waits_for() {
    let mut world = World::fleet();
    let of = |world: &World, action| {
        binding::of(&world.agreement, Some(&world.policies[0].spec), action)
            .map(|own| (own.digest, own.content))
    };
    assert!(of(&world, Action::Confirm).unwrap_err().to_string().contains("has not reconciled"));
    world.settle();
    assert_eq!(of(&world, Action::Confirm), Ok((world.terms_digest(), Content::Terms)));
    assert!(of(&world, Action::Sign).unwrap_err().to_string().contains("has yet to confirm"));
    assert!(of(&world, Action::Approve).is_err());
    let world = World::escalated_fleet();
    let confirmation = (world.confirmation_digest(), Content::Confirmation);
    for action in [Action::Approve, Action::Refuse, Action::Sign, Action::Countersign] {
        assert_eq!(of(&world, action), Ok(confirmation.clone()), "{action:?}");
    }
    for action in [Action::Withdraw, Action::Decline, Action::RequestChange] {
        assert_eq!(of(&world, action), Ok((world.terms_digest(), Content::Terms)), "{action:?}");
    }
}

#[test]
fn managers_who_come_first_refuse_on_the_terms_also_after_they_approved() {
    let mut world = World::fleet();
    world.rules(|policy| policy.spec.rules.escalation.timing = EscalationTiming::BeforeConfirmation);
    world.settle();
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    let policy = Some(&world.policies[0].spec);
    let on = binding::of(&world.agreement, policy, Action::Refuse).unwrap();
    assert_eq!((on.digest, on.content), (world.terms_digest(), Content::Terms));
}

#[test]
fn what_was_changed_behind_the_operators_back_is_not_decided_on() {
    let mut world = World::confirmed_fibre();
    assert_eq!(binding::check(&world.agreement, None), Ok(()));
    world.agreement.status.as_mut().unwrap().orders[0].confirmed = Some(false);
    assert!(binding::check(&world.agreement, None).unwrap_err().to_string().contains("confirmation digest"));
    world.agreement.status.as_mut().unwrap().orders[0].confirmed = Some(true);
    world.agreement.spec.terms[0].value = Some("31".to_owned());
    assert!(binding::check(&world.agreement, None).unwrap_err().to_string().contains("it was changed"));
}

/// Terms that are not pinned are checked against the catalogue that is there.
#[test]
fn unpinned_terms_are_checked_against_the_catalogue_that_is_there() {
    let mut world = World::fibre();
    world.edit(|agreement| agreement.spec.terms.clear()).settle();
    assert!(world.status().pinned.is_none());
    assert_eq!(binding::check(&world.agreement, Some("terms-1")), Ok(()));
    assert!(binding::check(&world.agreement, Some("terms-2")).is_err());
}

#[test]
fn what_would_become_of_a_decision_is_what_becomes_of_it() {
    type Case = (Somebody, &'static str, &'static str, &'static str);
    let cases: [Case; 5] = [
        (MARY, "sales", "L3", ""),
        (RITA, "sales", "L2", "LevelInsufficient"),
        (RITA, "sales", "L3", "NotHolder"),
        (DESK, "finance", "L1", "AlreadyApproved"),
        (JONAS, "legal", "L1", "NotRequired"),
    ];
    for (who, function, level, reason) in cases {
        let mut world = sales_is_asked(|_| {});
        let mut draft = world.draft(who, Action::Approve);
        draft.function = Some(function.to_owned());
        draft.level = Some(level.to_owned());
        let fate_of = |effect: Effect| match effect {
            Effect::Ignored(ignored) => ignored.reason,
            Effect::Counts => String::new(),
            Effect::Open => "nothing was said".to_owned(),
        };
        assert_eq!(fate_of(foreseen(&world, draft.clone())), reason, "{who:?}", who = who.0);
        let before = world.decisions.len();
        let made = world.store(draft);
        world.settle();
        assert_eq!(
            (world.decisions.len(), fate_of(effect(world.status(), &made))),
            (before + 1, reason.to_owned())
        );
    }
}

#[test]
fn the_last_signature_is_foreseen_to_count_and_one_after_it_to_be_sealed() {
    let mut world = World::confirmed_fibre();
    world.act(EVA, Action::Sign);
    world.settle();
    world.pass(60);
    assert_eq!(foreseen(&world, world.draft(JONAS, Action::Countersign)), Effect::Counts);
    let world = World::agreed_fibre();
    let late = foreseen(&world, world.draft(JONAS, Action::Countersign));
    assert!(matches!(&late, Effect::Ignored(ignored) if ignored.reason == "Sealed"), "{late:?}");
}

/// Groups that hold something are claimed and without the policy all but the servers own.
#[test]
fn groups_that_hold_something_are_claimed() {
    let world = World::fibre();
    let groups: Vec<String> =
        ["system:authenticated", "account-managers", "choir", "account-managers"].map(str::to_owned).to_vec();
    let person = Person { username: "j.berg", groups: &groups };
    assert_eq!(groups_to_claim(Some(&world.policies[0].spec), person), ["account-managers"]);
    assert_eq!(groups_to_claim(None, person), ["account-managers", "choir"]);
}

/// Once every level stayed silent the first one that was asked may still answer.
#[test]
fn once_every_level_stayed_silent_the_first_may_still_answer() {
    let mut world = sales_is_asked(|_| {});
    for _ in 0..2 {
        world.pass(259_200 + 6).settle();
    }
    let mary = can(&world, MARY, false, Action::Approve);
    assert_eq!(short(&mary), [("sales", "L3", None)]);
    assert_eq!(short(&can(&world, MARY, true, Action::Approve)), [("sales", "L3", None)]);
}
