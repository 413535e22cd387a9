//! The packages: chart, kustomizations, image and release, with the tools that people use them with.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;

mod chart;
mod copies;
mod elsewhere;
mod image;
mod kustomize;
mod life;
mod manifests;
mod pages;
mod pod;
mod release;
mod server;
mod tools;
