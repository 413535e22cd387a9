//! What people read: text of others that cannot break a terminal, a log or an event, lists, and times.
//!
//! Text that somebody else wrote goes through one of `id`, `name`, `user`, `short_name`, `value`, `excerpt`, `people`,
//! `reason` and `passage` before it is shown or stored: each has one bound, and removes what could break or reverse a line.

mod bounded;
mod list;
mod time;

pub use bounded::{excerpt, id, name, passage, people, reason, sanitize, short_name, shorten, user, value};
pub use list::{count, join_and, join_or};
pub use time::{brief_span, day, day_and_month, left, left_until, minute, moment, span, time};
