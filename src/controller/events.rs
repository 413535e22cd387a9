//! Tells people what agreement_events, as Kubernetes events. Off the critical path: nothing waits for them, and some may be lost.
//!
//! kube's `Recorder` puts what happens again within six minutes into a series under the first note, and the second note is lost (ADR 16).

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client, Resource};
use tokio::sync::mpsc;

use crate::controller::client::MANAGER;
use crate::controller::metrics::Metrics;
use countersign_api::{AgreementDecision, CustomerAgreement, OrderRequest};
use countersign_core::decide::{Notice, Related, Severity};

/// Events that may wait. Beyond that they are dropped and counted.
const QUEUE_CAPACITY: usize = 1_024;
/// The server takes no longer note.
const MAX_NOTE_BYTES: usize = 1_023;

/// Where events are handed in.
#[derive(Clone)]
pub(crate) struct Publisher {
    queue: mpsc::Sender<Event>,
    instance: String,
    metrics: Metrics,
}

impl Publisher {
    /// A publisher, and the end from which [`publish`] takes what is handed in.
    pub(crate) fn new(instance: &str, metrics: Metrics) -> (Self, mpsc::Receiver<Event>) {
        let (queue, events) = mpsc::channel(QUEUE_CAPACITY);
        (Self { queue, instance: cut(instance, 128).to_owned(), metrics }, events)
    }

    /// Hands an event about an agreement in.
    pub(crate) fn publish(&self, agreement: &CustomerAgreement, notice: &Notice, now: Timestamp) {
        self.hand_in(event(agreement.object_ref(&()), notice, &self.instance, now));
    }

    /// Hands an event about the operator itself in: about the namespace that it runs in.
    pub(crate) fn publish_own(&self, namespace: &str, notice: &Notice, now: Timestamp) {
        let regarding = ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Namespace".to_owned()),
            name: Some(namespace.to_owned()),
            namespace: Some(namespace.to_owned()),
            ..ObjectReference::default()
        };
        self.hand_in(event(regarding, notice, &self.instance, now));
    }

    fn hand_in(&self, event: Event) {
        if self.queue.try_send(event).is_err() {
            self.metrics.events_dropped.inc();
        }
    }
}

/// Writes the events one after the other, so that they never crowd out anything else. Ends when the publisher is gone.
pub(crate) async fn publish(client: Client, mut events: mpsc::Receiver<Event>, metrics: Metrics) {
    while let Some(event) = events.recv().await {
        let namespace = event.metadata.namespace.clone().unwrap_or_default();
        let api = Api::<Event>::namespaced(client.clone(), &namespace);
        match api.create(&PostParams::default(), &event).await {
            Ok(_) => {
                metrics.events_published.inc();
            }
            Err(error) => {
                metrics.events_dropped.inc();
                tracing::debug!(namespace, error = error.to_string(), "Failed to write an event");
            }
        }
    }
}

fn event(regarding: ObjectReference, notice: &Notice, instance: &str, now: Timestamp) -> Event {
    let Notice { severity, reason, action, note, related } = notice;
    let namespace = regarding.namespace.clone();
    let name = regarding.name.as_deref().unwrap_or_default();
    Event {
        metadata: ObjectMeta {
            name: Some(format!("{}.{:016x}", cut(name, 236), rand::random::<u64>())),
            namespace: namespace.clone(),
            ..ObjectMeta::default()
        },
        event_time: Some(MicroTime(now)),
        reporting_controller: Some(MANAGER.to_owned()),
        reporting_instance: Some(instance.to_owned()),
        reason: Some((*reason).to_owned()),
        action: Some((*action).to_owned()),
        note: Some(cut(note, MAX_NOTE_BYTES).to_owned()),
        type_: Some(
            match severity {
                Severity::Normal => "Normal",
                Severity::Warning => "Warning",
            }
            .to_owned(),
        ),
        related: related.as_ref().map(|related| match related {
            Related::Decision(name) => reference::<AgreementDecision>(namespace, name),
            Related::OrderRequest(name) => reference::<OrderRequest>(namespace, name),
        }),
        regarding: Some(regarding),
        ..Event::default()
    }
}

fn reference<K: Resource<DynamicType = ()>>(namespace: Option<String>, name: &str) -> ObjectReference {
    ObjectReference {
        api_version: Some(K::api_version(&()).into_owned()),
        kind: Some(K::kind(&()).into_owned()),
        namespace,
        name: Some(name.to_owned()),
        ..ObjectReference::default()
    }
}

/// At most so many bytes of `text`, and no half character.
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default()
}
