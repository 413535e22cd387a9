//! At rest nothing is left to do, whenever one looks: until the operator wakes up, and if it was down for a while.

use countersign_api::agreement_status::{Closed, CustomerAgreementStatus};
use countersign_api::conditions::condition;
use countersign_core::decide::Guard;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{config, sealed_time, seconds};
use testkit::history::{Moment, at_rest, decisions_only, everything, live};
use testkit::world::{World, changes};

/// Nothing is left to do, now or at a later time.
fn rests(world: &World, now: Timestamp) {
    for fresh in [true, false] {
        let plan = changes(world.plan_at(now, fresh));
        assert_eq!(plan.status, None, "at {now}, fresh {fresh}, before {:#?}", world.agreement.status);
        assert_eq!(plan.notices, [], "at {now}");
        let held_back = |id: &str| world.refused.iter().any(|refused| refused.order_id == id);
        assert!(plan.orders.iter().all(|order| held_back(&order.spec.order_id)), "at {now}");
        if let (Some(next), Some(wake)) = (plan.wake, world.wake) {
            assert!(now >= wake || next <= wake, "at {now} the wake-up of {wake} is put off to {next}");
        }
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn what_was_decided_stays_decided_until_the_operator_wakes_up(history in everything()) {
        let mut was_closed = false;
        live(&history, |world, moment| {
            let Moment::Settled { written, made } = *moment else { return };
            // Whatever was missed, one write shows it; an order request that is made takes another, and so does one that is
            // refused. After the guard was down, whoever made what a later decision replaced is told so once more; and what
            // could not be weighed without rules, or on faulty terms, is shown as too late once the offer ended.
            let closed = world.status().closed.is_some();
            let rules = !world.policies.is_empty() && world.terms.is_some();
            let weighed = rules && world.condition(condition::VALID).0 == "True";
            let more = [
                made > 0,
                !world.refused.is_empty(),
                matches!(world.guard, Guard::Active { since: Some(_) }),
                closed && !was_closed && !weighed,
            ];
            was_closed = closed;
            let most = 1 + more.into_iter().filter(|more| *more).count();
            let last = world.written.iter().rev().take(written).collect::<Vec<_>>();
            assert!(written <= most, "{written} writes, newest first: {last:#?}");
            rests(world, world.now);
            rests(world, world.now + SignedDuration::from_millis(999));
            match world.wake {
                Some(wake) => {
                    let left = wake.duration_since(world.now);
                    for instant in [world.now + seconds(1), world.now + left / 2, wake - seconds(1)] {
                        if instant < wake {
                            rests(world, instant);
                        }
                    }
                }
                None => {
                    for later in [1, 3_600, 86_400 * 9, 86_400 * 4_000] {
                        rests(world, world.now + seconds(later));
                    }
                }
            }
        });
    }

    #[test]
    fn every_wake_up_lies_ahead_and_none_comes_after_a_deadline(history in everything()) {
        live(&history, |world, moment| match moment {
            Moment::Planned(plan) => assert!(plan.wake.is_none_or(|wake| wake > world.now), "{:?} at {}", plan.wake, world.now),
            Moment::Settled { .. } => {
                let deadlines = world.status().waiting_for.iter().filter_map(|wait| wait.deadline_time.as_ref());
                let judged = deadlines.map(|deadline| deadline.0 + seconds(5));
                let Some(next) = judged.filter(|judged| *judged > world.now).min() else { return };
                assert!(world.wake.is_some_and(|wake| wake <= next), "{:?} for {next}", world.wake);
            }
            Moment::Happened => {}
        });
    }
}

/// What an agreement comes to.
#[derive(Debug, PartialEq)]
struct Facts {
    phase: Option<String>,
    sealed: bool,
    ended_by: Option<(String, Vec<String>)>,
    confirmed_by: Vec<String>,
    orders: Vec<(String, Option<bool>)>,
    approved_by: Vec<(String, Vec<String>)>,
    signed_by: Vec<String>,
    change: Option<String>,
}

fn facts(status: &CustomerAgreementStatus) -> Facts {
    let ended = |closed: &Closed| (format!("{:?}", closed.outcome), closed.decisions.clone());
    let approved = status.approvals.iter().map(|step| {
        (step.function.clone(), step.decided_by.iter().map(|verdict| verdict.decision.clone()).collect())
    });
    let confirmed = status.confirmation.iter().flat_map(|confirmation| &confirmation.decisions);
    let signed = status.sign_off.iter().flat_map(|sign_off| &sign_off.signatures);
    Facts {
        phase: status.phase.clone(),
        sealed: sealed_time(status).is_some(),
        ended_by: status.closed.as_ref().map(ended),
        confirmed_by: confirmed.map(|decision| decision.decision.clone()).collect(),
        orders: status.orders.iter().map(|order| (order.id.clone(), order.confirmed)).collect(),
        approved_by: approved.collect(),
        signed_by: signed.map(|signature| signature.decision.clone()).collect(),
        change: status.change_request.as_ref().map(|change| change.decision.clone()),
    }
}

proptest! {
    #![proptest_config(config(600))]

    /// An operator that was down comes to what it would have come to, up to what cannot be revoked: no deadline lies
    /// between, and nothing but decisions happened.
    #[test]
    fn what_is_seen_late_counts_as_if_it_had_been_seen_at_once(
        history in decisions_only(),
        looks in prop::collection::vec(prop::bool::weighted(0.3), 32),
    ) {
        let mut at_once: Option<(Facts, usize, Timestamp)> = None;
        let life = at_rest(&history, |world| {
            if at_once.as_ref().is_none_or(|(facts, _, _)| !facts.sealed && facts.ended_by.is_none()) {
                at_once = Some((facts(world.status()), world.decisions.len(), world.now));
            }
        });
        let (expected, decisions, now) = at_once.unwrap();
        let mut late = history.scenario.world();
        for (decision, look) in life.world.decisions.iter().take(decisions).zip(looks) {
            late.now = decision.metadata.creation_timestamp.clone().unwrap().0;
            late.decisions.push(decision.clone());
            if look && late.now < now {
                late.settle();
            }
        }
        late.now = now;
        late.settle();
        let ignored: Vec<_> = late.ignored().iter().map(|i| format!("{} {}", i.name, i.reason)).collect();
        prop_assert_eq!(facts(late.status()), expected, "ignored: {:?}", ignored);
    }
}
