//! How a command can end, and the exit status that says so.

use std::process::ExitCode;

/// What the exit status says; shown by `--help`.
pub const EXIT_STATUS: &str = "\
Exit status:
  0  done; a decision counts, or nobody lets you see whether it does
  1  an error: nothing was done, or it is not known what became of it
  2  the command cannot be used like this
  3  the decision does not count, or would not and was not made; the reason is said
  4  no answer in time
  5  you were asked and said no: nothing was made";

/// Why a command did not do what it was asked to, in words for its user.
#[derive(Debug)]
pub enum Failure {
    /// Something went wrong.
    Error(String),
    /// The arguments do not fit together.
    Usage(String),
    /// The decision does not count.
    Ignored(String),
    /// What was waited for did not happen in time.
    Unanswered(String),
    /// The person said no.
    SaidNo,
}

/// Of a command, or of a part of it.
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
