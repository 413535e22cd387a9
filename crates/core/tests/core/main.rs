//! The core through its public doors, without a cluster.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod arrows;
mod decide;
mod dependencies;
mod preview;
mod tmforum;
mod verify;

#[test]
fn no_file_is_forgotten() {
    assert_eq!(testkit::forgotten(file!()), [].into());
}
