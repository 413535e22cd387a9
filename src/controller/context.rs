//! What every part of the shell works with.

use std::sync::Arc;

use jiff::Timestamp;
use kube::Client;
use tokio::sync::Mutex;

use super::cache::Cache;
use super::clock::Clock;
use super::events::Publisher;
use super::guard::Keeper;
use super::health::Health;
use super::leadership::Leadership;
use super::metrics::Metrics;
use super::observe::Linked;
use super::queue::Queue;
use super::refusals::Refusals;
use super::stale::Stale;
use countersign_core::decide::{Observed, Plan};

/// How it is decided. The operator uses [`countersign_core::decide::decide`]; a test of the shell brings its own.
pub type Decide = Arc<dyn Fn(&Observed<'_>, Timestamp) -> Plan + Send + Sync>;

/// What every part of the shell works with.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) clock: Clock,
    pub(crate) decide: Decide,
    /// `None` in a test that does without.
    pub(crate) guard: Option<Arc<Keeper>>,
    pub(crate) leadership: Arc<Leadership>,
    pub(crate) cache: Arc<Cache>,
    pub(crate) queue: Queue,
    pub(crate) refusals: Refusals,
    pub(crate) stale: Stale,
    /// Held by the one agreement that takes a step that cannot be taken back, among those that name others.
    pub(crate) linked: Mutex<Linked>,
    pub(crate) events: Publisher,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
}
