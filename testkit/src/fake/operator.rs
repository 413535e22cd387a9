//! An operator over the fake API server.

use std::sync::Arc;
use std::time::Duration;

use countersign::controller::{Clock, Election, Error, Metrics, Options, run_over};
use countersign_core::decide::{Observed, Plan};
use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Server;

pub struct Operator {
    pub metrics: Metrics,
    pub health: countersign::controller::Health,
    pub clock: Clock,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), Error>>,
}

impl Operator {
    /// Starts one that decides like this.
    pub fn start(
        server: &Server,
        decide: impl Fn(&Observed<'_>, Timestamp) -> Plan + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(server, decide, false)
    }

    /// Starts one that looks after the admission policies.
    pub fn start_guarded(server: &Server) -> Self {
        Self::start_with(server, countersign_core::decide::decide, true)
    }

    /// Starts one that stands for the lease of its namespace before it acts.
    pub fn start_elected(
        server: &Server,
        decide: impl Fn(&Observed<'_>, Timestamp) -> Plan + Send + Sync + 'static,
    ) -> Self {
        let election = Some(Election::in_namespace("n"));
        Self::begin(
            server,
            Options { decide: Arc::new(decide), guarded: false, election, ..Options::default() },
        )
    }

    /// Starts one that lists everything again after so many seconds.
    pub fn start_resyncing(
        server: &Server,
        seconds: u64,
        decide: impl Fn(&Observed<'_>, Timestamp) -> Plan + Send + Sync + 'static,
    ) -> Self {
        let resync = Duration::from_secs(seconds);
        Self::begin(
            server,
            Options { decide: Arc::new(decide), guarded: false, resync, ..Options::default() },
        )
    }

    pub fn start_with(
        server: &Server,
        decide: impl Fn(&Observed<'_>, Timestamp) -> Plan + Send + Sync + 'static,
        guarded: bool,
    ) -> Self {
        Self::begin(server, Options { decide: Arc::new(decide), guarded, ..Options::default() })
    }

    fn begin(server: &Server, options: Options) -> Self {
        let clock = Clock::starting_at("2026-06-01T00:00:00Z".parse().unwrap());
        let options = Options { clock: clock.clone(), ..options };
        let (metrics, health) = (options.metrics.clone(), options.health.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(run_over(options, server.clone(), async {
            let _ = stopped.await;
        }));
        Self { metrics, health, clock, stop: Some(stop), task }
    }

    pub async fn stop(mut self) -> Result<(), Error> {
        drop(self.stop.take());
        self.task.await.unwrap()
    }

    /// Ends it in the middle of whatever it does.
    pub fn crash(self) {
        self.task.abort();
    }

    pub fn is_ready(&self) -> bool {
        self.health.readiness(&self.clock).is_ok()
    }

    /// The value of a metric, by the beginning of its line.
    pub fn metric(&self, line: &str) -> String {
        let text = self.metrics.render().unwrap();
        let value = text.lines().find_map(|found| found.strip_prefix(line)).unwrap_or_default();
        value.trim().to_owned()
    }
}
