//! An order consumer: it watches `OrderRequest`s, takes them over, makes one customer order from each, and reports back.
//!
//! Any number of replicas run side by side. **The claim saves work; the key keeps the promise:**
//!
//! - [`controller`] takes a request over by a write that only one replica can win, so that the others leave it alone.
//! - [`order_system`] makes at most one order for each idempotency key, no matter who asks and how often. This alone is why
//!   no order is made twice when a replica dies, hangs or learns too late that it is not alone.
//!
//! Every reconcile takes one step from the current state in the cluster. A new replica continues where another one stopped.
//!
//! - [`request`] is what it reads, [`report`] what it writes; both are plain values.
//! - [`folder`] pretends to be an order system. Replace it with yours.
pub mod controller;
pub mod folder;
pub mod order_system;
pub mod report;
pub mod request;
mod retry;
