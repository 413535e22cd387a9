//! What is to be done about one agreement.

use jiff::Timestamp;

use super::evidence::Evidence;
use countersign_api::{CustomerAgreementStatus, OrderRequest};

/// What to do now.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Get this evidence, then decide again. Nothing is written without it.
    Need(Evidence),
    /// Write this, then decide again.
    Write(Changes),
    /// Nothing, until something changes or it is time.
    Rest {
        /// When to decide again if nothing changes; `None`: only when something changes.
        wake: Option<Timestamp>,
    },
}

impl Default for Plan {
    fn default() -> Self {
        Self::Rest { wake: None }
    }
}

/// Everything that is to be written: the status, then the events, then the order requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The whole new status, if it differs.
    pub status: Option<Box<CustomerAgreementStatus>>,
    /// Order requests to create, once the status is written. Those in `Observed::refused` among them wait for their next
    /// attempt.
    pub orders: Vec<OrderRequest>,
    /// Events to publish, once the status is written.
    pub notices: Vec<Notice>,
    /// When to decide again if all that there is to write waits for its next attempt.
    pub wake: Option<Timestamp>,
}

/// One event for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Warning only for what is unexpected.
    pub severity: Severity,
    /// What happened, in one word.
    pub reason: &'static str,
    /// What the operator did about it, in one word.
    pub action: &'static str,
    /// In words, below 1,024 characters, without control characters.
    pub note: String,
    /// The other object that it is about.
    pub related: Option<Related>,
}

/// How unexpected a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// As it should be.
    Normal,
    /// A person should look.
    Warning,
}

/// The other object that a notice is about, in the agreement's namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Related {
    /// An `AgreementDecision`, by name.
    Decision(String),
    /// An `OrderRequest`, by name.
    OrderRequest(String),
}
