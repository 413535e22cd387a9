//! Countersign obtains customer agreements on Kubernetes: the operator.
//!
//! It implements one process of TM Forum's eTOM, *Obtain Customer Agreement* (1.1.9.2.3). People and pipelines apply a
//! [`CustomerAgreement`](countersign_api::CustomerAgreement); the operator takes it through confirmation, escalation and
//! sign-off, and then passes every confirmed order on as an [`OrderRequest`](countersign_api::OrderRequest), which other
//! controllers watch.
//!
//! One idea carries it: **read everything, decide once, write what was decided.**
//!
//! - [`countersign_core::decide`] is the process: one pure function from everything that was read to what to do
//!   next: gather evidence, write, or rest.
//! - [`controller`] is the shell around it: it watches, observes, applies plans and wakes at deadlines. It has no opinion
//!   about agreements.
//! - [`admission`] has the policies that keep decisions from being forged, as they ship with this version.
//! - [`serve`] answers probes and metrics.
//!
//! `docs/architecture.md` has the map: every clause of the process, the entry points and the invariants.
pub mod admission;
pub mod controller;
pub mod serve;
