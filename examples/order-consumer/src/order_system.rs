//! What this consumer needs from an order system.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Makes customer orders.
pub trait OrderSystem: Send + Sync + 'static {
    /// Makes the order, unless there is one for this key already. Returns the existing order in either case.
    ///
    /// This must hold for any number of calls, from any number of processes, at the same time: it needs a unique key where
    /// the orders are kept. Checking first and then writing is not enough, because another process may write in between.
    ///
    /// # Errors
    /// See [`Refusal`].
    fn place(&self, key: &str, order: &Order) -> impl Future<Output = Result<CustomerOrder, Refusal>> + Send;
}

/// Why there is no order in the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody knows whether the order was made. Ask again with the same key.
    #[error("the order system gives no answer: {0}")]
    Unknown(String),
    /// No order was made for this request, and none will be, however often you ask.
    #[error("{0}")]
    Never(String),
}

/// What is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The agreement that it comes from.
    pub agreement: String,
    /// The order within the agreement.
    pub order_id: String,
    /// Who ordered.
    pub customer: String,
    /// What, and how many.
    pub lines: Vec<Line>,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The product offering.
    pub offering: String,
    /// How many.
    pub quantity: u32,
}

/// A formal Customer Order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerOrder {
    /// Its identifier, which the order system chose.
    pub id: String,
    /// Where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Its progress. Other consumers may write other words, or none.
    #[serde(default)]
    pub state: State,
}

/// The progress of an order, in TMF622's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// It is done.
    Completed,
    /// It could not be done.
    Failed,
    /// It is being worked on.
    #[default]
    #[serde(other)]
    InProgress,
}

impl fmt::Display for CustomerOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}
