//! What can go wrong between the operator and the API server. What users should see is a condition, never one of these.

use std::time::Duration;

/// No answer came in time. Whether the server did what was asked is unknown.
#[derive(Debug, thiserror::Error)]
#[error("no answer came within {} s", .0.as_secs())]
pub(crate) struct DeadlinePassed(pub(crate) Duration);

/// Why something was not done. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server did not do what was asked, or could not be reached.
    #[error("the API server did not answer as hoped: {0}")]
    Api(#[source] Box<kube::Error>),
    /// The client could not be set up.
    #[error("the connection to the API server cannot be set up: {0}")]
    Connection(#[source] Box<kube::Error>),
    /// Something else wrote to the agreement first.
    #[error("something else wrote to the agreement first")]
    Conflict,
    /// Another operator may act in the place of this one.
    #[error("the lease is not held any more")]
    Superseded,
    /// An order request stands under the name already, and the watch has not shown it yet.
    #[error("an order request that the watch has not shown yet stands under the name already")]
    NotSeenYet,
    /// The plan still writes after several rounds.
    #[error("the plan still writes after {0} rounds")]
    Unsettled(u32),
    /// The plan asks for evidence that it has.
    #[error("the plan asks for evidence that it has")]
    ReadTwice,
    /// A part of the operator ended that must not.
    #[error("{0} ended unexpectedly")]
    Ended(&'static str),
    /// A request could not be put together.
    #[error("the request could not be put together: {0}")]
    Request(String),
    /// An answer could not be read.
    #[error("the answer could not be read: {0}")]
    Answer(String),
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        Self::Api(Box::new(error))
    }
}

impl Error {
    /// The kind of failure, in one word, for metrics.
    #[must_use]
    pub fn category(&self) -> &'static str {
        match self {
            Self::Api(error) | Self::Connection(error) => match error.as_ref() {
                kube::Error::Api(status) => match status.code {
                    401 => "unauthorized",
                    403 => "forbidden",
                    404 => "not_found",
                    409 => "conflict",
                    429 => "throttled",
                    400..500 => "invalid",
                    _ => "server",
                },
                kube::Error::Service(error) if error.is::<DeadlinePassed>() => "deadline",
                kube::Error::SerdeError(_) => "undecodable",
                _ => "connection",
            },
            Self::Conflict | Self::Superseded => "conflict",
            Self::NotSeenYet => "not_seen_yet",
            Self::Unsettled(_) | Self::ReadTwice => "unsettled",
            Self::Ended(_) => "ended",
            Self::Request(_) => "request",
            Self::Answer(_) => "undecodable",
        }
    }
}
