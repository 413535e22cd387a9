//! How far the operator's clock is from the API server's, by the `Date` of its answers.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::fmt::rfc2822;

use crate::controller::clock::Clock;
use crate::controller::metrics::Metrics;

/// From here on, deadlines are visibly late or early.
const WARN_ABOVE_SECONDS: f64 = 5.0;

pub(crate) struct ClockSkew {
    clock: Clock,
    metrics: Metrics,
    warned: AtomicBool,
}

impl ClockSkew {
    pub(crate) fn new(clock: Clock, metrics: Metrics) -> Self {
        Self { clock, metrics, warned: AtomicBool::new(false) }
    }

    /// Takes the `Date` of an answer that has just come in.
    pub(crate) fn measure(&self, date: Option<&str>) {
        let Some(date) = date.and_then(|date| rfc2822::parse(date).ok()) else { return };
        // A `Date` is cut to whole seconds: on average half a second has passed since.
        let skew = self.clock.now().duration_since(date.timestamp()).as_secs_f64() - 0.5;
        self.metrics.clock_skew.set(skew);
        let far = skew.abs() > WARN_ABOVE_SECONDS;
        if far && !self.warned.swap(far, Ordering::Relaxed) {
            tracing::warn!(
                seconds = skew,
                "The clock differs from the API server's; deadlines fire that much late or early"
            );
        } else if !far {
            self.warned.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn skew_is_ours_minus_theirs() {
        let (clock, metrics) = (Clock::starting_at("2026-01-01T00:00:10Z".parse().unwrap()), Metrics::new());
        let skew = ClockSkew::new(clock, metrics.clone());
        skew.measure(Some("Thu, 01 Jan 2026 00:00:03 GMT"));
        assert!((metrics.clock_skew.get() - 6.5).abs() < 0.01);
        assert!(skew.warned.load(Ordering::Relaxed));
        skew.measure(Some("not a date"));
        assert!((metrics.clock_skew.get() - 6.5).abs() < 0.01);
    }
}
