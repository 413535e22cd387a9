//! What the tests of all packages share.
//!
//! Without features it is as pure as the core: [`world`] is one agreement with its people and a clock, [`scenario`] and
//! [`history`] draw agreements, policies and what happens to them at random, and [`schema`] walks the definitions. With the
//! feature `cluster` there is also a real control plane with our definitions (`Cluster`), a namespace with an agreement
//! and its people on it (`stage`), the operator in this process or as one of its own, and a fake API server (`fake`).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests use it, and a test fails by panicking"
)]

pub mod decision;
pub mod files;
pub mod history;
pub mod papers;
pub mod people;
pub mod program;
pub mod scenario;
pub mod schema;
pub mod status_schema;
pub mod world;

#[cfg(feature = "cluster")]
pub mod alone;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(feature = "cluster")]
pub mod example;
#[cfg(feature = "cluster")]
pub mod fake;
#[cfg(feature = "cluster")]
pub mod operator;
#[cfg(feature = "cluster")]
pub mod process;
#[cfg(feature = "cluster")]
pub mod raw;
#[cfg(feature = "cluster")]
pub mod shown;
#[cfg(feature = "cluster")]
pub mod stage;

#[cfg(feature = "cluster")]
pub use cluster::{Cluster, DEFINITIONS, OPERATOR, OPERATOR_NAMESPACE, RBAC, cluster, installed};
pub use files::{documents, forgotten, root, shipped};
#[cfg(feature = "cluster")]
pub use testenv::PATIENCE;
