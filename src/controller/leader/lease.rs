//! Which of several operators acts: the one that holds a lease of `coordination.k8s.io/v1`, as controllers of Kubernetes
//! itself do it.
//!
//! Whether a holder is still there is told by its renewals, timed by one's own clock from when they were first seen: clocks of
//! machines differ. A holder stops acting well before anybody else may take its place. Why it is ours: ADR 14.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Api;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::controller::client::MANAGER;
use crate::controller::clock::Clock;
use crate::controller::context::Context;
use crate::controller::health::Health;
use crate::controller::leader::leadership::Leadership;

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
    /// For the lease `countersign`. A holder that vanishes is replaced within 40 seconds.
    #[must_use]
    pub fn in_namespace(namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: "countersign".to_owned(),
            duration: Duration::from_secs(30),
        }
    }

    /// Without a renewal for so long the holder stops acting. What it has under way ends before others may begin.
    fn renew_deadline(&self) -> Duration {
        self.duration * 2 / 3
    }

    fn renew_period(&self) -> Duration {
        self.duration / 3
    }

    /// How often one that stands by looks, and how long an answer may take: a lost one leaves time for another try.
    fn polls_every(&self) -> Duration {
        self.duration / 6
    }

    fn retry_period(&self) -> Duration {
        self.duration / 15
    }
}

/// The duration, in seconds, of a lease that its holder let go of.
const RELEASED_DURATION_SECONDS: i32 = 1;

/// The lease as it was written, and when that was asked for.
type Written = Result<(Lease, Instant), Failure>;

