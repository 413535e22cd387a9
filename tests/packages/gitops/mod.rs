//! What Argo CD and Flux make of agreements: their own interpreters, on what the operator writes in every part of a life.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod argocd;
#[path = "../common/mod.rs"]
mod common;
mod examples;
mod flux;
mod lives;
#[allow(dead_code, reason = "shared with tests that need more of it")]
#[path = "../decide/schema.rs"]
mod schema;
#[allow(dead_code, reason = "shared with tests that need more of it")]
#[path = "../decide/world.rs"]
mod world;

use std::fs;
use std::path::Path;

/// A file of the repository.
fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}
