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

use anyhow::Result;
use common::operator::Operator;
use common::{Cluster, installed, stage};
use tokio::sync::OnceCell;

/// Policies, roles, rules and one operator for all of these tests.
async fn running() -> Result<&'static Cluster> {
    static OPERATOR: OnceCell<Operator> = OnceCell::const_new();
    let cluster = installed().await?;
    let start = || async {
        stage::rules(cluster).await?;
        Operator::start(cluster, &[]).await
    };
    OPERATOR.get_or_try_init(start).await?;
    Ok(cluster)
}
