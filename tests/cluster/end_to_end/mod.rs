//! Whole lives on a real control plane, every person with their own identity, the operator with its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;

mod approvals;
mod attestation;
mod changes;
mod confirmers;
mod ends;
mod evidence;
mod handover;
mod links;
mod lives;
mod revisions;
mod rules;
mod scripts;
mod silence;
mod turns;

use common::operator::running;
