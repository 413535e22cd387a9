//! The process itself, without a cluster: pure functions from what was read to what to write, show or report.
//!
//! This crate has no client, no clock and no runtime, and does not log. Its dependencies make sure of that, and a test checks
//! them.
//! Time is an argument, and what users should see is a value.

mod audience;
pub mod decide;
pub mod manifest;
pub mod preview;
pub mod text;
pub mod tmforum;
pub mod verify;

pub use audience::Audience;
