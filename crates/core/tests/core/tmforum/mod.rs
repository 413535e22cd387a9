//! `countersign export`: each document fits the published schema, says what the objects say, and no more.
//!
//! The schemas are TM Forum's own files. `COUNTERSIGN_TMFORUM_SCHEMAS` names their folder; without it the tests that need
//! them say that they were skipped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod binary;
mod documents;
mod page;
mod papers;
#[path = "../common/program.rs"]
mod program;
#[allow(dead_code, reason = "these tests use a part of it")]
#[path = "../decide/schema.rs"]
mod schema;
mod swagger;
mod valid;
#[allow(dead_code, reason = "these tests use a part of it")]
#[path = "../decide/world.rs"]
mod world;
