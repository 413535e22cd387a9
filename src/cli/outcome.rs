//! How a command ends, and how it says so.

use std::io::Write;

pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The exit status of the offline commands if the input cannot be used, as that of arguments that cannot.
pub(crate) const CANNOT_BE_USED: u8 = 2;

/// On standard error. Nothing is left to do if nobody listens.
pub(crate) fn say(error: &str) {
    let _ = writeln!(std::io::stderr(), "countersign: {error}");
}