/// Why the server did not do what it was asked.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("somebody else wrote first")]
    Conflict,
    #[error("it is not there")]
    Missing,
    #[error("{0}")]
    Other(String),
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
    /// Whether it was said that the lease cannot be read or written.
    troubled: bool,
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
            troubled: false,
        };
        candidate.health.expects_lease(candidate.title());
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
        self.leadership.give_up();
        match self.release().await {
            Ok(true) => tracing::info!(lease = self.title(), "Released the lease"),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(
                    lease = self.title(),
                    error = error.to_string(),
                    "Failed to release the lease; it expires by itself"
                );
            }
        }
    }

    /// Renews the lease, or takes it if it is free. How long until the next look.
    async fn turn(&mut self) -> Duration {
        match self.attempt().await {
            Ok(ours) => {
                self.troubled = false;
                self.health.lease(Ok(()));
                match ours {
                    Some(since) => {
                        self.leadership.extend(since + self.election.renew_deadline());
                        self.election.renew_period()
                    }
                    None => {
                        self.leadership.give_up();
                        self.election.polls_every()
                    }
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.troubled, true) {
                    tracing::warn!(lease = self.title(), error, "Failed to read or write the lease");
                }
                self.health.lease(Err((self.clock.now(), error)));
                self.election.retry_period()
            }
        }
    }

    /// Since when the lease is ours, if it is.
    async fn attempt(&mut self) -> Result<Option<Instant>, String> {
        if let Some(held) = self.held.take() {
            match self.renew(&held).await {
                Ok(written) => return Ok(Some(self.keep(written))),
                // Somebody wrote to it or deleted it, or an answer was lost: see what it says now.
                Err(Failure::Conflict | Failure::Missing) => {}
                Err(Failure::Other(error)) => {
                    self.held = Some(held);
                    return Err(error);
                }
            }
        }
        let written = match self.read().await? {
            None if self.is_vacant(None) => self.create().await,
            None => return Ok(None),
            Some(lease) => match self.holder(&lease) {
                Holder::This => self.renew(&lease).await,
                Holder::Nobody => self.take(&lease).await,
                Holder::Other => return Ok(None),
            },
        };
        match written {
            Ok(written) => Ok(Some(self.keep(written))),
            // Somebody else was faster.
            Err(Failure::Conflict) => Ok(None),
            Err(failure) => Err(failure.to_string()),
        }
    }

    fn keep(&mut self, (lease, since): (Lease, Instant)) -> Instant {
        self.held = Some(lease);
        self.seen = None;
        since
    }

    /// Who holds it: nobody, if the last holder has not renewed it within its duration.
    fn holder(&mut self, lease: &Lease) -> Holder {
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.clone().unwrap_or_default();
        if holder == self.identity {
            return Holder::This;
        }
        let seen = self.seen.as_ref().map(|(seen, _)| seen);
        if !holder.is_empty() && seen != Some(&spec) {
            if seen.and_then(|seen| seen.holder_identity.as_ref()) != Some(&holder) {
                tracing::info!(lease = self.title(), holder, "Standing by: another operator holds the lease");
            }
            self.seen = Some((spec, Clock::instant()));
            return Holder::Other;
        }
        if self.is_vacant(Some(&spec)) { Holder::Nobody } else { Holder::Other }
    }

    /// Whether the last holder's term is over. It is if the holder released the lease, and not if the lease was deleted or emptied
    /// behind its back. The duration in the lease does not matter: anyone with the right to write it may have set it.
    fn is_vacant(&self, now: Option<&LeaseSpec>) -> bool {
        let released = now.is_some_and(|spec| {
            spec.holder_identity.is_none() && spec.lease_duration_seconds == Some(RELEASED_DURATION_SECONDS)
        });
        released || self.seen.as_ref().is_none_or(|(_, since)| since.elapsed() >= self.election.duration)
    }

    async fn read(&self) -> Result<Option<Lease>, String> {
        match self.within(self.api.get_opt(&self.election.name)).await {
            Ok((lease, _)) => Ok(lease),
            Err(failure) => Err(failure.to_string()),
        }
    }

    async fn create(&self) -> Written {
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
        self.within(self.api.create(&parameters, &lease)).await
    }

    async fn renew(&self, lease: &Lease) -> Written {
        let now = MicroTime(self.clock.now());
        let seconds = self.election.duration.as_secs();
        self.patch(lease, json!({"renewTime": now, "leaseDurationSeconds": seconds})).await
    }

    async fn take(&self, lease: &Lease) -> Written {
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

    /// Lets go of the lease, if it is ours.
    async fn release(&self) -> Result<bool, Failure> {
        let now = MicroTime(self.clock.now());
        let free = json!({"holderIdentity": null, "renewTime": now, "leaseDurationSeconds": RELEASED_DURATION_SECONDS});
        if let Some(held) = &self.held {
            match self.patch(held, free.clone()).await {
                Err(Failure::Conflict) => {}
                released => return released.map(|_| true),
            }
        }
        // The answer to the last write may have been lost.
        let lease = self.read().await.map_err(Failure::Other)?;
        let holder = |lease: &Lease| lease.spec.as_ref().and_then(|spec| spec.holder_identity.clone());
        match lease.filter(|lease| holder(lease).as_ref() == Some(&self.identity)) {
            Some(lease) => self.patch(&lease, free).await.map(|_| true),
            None => Ok(false),
        }
    }

    /// Writes on top of what was read, or not at all.
    async fn patch(&self, lease: &Lease, spec: Value) -> Written {
        let version = lease.metadata.resource_version.as_deref().unwrap_or_default();
        let patch = json!({"metadata": {"resourceVersion": version}, "spec": spec});
        let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        self.within(self.api.patch(&self.election.name, &parameters, &Patch::Merge(patch))).await
    }

    /// What is answered in time, and when it was asked: the time that a term counts from, as nobody knows how long a request was
    /// on its way.
    async fn within<T>(
        &self,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<(T, Instant), Failure> {
        let asked = Clock::instant();
        match tokio::time::timeout(self.election.polls_every(), request).await {
            Ok(Ok(answer)) => Ok((answer, asked)),
            Ok(Err(kube::Error::Api(status))) if status.code == 409 => Err(Failure::Conflict),
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => Err(Failure::Missing),
            Ok(Err(error)) => Err(Failure::Other(error.to_string())),
            Err(_) => Err(Failure::Other("no answer came in time".to_owned())),
        }
    }

    fn title(&self) -> String {
        format!("lease {}/{}", self.election.namespace, self.election.name)
    }
}
