//! An order consumer: it watches `OrderRequest`s, takes them over, makes one customer order of each, and reports back.
//!
//! Any number of replicas run side by side. **The claim saves work, and the key keeps the promise:**
//!
//! - [`controller`] takes a request over by a write that only one replica can win, so that the others leave it alone.
//! - [`order_system`] makes at most one order for each idempotency key, whoever asks and however often. That alone is why
//!   no order is made twice when a replica dies, hangs or is told late.
//!
//! Everything is a step from what stands in the cluster now. A replica that starts anew goes on where another one stopped.
//!
//! - [`request`] is what it reads, [`report`] what it writes; both are plain values.
//! - [`folder`] pretends to be an order system. Put yours in its place.
pub mod controller;
pub mod folder;
pub mod order_system;
pub mod report;
pub mod request;
mod retry;
