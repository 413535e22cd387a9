//! How long to wait before trying again.

use std::time::Duration;

/// Doubles from `first` with every attempt up to `most`; half of it is jitter, so that those who failed together do not
/// come back together. `attempt` counts from 0.
pub(crate) fn delay(attempt: u32, first: Duration, most: Duration) -> Duration {
    let whole = first.saturating_mul(2u32.saturating_pow(attempt.min(16))).min(most);
    whole.mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_and_stays_within_its_bounds() {
        let (first, most) = (Duration::from_millis(100), Duration::from_secs(60));
        for attempt in 0..200 {
            let whole = first.saturating_mul(2u32.saturating_pow(attempt.min(16))).min(most);
            let delay = delay(attempt, first, most);
            assert!(delay >= whole / 2 && delay <= whole, "{attempt}: {delay:?}");
        }
    }
}
