//! More authority never gives fewer approvals.

use std::collections::{BTreeMap, BTreeSet};

use countersign_api::agreement_status::{ApprovalState, CustomerAgreementStatus};
use countersign_api::{Action, DelegationPolicy};
use proptest::prelude::*;

use super::config;
use testkit::history::{History, at_rest, decisions_only};
use testkit::world::{World, read};

/// What was asked and approved, by function: the level, whether it was approved, and by which decisions.
type Approvals = BTreeMap<String, (String, bool, BTreeSet<String>)>;

fn approvals(status: &CustomerAgreementStatus) -> Approvals {
    let steps = status.approvals.iter();
    steps
        .map(|step| {
            let decisions = step.decided_by.iter().map(|verdict| verdict.decision.clone()).collect();
            let approved = step.state == ApprovalState::Approved;
            (step.function.clone(), (step.level.clone(), approved, decisions))
        })
        .collect()
}

/// The same people decide the same under two policies. Of their approvals only those that count under the first.
fn twice(history: &History, change: impl Fn(&mut DelegationPolicy)) -> (World, World) {
    let mut open = history.scenario.world();
    at_rest(history, |world| {
        if world.status().closed.is_none() {
            open.clone_from(world);
        }
    });
    let counted = approvals(open.status());
    let counts = |name: &String| counted.values().any(|(_, _, decisions)| decisions.contains(name));
    let (mut before, mut after) = (history.scenario.world(), history.scenario.world());
    after.rules(change);
    for world in [&mut before, &mut after] {
        world.settle();
        for decision in &open.decisions {
            let approves = matches!(decision.spec.action, Action::Approve | Action::Refuse);
            if !approves || decision.metadata.name.as_ref().is_some_and(counts) {
                world.now = decision.metadata.creation_timestamp.clone().unwrap().0;
                world.decisions.push(decision.clone());
                world.settle();
            }
        }
    }
    (before, after)
}

/// Whatever counted still counts, where it is still asked for. Under another confirmation it is another question.
fn nothing_stopped_counting(before: &World, after: &World) {
    let confirmed = |world: &World| world.status().confirmation.as_ref().and_then(|c| c.digest.clone());
    if confirmed(before) != confirmed(after) {
        return;
    }
    let now = approvals(after.status());
    for (function, (_, approved, decisions)) in approvals(before.status()) {
        let Some((_, still, counting)) = now.get(&function) else { continue };
        let ignored = after.ignored();
        assert!(*still || !approved, "{function} was approved, and is not: {ignored:#?}");
        assert!(decisions.is_subset(counting), "{decisions:?} counted, now {counting:?}: {ignored:#?}");
    }
}

fn rank(policy: &DelegationPolicy, function: &str, level: &str) -> usize {
    let ladder = policy.spec.rules.ladders.iter().find(|ladder| ladder.function == function).unwrap();
    ladder.levels.iter().position(|own| own.name == level).unwrap()
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn wider_limits_ask_for_no_more_and_take_no_approval_back(
        mut history in decisions_only(),
        factor in 1..100_i64,
        from in 0..4_usize,
    ) {
        // A lower level may need more people; this is about limits.
        history.scenario.rules.escalation.quorums.clear();
        let (before, after) = twice(&history, |policy| {
            // From one level up, so that limits still never fall on the way up.
            for level in policy.spec.rules.ladders[0].levels.iter_mut().skip(from) {
                let limits = level.limits.as_mut().unwrap();
                let value: i64 = limits.contract_value.as_ref().unwrap().trim_end_matches(".00").parse().unwrap();
                let discount: i64 = limits.discount_percent.as_ref().unwrap().parse().unwrap();
                limits.contract_value = Some(format!("{}.00", value * factor));
                limits.discount_percent = Some((discount + factor).min(100).to_string());
                limits.term_months = limits.term_months.map(|months| months * factor);
            }
        });
        if before.phase() != "Pending" {
            prop_assert_ne!(after.phase(), "Pending");
            let was = approvals(before.status());
            for (function, (level, _, _)) in approvals(after.status()) {
                let rank = |level: &String| rank(&after.policies[0], &function, level);
                let was = was.get(&function).map(|(level, _, _)| level);
                prop_assert!(was.is_some_and(|was| rank(&level) <= rank(was)), "{function} {level}, was {was:?}");
            }
        }
        nothing_stopped_counting(&before, &after);
    }

    #[test]
    fn who_rises_to_a_higher_level_takes_no_approval_along(
        history in decisions_only(),
        function in 0..4_usize,
        level in 0..3_usize,
        up in 1..4_usize,
    ) {
        let (before, after) = twice(&history, |policy| {
            let ladder = &policy.spec.rules.ladders[function];
            let name = |rank: usize| ladder.levels[rank.min(ladder.levels.len() - 1)].name.clone();
            let (function, from, to) = (ladder.function.clone(), name(level), name(level + up));
            let held = |level: &String| {
                policy.spec.holders.iter().position(|h| h.function == function && h.level == *level).unwrap()
            };
            let (from, to) = (held(&from), held(&to));
            if from != to {
                // A level that nobody holds is skipped, and this is not about that.
                let nobody = vec![read("{kind: User, name: somebody.else}")];
                let risen = std::mem::replace(&mut policy.spec.holders[from].subjects, nobody);
                policy.spec.holders[to].subjects.extend(risen);
            }
        });
        nothing_stopped_counting(&before, &after);
    }
}
