//! Which decisions count, and for whom.

use std::collections::BTreeSet;

use countersign_api::agreement_status::{Approval, ApprovalState, ApprovalVerdict, Side};
use countersign_core::decide::{Changes, Guard};
use jiff::Timestamp;
use proptest::prelude::*;

use super::{config, plan_with, seconds};
use testkit::history::{
    CLERK, History, Moment, WRONG_REFERENCES, Wrong, at_rest, everything, live, somebody_elses,
};
use testkit::world::World;

/// What the plan would make of an agreement, but for decisions that do not count.
fn shown(world: &World, plan: &Changes) -> impl PartialEq + std::fmt::Debug {
    let mut status = plan.status.as_deref().unwrap_or(world.status()).clone();
    status.ignored_decisions.clear();
    let told = plan.notices.iter().filter(|notice| notice.reason != "DecisionIgnored");
    (status, plan.orders.clone(), plan.wake, told.cloned().collect::<Vec<_>>())
}

fn strangers_change_nothing(history: &History, who: usize, action: usize, ago: i64) {
    let mut turn = 0;
    live(history, |world, moment| {
        if matches!(moment, Moment::Planned(_)) || world.agreement.status.is_none() {
            return;
        }
        turn += 1;
        for wrong in WRONG_REFERENCES {
            // What names no digest of this revision is weighed only once the guard is back.
            if wrong == Wrong::Digest && matches!(world.guard, Guard::Inactive { .. }) {
                continue;
            }
            let other = somebody_elses(world, (who, action + turn), wrong, world.now - seconds(ago));
            let mut decisions = world.decisions.clone();
            decisions.insert(turn % (decisions.len() + 1), other);
            let without = plan_with(world, &world.decisions, true);
            let with = plan_with(world, &decisions, true);
            assert_eq!(shown(world, &with), shown(world, &without), "{wrong:?}");
        }
    });
}

proptest! {
    #![proptest_config(config(200))]

    /// Decisions on something else change nothing but what is shown as ignored.
    #[test]
    fn decisions_on_something_else_only_change_what_is_ignored(
        history in everything(),
        who in 0..CLERK,
        action in 0_usize..8,
        ago in prop::sample::select(vec![0_i64, 1, 60, 86_400]),
    ) {
        strangers_change_nothing(&history, who, action, ago);
    }

    #[test]
    fn who_decided_on_something_else_may_still_attest(history in everything(), action in 0_usize..8) {
        strangers_change_nothing(&history, CLERK, action, 60);
    }

    #[test]
    fn nobody_counts_twice_or_for_both_sides(history in everything()) {
        at_rest(&history, |world| {
            let status = world.status();
            let refused = |verdict: &&ApprovalVerdict| {
                // Who approved may still refuse.
                let decision = world.decisions.iter().find(|d| d.metadata.name.as_ref() == Some(&verdict.decision));
                decision.is_some_and(|decision| decision.spec.action.as_str() == "Refuse")
            };
            let mut all = Vec::new();
            for step in &status.approvals {
                let approved: Vec<_> = step.decided_by.iter().filter(|verdict| !refused(verdict)).collect();
                let people: Vec<&str> = approved.iter().flat_map(|verdict| people(verdict)).collect();
                assert_eq!(people.iter().collect::<BTreeSet<_>>().len(), people.len(), "{people:?}");
                if step.state == ApprovalState::Approved {
                    let last = approved.last().map(|verdict| made(world, verdict)).unwrap();
                    assert_eq!(approved.len(), quorum_at(world, step, last), "{step:#?}");
                }
                all.extend(people);
            }
            if history.scenario.rules.separation.distinct_approvers {
                assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{:#?}", status.approvals);
            }
            let customers = &world.agreement.spec.customer.representatives;
            for approver in &all {
                assert!(!customers.iter().any(|customer| customer.username == *approver), "{approver}");
            }
            let signatures = status.sign_off.iter().flat_map(|sign_off| &sign_off.signatures);
            for signature in signatures {
                let customer = customers.iter().any(|customer| customer.username == signature.username);
                assert_eq!(customer, signature.side == Side::Customer, "{signature:?}");
            }
        });
    }
}

/// Whoever a verdict counts for, by the name that the policy knows.
fn people(verdict: &ApprovalVerdict) -> impl Iterator<Item = &str> {
    let names = [Some(&verdict.username), verdict.on_behalf_of.as_ref()].into_iter().flatten();
    names.map(|name| if name == "oidc:m.osei@telecom.example" { "m.osei" } else { name })
}

fn made(world: &World, verdict: &ApprovalVerdict) -> Timestamp {
    let name = Some(&verdict.decision);
    let decision = world.decisions.iter().find(|decision| decision.metadata.name.as_ref() == name).unwrap();
    decision.metadata.creation_timestamp.as_ref().unwrap().0
}

/// How many the level that was asked at a time takes. The second in which the next one was asked still belongs to it.
fn quorum_at(world: &World, step: &Approval, time: Timestamp) -> usize {
    let asked = step.asked.iter().rfind(|asked| asked.asked_time.0 < time).or(step.asked.first());
    let level = asked.map_or(&step.level, |asked| &asked.level);
    let rules = world.policies.first().map(|policy| &policy.spec.rules.escalation);
    // Without its policy what was approved stands as it is.
    let Some(rules) = rules else { return step.decided_by.len() };
    let own = rules.quorums.iter().find(|own| own.function == step.function && own.level == *level);
    usize::try_from(own.map_or(rules.quorum, |own| own.count)).unwrap()
}
