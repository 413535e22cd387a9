//! The commands that decide. Each makes one `AgreementDecision`, on a digest that is computed here.

mod answer;
mod arguments;
mod commands;
mod draft;
mod make;
mod preview;
mod question;
mod record;
mod sheet;

pub use commands::{Approve, Attest, Confirm, Countersign, Decline, Refuse, RequestChange, Sign, Withdraw};
