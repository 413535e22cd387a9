//! PURE: what would happen to an agreement, before anybody is asked; and what it says, as a person reads it.
//!
//! The same rules as [`decide`](crate::decide), given to files instead of stored objects: class, value, who must approve
//! and why, who must confirm and sign, and which orders would be passed on (S1 to S6).

mod change;
mod input;
mod outcome;
mod page;
mod schema;
mod sentences;
mod steps;
mod terms;
mod warnings;

pub mod markdown;
pub mod sheet;
pub mod terminal;

pub use change::{Change, Effect, FieldChange, Void};
pub use input::{Input, Previewed};
pub use outcome::{Preview, RulesNamed, Verdict, preview};
pub use steps::Step;
pub use terms::{OrderLine, TermLine};
