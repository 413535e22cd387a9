//! Waiting for something that another process does: the only place here that looks at a clock.

use std::{fmt::Display, time::Duration};

use anyhow::{Result, anyhow};

const INTERVAL: Duration = Duration::from_millis(20);

/// How long something that another process does may take before it counts as failed. Only a fault should ever reach it, also on
/// a machine whose cores are all busy: a test that waits ends when what it waits for is there, and not later.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Calls `check` again and again until it returns `Some`, and fails once `deadline` has passed.
///
/// An error of `check` counts as "not yet": it is remembered, and shown as the cause if the
/// deadline passes. `what` completes the sentence "waited 5s until ...".
///
/// # Errors
/// If the deadline passed.
#[expect(clippy::disallowed_methods, reason = "what is waited for here happens in another process")]
pub async fn until<T, F, Fut>(what: impl Display, deadline: Duration, mut check: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>>>,
{
    let end = tokio::time::Instant::now() + deadline;
    let mut last: Option<anyhow::Error> = None;
    loop {
        match tokio::time::timeout_at(end, check()).await {
            Ok(Ok(Some(value))) => return Ok(value),
            Ok(Ok(None)) => last = None,
            Ok(Err(error)) => last = Some(error),
            Err(_) => last = last.or_else(|| Some(anyhow!("the last attempt got no answer"))),
        }
        if tokio::time::Instant::now() + INTERVAL >= end {
            let waited = format!("waited {deadline:?} in vain until {what}");
            return Err(last.map_or_else(|| anyhow!("{waited}"), |error| error.context(waited.clone())));
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// The same for code that cannot be async, such as `Drop`. Returns whether it happened in time.
#[expect(clippy::disallowed_methods, reason = "what is waited for here happens in another process")]
pub(crate) fn until_blocking(deadline: Duration, mut check: impl FnMut() -> bool) -> bool {
    let end = std::time::Instant::now() + deadline;
    loop {
        if check() {
            return true;
        }
        if std::time::Instant::now() >= end {
            return false;
        }
        std::thread::sleep(INTERVAL);
    }
}

/// A clock to show how long something has taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "only ever shown to a person")]
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    #[expect(clippy::disallowed_methods, reason = "only ever shown to a person")]
    pub(crate) fn seconds(self) -> u64 {
        (std::time::Instant::now() - self.0).as_secs()
    }
}
