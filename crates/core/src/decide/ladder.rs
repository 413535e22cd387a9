//! The ladders of a policy: which levels a function has, and how many of one must approve.

use countersign_api::delegation_policy::{Ladder, Level, Rules};

/// The ladder of a function.
pub(crate) fn of<'r>(rules: &'r Rules, function: &str) -> Option<&'r Ladder> {
    rules.ladders.iter().find(|ladder| ladder.function == function)
}

/// Position of a level on its own ladder.
pub(crate) fn position(ladder: &Ladder, level: &str) -> Option<usize> {
    ladder.levels.iter().position(|candidate| candidate.name == level)
}

/// Position of a level on the ladder of a function.
pub(crate) fn rank(rules: &Rules, function: &str, level: &str) -> Option<usize> {
    position(of(rules, function)?, level)
}

/// A level of a function.
pub(crate) fn level<'r>(rules: &'r Rules, function: &str, level: &str) -> Option<&'r Level> {
    of(rules, function)?.levels.iter().find(|candidate| candidate.name == level)
}

/// The levels above one, lowest first.
pub(crate) fn above<'r>(rules: &'r Rules, function: &str, level: &str) -> impl Iterator<Item = &'r Level> {
    let levels = of(rules, function).map(|ladder| ladder.levels.as_slice()).unwrap_or_default();
    levels.iter().skip_while(move |candidate| candidate.name != level).skip(1)
}

/// How many of a level must approve.
pub(crate) fn quorum(rules: &Rules, function: &str, level: &str) -> i32 {
    let escalation = &rules.escalation;
    let own = escalation.quorums.iter().find(|quorum| quorum.function == function && quorum.level == level);
    own.map_or(escalation.quorum, |quorum| quorum.count)
}
