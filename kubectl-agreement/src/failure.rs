//! How a command can end, and its exit status.

use std::process::ExitCode;

/// What each exit status means; shown by `--help`.
pub const EXIT_STATUS: &str = "\
Exit status:
  0  done; a decision counts, or you may not see whether it does
  1  an error: nothing was done, or the result is unknown
  2  wrong usage
  3  the decision does not count, or would not and was not made; the reason is shown
  4  no answer in time
  5  you were asked and answered no: nothing was made";

/// Why a command failed, in words for the user.
#[derive(Debug)]
pub enum Failure {
    /// Something went wrong.
    Error(String),
    /// The arguments are invalid or do not go together.
    Usage(String),
    /// The decision does not count.
    Ignored(String),
    /// The command timed out while waiting.
    Unanswered(String),
    /// The user answered no.
    SaidNo,
}

/// The result of a command, or of a part of it.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// In words.
    pub fn message(&self) -> &str {
        match self {
            Self::Error(message)
            | Self::Usage(message)
            | Self::Ignored(message)
            | Self::Unanswered(message) => message,
            Self::SaidNo => "nothing was made",
        }
    }

    /// As an exit status.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Error(_) => 1,
            Self::Usage(_) => 2,
            Self::Ignored(_) => 3,
            Self::Unanswered(_) => 4,
            Self::SaidNo => 5,
        })
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Error(message)
    }
}
