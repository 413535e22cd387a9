//! Which of several operators acts: the one that holds a lease of `coordination.k8s.io/v1`, as controllers of Kubernetes
//! itself do it.
//!
//! Whether a holder is still there is told by its renewals, timed by one's own clock from when they were first seen: clocks of
//! machines differ. A holder stops acting well before anybody else may take its place.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Api;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client::MANAGER;
use super::clock::Clock;
use super::context::Context;
use super::health::Health;
use super::leadership::Leadership;

/// The lease that operators which serve the same namespaces stand for.
#[derive(Clone, Debug)]
pub struct Election {
    /// Namespace of the lease: the operators' own.
    pub namespace: String,
    /// Name of the lease.
    pub name: String,
    /// For so long after its last renewal nobody else takes it. Whole seconds.
    pub duration: Duration,
}

impl Election {
    /// For the lease `countersign`. A holder that vanishes is replaced after 30 seconds.
    #[must_use]
    pub fn in_namespace(namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: "countersign".to_owned(),
            duration: Duration::from_secs(30),
        }
    }

    /// Without a renewal for so long the holder stops acting. What it has under way ends before others may begin.
    fn stops_after(&self) -> Duration {
        self.duration * 2 / 3
    }

    fn renews_every(&self) -> Duration {
        self.duration / 3
    }

    /// How often one that stands by looks, and how long an answer may take: a lost one leaves time for another try.
    fn looks_every(&self) -> Duration {
        self.duration / 6
    }

    fn retries_after(&self) -> Duration {
        self.duration / 15
    }
}

/// Whose lease it is.
enum Holder {
    This,
    Nobody,
    Other,
}

/// Stands for the lease, and keeps it while it has it.
pub(crate) struct Candidate {
    api: Api<Lease>,
    election: Election,
    /// Of this process alone: after a crash even the same pod has to wait for its turn.
    identity: String,
    clock: Clock,
    leadership: Arc<Leadership>,
    health: Health,
    /// As it was written last, while it is ours.
    held: Option<Lease>,
    /// What somebody else wrote last, and since when it is known.
    seen: Option<(LeaseSpec, Instant)>,
    /// Why the lease could not be read or written, said once.
    trouble: Option<String>,
}

impl Candidate {
    pub(crate) fn new(context: &Context, election: Election, instance: &str) -> Self {
        let candidate = Self {
            api: Api::namespaced(context.client.clone(), &election.namespace),
            election,
            identity: format!("{instance}_{:08x}", rand::random::<u32>()),
            clock: context.clock.clone(),
            leadership: context.leadership.clone(),
            health: context.health.clone(),
            held: None,
            seen: None,
            trouble: None,
        };
        candidate.health.listed(&candidate.title());
        candidate
    }

