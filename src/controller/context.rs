//! What every part of the shell works with.

use std::sync::Arc;

use jiff::Timestamp;
use kube::Client;
use tokio::sync::Mutex;

use crate::controller::clock::Clock;
use crate::controller::events::Publisher;
use crate::controller::guard::GuardMonitor;
use crate::controller::health::Health;
use crate::controller::informer::kinds::Kinds;
use crate::controller::leader::leadership::Leadership;
use crate::controller::metrics::Metrics;
use crate::controller::reconcile::conflicts::Conflicts;
use crate::controller::reconcile::linked::Linked;
use crate::controller::reconcile::queue::Queue;
use crate::controller::reconcile::rejected_creates::RejectedCreates;
use countersign_core::decide::{Observed, Plan};

/// How it is decided. The operator uses [`countersign_core::decide::decide`]; a test of the shell brings its own.
pub type Decide = Arc<dyn Fn(&Observed<'_>, Timestamp) -> Plan + Send + Sync>;

/// What every part of the shell works with.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) clock: Clock,
    pub(crate) decide: Decide,
    /// `None` in a test that does without.
    pub(crate) guard: Option<Arc<GuardMonitor>>,
    pub(crate) leadership: Arc<Leadership>,
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) queue: Queue,
    pub(crate) rejected_creates: RejectedCreates,
    pub(crate) conflicts: Conflicts,
    /// Held by the one agreement that takes a step that cannot be taken back, among those that name others.
    pub(crate) linked: Mutex<Linked>,
    pub(crate) events: Publisher,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
}
