//! The process, rule by rule, through the one public door of the core.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod approvals;
mod confirmation;
mod ends;
mod evidence;
mod golden;
mod laws;
mod limits;
mod links;
mod orders;
mod requirements;
mod schema;
mod sign_off;
mod terms;
#[allow(dead_code, reason = "other tests use the rest of it")]
mod world;