    /// Stands until it is told to stop, then lets go of the lease, so that nobody has to wait for its end.
    pub(crate) async fn stand(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = self.turn().await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = Clock::sleep(pause) => {}
            }
        }
        self.release().await;
    }

    /// Renews the lease, or takes it if it is free. How long until the next look.
    async fn turn(&mut self) -> Duration {
        // The end of the term counts from before the request: nobody knows how long it was on its way.
        let began = Clock::instant();
        let outcome = match tokio::time::timeout(self.election.looks_every(), self.attempt()).await {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_) => Err("no answer came in time".to_owned()),
        };
        match outcome {
            Ok(ours) => {
                self.trouble = None;
                self.health.in_step(&self.title());
                if ours {
                    self.leadership.extend(began + self.election.stops_after());
                    self.election.renews_every()
                } else {
                    self.leadership.give_up();
                    self.election.looks_every()
                }
            }
            Err(error) => {
                self.health.lost(&self.title(), self.clock.now(), error.clone());
                if self.trouble.as_ref() != Some(&error) {
                    tracing::warn!(lease = self.title(), error, "Could not read or write the lease");
                    self.trouble = Some(error);
                }
                self.election.retries_after()
            }
        }
    }

    /// Whether the lease is ours now.
    async fn attempt(&mut self) -> Result<bool, kube::Error> {
        if let Some(held) = &self.held {
            match self.renew(held).await {
                Ok(lease) => {
                    self.held = Some(lease);
                    return Ok(true);
                }
                // Somebody wrote to it or deleted it, or an answer was lost: see what it says now.
                Err(error) if is(&error, 409) || is(&error, 404) => self.held = None,
                Err(error) => return Err(error),
            }
        }
        let Some(lease) = self.api.get_opt(&self.election.name).await? else {
            return self.won(self.create().await);
        };
        let written = match self.holder(&lease) {
            Holder::This => self.renew(&lease).await,
            Holder::Nobody => self.take(&lease).await,
            Holder::Other => return Ok(false),
        };
        self.won(written)
    }

    fn won(&mut self, written: Result<Lease, kube::Error>) -> Result<bool, kube::Error> {
        match written {
            Ok(lease) => {
                self.held = Some(lease);
                self.seen = None;
                Ok(true)
            }
            // Somebody else was faster.
            Err(error) if is(&error, 409) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Who holds it; nobody, where whoever did has not renewed it for as long as it holds.
    fn holder(&mut self, lease: &Lease) -> Holder {
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.clone().unwrap_or_default();
        if holder.is_empty() {
            return Holder::Nobody;
        }
        if holder == self.identity {
            return Holder::This;
        }
        let holds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let holds = holds.map_or(self.election.duration, Duration::from_secs);
        match &self.seen {
            Some((seen, since)) if *seen == spec && since.elapsed() >= holds => Holder::Nobody,
            Some((seen, _)) if *seen == spec => Holder::Other,
            seen => {
                let before = seen.as_ref().and_then(|(spec, _)| spec.holder_identity.as_deref());
                if before != Some(&holder) {
                    tracing::info!(lease = self.title(), holder, "Stood by while another operator leads");
                }
                self.seen = Some((spec, Clock::instant()));
                Holder::Other
            }
        }
    }

    async fn create(&self) -> Result<Lease, kube::Error> {
        let now = MicroTime(self.clock.now());
        let lease = Lease {
            metadata: ObjectMeta { name: Some(self.election.name.clone()), ..ObjectMeta::default() },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                lease_duration_seconds: i32::try_from(self.election.duration.as_secs()).ok(),
                acquire_time: Some(now.clone()),
                renew_time: Some(now),
                lease_transitions: Some(0),
                ..LeaseSpec::default()
            }),
        };
        let parameters = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        self.api.create(&parameters, &lease).await
    }

    async fn renew(&self, lease: &Lease) -> Result<Lease, kube::Error> {
        let now = MicroTime(self.clock.now());
        self.patch(lease, json!({"renewTime": now, "leaseDurationSeconds": self.election.duration.as_secs()}))
            .await
    }

    async fn take(&self, lease: &Lease) -> Result<Lease, kube::Error> {
        let now = MicroTime(self.clock.now());
        let before = lease.spec.as_ref().and_then(|spec| spec.lease_transitions).unwrap_or(0);
        let spec = json!({
            "holderIdentity": self.identity,
            "leaseDurationSeconds": self.election.duration.as_secs(),
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": before.saturating_add(1),
        });
        self.patch(lease, spec).await
    }

    /// Writes on top of what was read, or not at all.
    async fn patch(&self, lease: &Lease, spec: Value) -> Result<Lease, kube::Error> {
        let version = lease.metadata.resource_version.as_deref().unwrap_or_default();
        let patch = json!({"metadata": {"resourceVersion": version}, "spec": spec});
        let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        self.api.patch(&self.election.name, &parameters, &Patch::Merge(patch)).await
    }

    async fn release(self) {
        self.leadership.give_up();
        let Some(held) = &self.held else { return };
        let free = json!({"holderIdentity": null, "renewTime": MicroTime(self.clock.now()), "leaseDurationSeconds": 1});
        match tokio::time::timeout(self.election.looks_every(), self.patch(held, free)).await {
            Ok(Ok(_)) => tracing::info!(lease = self.title(), "Let go of the lease"),
            Ok(Err(error)) => {
                tracing::warn!(
                    lease = self.title(),
                    error = error.to_string(),
                    "Could not let go of the lease"
                );
            }
            Err(_) => tracing::warn!(lease = self.title(), "Could not let go of the lease in time"),
        }
    }

    fn title(&self) -> String {
        format!("lease {}/{}", self.election.namespace, self.election.name)
    }
}

fn is(error: &kube::Error, code: u16) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == code)
}
