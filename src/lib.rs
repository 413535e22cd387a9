//! Countersign obtains customer agreements on Kubernetes.
//!
//! It implements one process of TM Forum's eTOM, *Obtain Customer Agreement* (1.1.9.2.3). People and pipelines apply a
//! [`CustomerAgreement`](api::CustomerAgreement); the operator takes it through confirmation, escalation and sign-off,
//! and then passes every confirmed order on as an [`OrderRequest`](api::OrderRequest), which other controllers watch.
//!
//! # The process, clause by clause
//!
//! | clause | the process demands | where to read |
//! |---|---|---|
//! | S1 | for standard or non-standard terms | `decide::validate`, `decide::classify` |
//! | S2a, S2b | the terms are *understood by* and *acceptable to* the customer | `decide::confirmation` |
//! | S3 | achieve sign-off | `decide::sign_off` |
//! | S4 | escalation to an appropriately delegated manager | `decide::authority`, `decide::approval` |
//! | S5 | zero or more confirmed orders | `decide::confirmation`, `decide::orders` |
//! | S6 | the orders are passed on as requests | `decide::orders` |
//! | S7 | customer and supplier interact; nobody acts for the other side | `decide::case`, and the policies in `deploy/admission` |
//!
//! # The map of the house
//!
//! One idea carries it: **read everything, decide once, write what was decided.**
//!
//! - [`api`] has the resources, one file a kind. The definitions in `crds/` are generated from it, and it knows nothing
//!   but Kubernetes' own types.
//! - [`decide`] is the process. One pure function goes from everything that was read ([`decide::Observed`]) and the time
//!   to everything that is to be written ([`decide::Plan`]). It knows no client, no clock and no runtime. Facts come
//!   first, conditions follow from facts, and the phase comes last, for readers.
//! - [`controller`] is the shell around it: it watches, observes, applies plans and wakes at deadlines. It has no opinion
//!   about agreements.
//! - [`serve`] answers probes and metrics.
//! - [`preview`] says what would become of an agreement in a file, before anybody is asked, with the rules of [`decide`].
//! - [`tmforum`] writes an export as documents of TM Forum's Open APIs.
//! - [`verify`] says of an export, years later and without a cluster, whether its statuses follow from its objects.
//!
//! - [`manifest`] reads objects out of files, for these three.
//!
//! Arrows point one way: `api` <- `decide` <- `controller` <- `main`, and `decide` <- `manifest` <- `verify`, `preview`, `tmforum` <- `main`.
//! What is relied on from the API server, and what is promised to everybody else, stands in `docs/contract.md`.
pub mod admission;
pub mod api;
pub mod controller;
pub mod decide;
pub mod manifest;
pub mod preview;
pub mod serve;
pub mod tmforum;
pub mod verify;
