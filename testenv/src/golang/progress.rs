//! Signs of life while Go compiles.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::wait::Stopwatch;

/// Often enough for a watchdog that reads the log, rare enough for a person who reads it.
const EVERY: u64 = 15;

/// Prints to standard error, bypassing the capture of the test harness: `eprintln!` would only
/// show up when the test is over.
pub(super) fn announce(text: &str) {
    let _nobody_listens = writeln!(std::io::stderr(), "{text}");
}

/// The progress of one build: a spinner on a terminal, else a line every now and then.
pub(super) struct Progress {
    what: String,
    spinner: Option<ProgressBar>,
    clock: Stopwatch,
    spoken: u64,
    packages: u32,
    latest: String,
}

impl Progress {
    pub(super) fn start(what: String, expected: &str) -> Self {
        announce(&format!("Building {what}: {expected}, on two cores"));
        let spinner = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}");
            let spinner = ProgressBar::new_spinner()
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            spinner.set_prefix(what.clone());
            spinner.enable_steady_tick(Duration::from_millis(120));
            spinner
        });
        Self { what, spinner, clock: Stopwatch::start(), spoken: 0, packages: 0, latest: String::new() }
    }

    /// Go printed a line: the name of the package that it starts to compile.
    pub(super) fn line(&mut self, line: &str) {
        self.packages += 1;
        line.clone_into(&mut self.latest);
        if let Some(spinner) = &self.spinner {
            spinner.set_message(self.state());
        }
    }

    /// Call this about every second.
    pub(super) fn tick(&mut self) {
        let seconds = self.clock.seconds();
        if self.spinner.is_none() && seconds >= self.spoken + EVERY {
            self.spoken = seconds;
            announce(&format!("  {}: {seconds} s, {}", self.what, self.state()));
        }
    }

    pub(super) fn done(self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
        announce(&format!("  {}: done in {} s", self.what, self.clock.seconds()));
    }

    fn state(&self) -> String {
        match self.packages {
            // It is fetching modules, or had compiled everything before and is linking.
            0 => "nothing compiled yet".to_owned(),
            packages => format!("{packages} packages, now {}", self.latest),
        }
    }
}
