//! The shell's clock: the only place that asks what time it is, and the only one that sleeps.
#![expect(clippy::disallowed_methods, reason = "everybody else is handed the time from here")]

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

/// A deadline may lie days ahead, and timers stand still while a machine is suspended: look at the wall clock at
/// least this often.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// What time it is. Clones share what [`Clock::advance`] does.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    ahead: Arc<watch::Sender<SignedDuration>>,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    System,
    Runtime { epoch: Timestamp, start: Instant },
}

impl Clock {
    /// The machine's wall clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from(Source::System)
    }

    /// A clock that shows `epoch` now and moves with the timers of the tokio runtime, so that a test with paused time
    /// decides what time it is.
    #[must_use]
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self::from(Source::Runtime { epoch, start: Instant::now() })
    }

    fn from(source: Source) -> Self {
        Self { source, ahead: Arc::new(watch::Sender::new(SignedDuration::ZERO)) }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let base = match self.source {
            Source::System => Timestamp::now(),
            Source::Runtime { epoch, start } => later(epoch, start.elapsed()),
        };
        base.saturating_add(*self.ahead.borrow()).unwrap_or(Timestamp::MAX)
    }

    /// Puts the clock forward and wakes everything that sleeps past the new time. For tests and rehearsals.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.ahead.send_modify(|ahead| *ahead = ahead.saturating_add(by));
    }

    /// A reading for measuring how long something takes.
    pub(crate) fn instant() -> Instant {
        Instant::now()
    }

    /// Sleeps for so long, whatever the wall clock says.
    pub(crate) async fn sleep(duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Sleeps until the wall clock shows `when`.
    pub(crate) async fn sleep_until(&self, when: Timestamp) {
        let mut ahead = self.ahead.subscribe();
        loop {
            let left = when.duration_since(self.now());
            let Ok(left) = Duration::try_from(left) else { return };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left.min(LONGEST_NAP)) => {}
                _ = ahead.changed() => {}
            }
        }
    }
}

/// `duration` after `when`.
pub(crate) fn later(when: Timestamp, duration: Duration) -> Timestamp {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    when.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_sleeper_wakes_when_the_clock_is_put_forward() {
        let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
        let deadline = later(clock.now(), Duration::from_secs(86_400 * 30));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(deadline).await }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(86_400 * 30));
        tokio::time::timeout(Duration::from_secs(1), sleeper).await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleeper_wakes_at_its_deadline_and_not_before() {
        let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
        let deadline = later(clock.now(), Duration::from_secs(3_601));
        clock.sleep_until(deadline).await;
        assert_eq!(clock.now().as_second(), deadline.as_second());
    }
}
