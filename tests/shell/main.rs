//! The shell against a fake API server, with scripted decisions and paused time: which requests it sends, and when.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod election;
mod faults;
mod guard;
mod imports;
mod kube_lacks;
mod levels;
mod links;
mod lives;
mod metrics;
mod objects;
mod upstream;
mod watching;
mod writing;

#[test]
fn no_file_is_forgotten() {
    assert_eq!(testkit::forgotten(file!()), [].into());
}
