//! Steps that are announced and timed, and that end the command if one fails.

use std::time::Duration;

use anyhow::{Context, Result};

/// Counts the steps of one command.
#[derive(Debug)]
pub struct Steps {
    total: usize,
    done: usize,
    all: Stopwatch,
}

impl Steps {
    /// Nothing done yet.
    pub fn new(total: usize) -> Self {
        Self { total, done: 0, all: Stopwatch::start() }
    }

    /// Runs one step. `what` is its name, `how` the command that you would type for it.
    pub fn step<T>(&mut self, what: &str, how: &str, act: impl FnOnce() -> Result<T>) -> Result<T> {
        self.done += 1;
        let number = format!("{}/{}", self.done, self.total);
        anstream::println!("\n\x1b[1m[{number}] {what}\x1b[0m  {how}");
        let clock = Stopwatch::start();
        let result = act();
        let taken = seconds(clock.elapsed());
        match &result {
            Ok(_) => anstream::println!("[{number}] {what}: done in {taken}"),
            Err(_) => anstream::println!("[{number}] {what}: failed after {taken}"),
        }
        result.with_context(|| format!("step {number} ({what}) failed after {taken}"))
    }

    /// How long everything took so far.
    pub fn total_time(&self) -> String {
        seconds(self.all.elapsed())
    }
}

fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        more => format!("{} min {} s", more / 60, more % 60),
    }
}

#[derive(Debug)]
struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "only ever shown to a person")]
    fn start() -> Self {
        Self(std::time::Instant::now())
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
