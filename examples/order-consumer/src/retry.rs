//! When to ask again.

use std::time::Duration;

/// The first pause after a failure.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(60);

/// How long to wait after so many failures in a row: twice as long each time. `share` is random between 0 and 1, so that
/// requests that failed together are not retried together.
pub(crate) fn pause(failures: u32, share: f64) -> Duration {
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(LONGEST);
    doubled.mul_f64(0.5 + share.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_differ_by_half() {
        let full: Vec<u128> = [1, 2, 3, 8, 9, u32::MAX].iter().map(|&n| pause(n, 1.0).as_millis()).collect();
        assert_eq!(full, [500, 1_000, 2_000, 60_000, 60_000, 60_000]);
        assert_eq!(pause(3, 0.0).as_millis(), 1_000);
    }
}
