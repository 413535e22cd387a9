//! What needs a control plane without other tests on it: each file has one for itself, one after the other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod api_rules;
mod binary;
mod consumer;
mod counts;
mod crash;
mod downtime;
mod election;
mod explain;
mod guard;
mod rights;
mod weakenings;

#[test]
fn no_file_is_forgotten() {
    assert_eq!(testkit::forgotten(file!()), [].into());
}
