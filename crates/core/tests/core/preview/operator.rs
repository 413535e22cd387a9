//! It says what the operator does.

use countersign_api::Action;
use countersign_api::agreement_status::WaitingAction;
use countersign_api::delegation_policy::{Countersignature, EscalationMode, EscalationTiming, SignOffOrder};
use countersign_core::preview::Verdict;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::json;
use testkit::people::{DESK, EVA, JONAS, LEA, MARY, OMAR};
use testkit::scenario::scenario;
use testkit::world::World;

use super::preview_of;

/// What it says is what the operator writes of any agreement under any rules.
#[test]
fn what_it_says_is_what_the_operator_writes() {
    let mut runner = TestRunner::deterministic();
    let (mut valid, mut faulty, mut escalated) = (0, 0, 0);
    for round in 0..600 {
        let world = &mut scenario().new_tree(&mut runner).unwrap().current().world();
        spoil(world, round);
        let preview = preview_of(world);
        world.settle();
        let status = world.status().clone();
        let (is_valid, reason, message) = world.condition("Valid");
        let about = format!("{reason}: {message}; preview: {preview:#?}");
        if is_valid != "True" {
            faulty += 1;
            assert!(preview.verdict >= Verdict::Invalid, "{about}");
            assert!(preview.steps.is_empty(), "nobody is asked: {about}");
            for fault in &preview.faults {
                let start: String = fault.chars().take(60).collect();
                assert!(message.contains(&start) || message.contains('…'), "{fault:?} of {about}");
            }
            continue;
        }
        valid += 1;
        assert_eq!(preview.faults, Vec::<String>::new(), "{about}");
        assert_eq!(preview.classification, status.classification, "{about}");
        assert_eq!(preview.value, status.value, "{about}");
        let deviations: Vec<_> = preview.terms.iter().flat_map(|term| term.deviations.clone()).collect();
        assert_eq!(deviations, status.deviations, "{about}");
        let approvals: Vec<_> = preview
            .steps
            .iter()
            .filter(|step| step.action == WaitingAction::Approve)
            .map(|step| {
                let authority = step.authority.clone().unwrap();
                (
                    authority.function,
                    authority.level,
                    step.because.clone(),
                    i32::try_from(step.quorum).unwrap(),
                )
            })
            .collect();
        let asked: Vec<_> = status
            .approvals
            .iter()
            .map(|own| (own.function.clone(), own.level.clone(), own.because.clone(), own.quorum))
            .collect();
        assert_eq!(approvals, asked, "{about}");
        escalated += usize::from(!asked.is_empty());
        let first = preview.steps.iter().filter(|step| step.turn == 1);
        let first: Vec<_> = first.map(|step| (step.action, step.who.clone())).collect();
        let waits: Vec<_> = status.waiting_for.iter().map(|wait| (wait.action, wait.who.clone())).collect();
        assert_eq!(first, waits, "{about}");
    }
    assert!(
        valid > 100 && faulty > 20 && escalated > 40,
        "{valid} valid, {faulty} faulty, {escalated} escalated"
    );
}

/// One in three has something wrong with it.
fn spoil(world: &mut World, round: usize) {
    let spec = &mut world.agreement.spec;
    match round % 24 {
        0 => world.policies.clear(),
        1 => world.policies.push(world.policies[0].clone()),
        2 => world.terms = None,
        3 => spec.terms.clear(),
        4 => spec.provider.owner_username = spec.customer.representatives[0].username.clone(),
        5 => spec.customer.representatives.iter_mut().for_each(|person| person.roles.truncate(1)),
        6 => spec.terms[0].value = Some("soon".to_owned()),
        7 => {
            spec.estimated_value = serde_json::from_value(json!({"amount": "1", "currency": "XTS"})).unwrap()
        }
        _ => {}
    }
}

/// Everybody says yes; what was asked, question by question.
fn asked_in_turn(world: &mut World) -> Vec<Vec<WaitingAction>> {
    let mut turns = Vec::new();
    for _ in 0..20 {
        world.settle();
        let waits = world.status().waiting_for.clone();
        if waits.is_empty() {
            return turns;
        }
        turns.push(waits.iter().map(|wait| wait.action).collect::<Vec<_>>());
        for wait in waits {
            world.pass(60);
            match wait.action {
                WaitingAction::Confirm => {
                    world.confirm(OMAR);
                    world.confirm(LEA);
                }
                WaitingAction::Approve if wait.function.as_deref() == Some("finance") => {
                    world.approve(DESK, "finance", "L1");
                }
                WaitingAction::Approve => {
                    world.approve(MARY, "sales", "L3");
                }
                WaitingAction::Sign => {
                    world.act(LEA, Action::Sign);
                }
                WaitingAction::Countersign => {
                    world.act(MARY, Action::Countersign);
                }
                WaitingAction::Edit => panic!("nothing has to be mended"),
            }
        }
    }
    panic!("it never comes to an end: {turns:?}");
}

#[test]
fn people_are_asked_in_the_order_that_it_says() {
    let timings = [EscalationTiming::AfterConfirmation, EscalationTiming::BeforeConfirmation];
    let modes = [EscalationMode::Sequential, EscalationMode::Parallel];
    let orders = [SignOffOrder::CustomerFirst, SignOffOrder::ProviderFirst, SignOffOrder::Any];
    let countersignatures = [Countersignature::Required, Countersignature::Waived];
    let mut tried = 0;
    for timing in timings {
        for mode in modes {
            for order in orders {
                for countersignature in countersignatures {
                    let mut world = World::fleet();
                    world.rules(|policy| {
                        policy.spec.rules.escalation.timing = timing;
                        policy.spec.rules.escalation.mode = mode;
                        policy.spec.rules.sign_off.order = order;
                        policy.spec.rules.sign_off.countersignature = countersignature;
                    });
                    let preview = preview_of(&world);
                    let last = preview.steps.last().unwrap().turn;
                    let said: Vec<Vec<WaitingAction>> = (1..=last)
                        .map(|turn| {
                            preview
                                .steps
                                .iter()
                                .filter(|step| step.turn == turn)
                                .map(|step| step.action)
                                .collect()
                        })
                        .collect();
                    let about = format!("{timing:?} {mode:?} {order:?} {countersignature:?}");
                    assert_eq!(said, asked_in_turn(&mut world), "{about}");
                    assert_eq!(world.phase(), "Agreed", "{about}");
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, 24);
}

#[test]
fn the_time_it_says_is_when_the_last_one_asked_may_still_answer() {
    let mut world = World::fibre();
    let preview = preview_of(&world);
    world.settle();
    let confirm = &preview.steps[0];
    assert_eq!(Some(&confirm.latest_end_time), world.status().waiting_for[0].wait_end_time.as_ref());
    // The customer answers in the last second, and so does everybody after it.
    for step in &preview.steps {
        world.now = step.latest_end_time.0;
        match step.action {
            WaitingAction::Confirm => world.confirm(EVA),
            WaitingAction::Sign => world.act(EVA, Action::Sign),
            WaitingAction::Countersign => world.act(JONAS, Action::Countersign),
            other => panic!("{other:?} is not asked"),
        };
        world.settle();
    }
    assert_eq!(world.ignored(), Vec::<&countersign_api::agreement_status::IgnoredDecision>::new());
    assert!(world.status().sign_off.as_ref().unwrap().sealed_time.is_some());
}
