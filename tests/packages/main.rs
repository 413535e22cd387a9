//! The packages: chart, kustomizations, image and release, with the tools that people use them with.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod admission;
mod chart;
mod copies;
mod elsewhere;
mod gitops;
mod image;
mod kustomize;
mod life;
mod manifests;
mod monitoring;
mod pages;
mod pod;
mod release;
mod server;
mod tools;

#[test]
fn no_file_is_forgotten() {
    assert_eq!(testkit::forgotten(file!()), [].into());
}
