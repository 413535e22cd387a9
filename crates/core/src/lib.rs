//! The process itself, without a cluster: pure functions from what was read to what is to be written, shown or judged.
//!
//! This crate knows no client, no clock and no runtime, and does not log; its dependencies say so, and a test looks at them.
//! Time is an argument, and what users should see is a value.

mod audience;
pub mod decide;
pub mod manifest;
pub mod preview;
pub mod text;
pub mod tmforum;
pub mod verify;

pub use audience::Audience;
