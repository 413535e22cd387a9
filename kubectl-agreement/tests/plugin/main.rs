//! The plugin as people use it: the executable, each person's own kubeconfig, a real API server, the real operator.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod attested;
mod authorities;
mod connection;
mod credentials;
mod customers;
mod decisions;
mod docs;
mod help;
mod refusals;
mod rendering;
mod roles;
mod screens;
mod shells;
mod terminal;
mod tutorial;
mod user;
mod watches;

#[test]
fn no_file_is_forgotten() {
    assert_eq!(testkit::forgotten(file!()), [].into());
}
