//! Function and level as labels. Whoever writes policies chooses these words, so there is an end to how many there are.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use crate::controller::metrics::buckets::PHASE_BUCKETS;

/// Pairs of function and level that are told apart. Each takes some sixty lines of a scrape.
const MAX_PAIRS: usize = 64;
const OTHER: &str = "other";
/// Below that nobody was waited for that one could be impatient with.
const SHORTEST_BUCKET_SECONDS: f64 = 60.0;

/// How a wait for a level ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The step was approved.
    Approved,
    /// It was refused.
    Refused,
    /// Another level is asked in its place.
    Escalated,
    /// The offer ended meanwhile.
    Expired,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Approved, Self::Refused, Self::Escalated, Self::Expired];

    const fn word(self) -> &'static str {
        match self {
            Self::Approved => "Approved",
            Self::Refused => "Refused",
            Self::Escalated => "Escalated",
            Self::Expired => "Expired",
        }
    }
}

/// A function and a level as labels say them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub(crate) function: String,
    pub(crate) level: String,
}

impl Pair {
    fn new(function: &str, level: &str) -> Self {
        Self { function: function.to_owned(), level: level.to_owned() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct WaitLabels {
    function: String,
    level: String,
    outcome: &'static str,
}

/// The levels that were asked since the program started, and how long they were waited for. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct AuthorityLabels {
    known: Arc<Mutex<BTreeSet<Pair>>>,
    pub(crate) seconds: Family<WaitLabels, Histogram, fn() -> Histogram>,
}

impl Default for AuthorityLabels {
    fn default() -> Self {
        let buckets =
            || Histogram::new(PHASE_BUCKETS.into_iter().filter(|bound| *bound >= SHORTEST_BUCKET_SECONDS));
        Self { known: Arc::default(), seconds: Family::new_with_constructor(buckets) }
    }
}

impl AuthorityLabels {
    /// What labels call a level: by its own words while there is room, then `other`.
    pub(crate) fn pair(&self, function: &str, level: &str) -> Pair {
        let own = Pair::new(function, level);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&own) {
            return own;
        }
        let room = known.len() < MAX_PAIRS;
        let pair = if room { own } else { Pair::new(OTHER, OTHER) };
        if known.insert(pair.clone()) {
            drop(known);
            if !room {
                tracing::warn!(
                    function,
                    level,
                    most = MAX_PAIRS,
                    "Ran out of room for functions and levels in metrics; further ones are counted as other"
                );
            }
            self.begin_at_zero(&pair);
        }
        pair
    }

    /// Every pair that is a label, `other` among them once there was no room.
    pub(crate) fn known(&self) -> BTreeSet<Pair> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A wait for a level ended.
    pub(crate) fn observe(&self, function: &str, level: &str, outcome: Outcome, seconds: f64) {
        let pair = self.pair(function, level);
        self.seconds.get_or_create(&labels(&pair, outcome)).observe(seconds);
    }

    /// A level is asked hours before it answers: by then its zeros were scraped, and the answer is an increase.
    fn begin_at_zero(&self, pair: &Pair) {
        for outcome in Outcome::ALL {
            let _ = self.seconds.get_or_create(&labels(pair, outcome));
        }
    }
}

fn labels(pair: &Pair, outcome: Outcome) -> WaitLabels {
    WaitLabels { function: pair.function.clone(), level: pair.level.clone(), outcome: outcome.word() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_pairs_and_no_more_and_who_was_first_stays() {
        let levels = AuthorityLabels::default();
        let function = |n: usize| format!("f{n:02}");
        for n in 0..70 {
            let pair = levels.pair(&function(n), "L1");
            let expected =
                if n < MAX_PAIRS { Pair::new(&function(n), "L1") } else { Pair::new(OTHER, OTHER) };
            assert_eq!(pair, expected);
        }
        assert_eq!(levels.pair("f00", "L1"), Pair::new("f00", "L1"));
        assert_eq!(levels.pair("f00", "L2"), Pair::new(OTHER, OTHER), "another level is another pair");
        assert_eq!(levels.known().len(), MAX_PAIRS + 1);
    }
}
