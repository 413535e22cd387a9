//! One watch on one kind, for ever: list, then follow, and begin anew when the server has lost the thread.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use http_body_util::BodyExt;
use kube::Client;
use kube::api::{ListParams, WatchParams};
use kube::client::Body;
use kube::core::Request;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::controller::client::backoff;
use crate::controller::client::error::Error;
use crate::controller::clock::Clock;
use crate::controller::health::Health;
use crate::controller::informer::decode::{RawList, Undecodable, decode};
use crate::controller::informer::key::{Key, number};
use crate::controller::informer::kinds::Kinds;
use crate::controller::informer::kinds::Watched;
use crate::controller::metrics::KindLabels;
use crate::controller::metrics::Metrics;

/// The server sends a bookmark about every minute, but none for a kind that nobody has written to since it started: a
/// connection that is silent for longer may be dead, and only a new one can tell.
const SILENCE: Duration = Duration::from_secs(90);
/// No object is as long as this.
const LONGEST_LINE: usize = 16 << 20;
const PAGE: u32 = 500;
/// After so many failures in a row the place to go on from is not worth keeping.
const PATIENCE: u32 = 4;
/// A watch that ends at once without having said anything counts as a failure.
const SHORT: Duration = Duration::from_secs(5);

/// Which objects of a kind are watched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// Only those in this namespace.
    pub(crate) namespace: Option<String>,
    /// Only the one with this name.
    pub(crate) name: Option<String>,
    /// Only those with this label, as `key=value`.
    pub(crate) label: Option<String>,
}

impl Scope {
    fn holds(&self, key: &Key) -> bool {
        self.namespace.as_deref().is_none_or(|namespace| *namespace == *key.namespace)
            && self.name.as_deref().is_none_or(|name| *name == *key.name)
    }

    /// What the watch is called in logs and probes.
    pub(crate) fn title(&self, plural: &str) -> String {
        match self.namespace.as_deref().or(self.name.as_deref()) {
            Some(part) => format!("{plural} of {part}"),
            None => plural.to_owned(),
        }
    }
}

/// What a watch works with.
pub(crate) struct Informer {
    pub(crate) client: Client,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    pub(crate) kinds: Arc<Kinds>,
    /// Called with the agreements that depend on what changed.
    pub(crate) wake: Box<dyn Fn(BTreeSet<Key>) + Send + Sync>,
}

/// Watches. Never returns.
pub(crate) async fn watch<K: Watched>(informer: Arc<Informer>, scope: Scope, streaming: bool) {
    let title = scope.title(K::PLURAL);
    let request = Request::new(K::url_path(&(), scope.namespace.as_deref()));
    Watch::<K> { informer, scope, title, request, streaming, version: None, failures: 0, kind: PhantomData }
        .run()
        .await;
}

struct Watch<K> {
    informer: Arc<Informer>,
    scope: Scope,
    title: String,
    request: Request,
    /// Whether the server sends the list as part of the watch.
    streaming: bool,
    /// Where to go on from; `None`: begin anew.
    version: Option<String>,
    failures: u32,
    kind: PhantomData<fn() -> K>,
}

/// Why a watch broke off.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Server(#[from] Error),
    #[error("the connection broke: {0}")]
    Connection(String),
    #[error("the server sent what is not a watch event: {0}")]
    Nonsense(String),
    #[error("the watch ended before the list was complete")]
    Incomplete,
    #[error("the server ended the watch at once")]
    Short,
}

impl From<kube::Error> for Broken {
    fn from(error: kube::Error) -> Self {
        Self::Server(error.into())
    }
}

impl<K: Watched> Watch<K> {
    async fn run(mut self) {
        loop {
            let Err(broken) = self.session().await else {
                self.failures = 0;
                continue;
            };
            self.informer.metrics.watch_failures.get_or_create(&KindLabels { kind: K::PLURAL }).inc();
            self.informer.health.lost(&self.title, self.informer.clock.now(), broken.to_string());
            self.failures += 1;
            if self.failures > 1 {
                tracing::warn!(
                    watch = self.title,
                    failures = self.failures,
                    error = broken.to_string(),
                    "Lost a watch"
                );
            } else {
                tracing::debug!(watch = self.title, error = broken.to_string(), "Lost a watch");
            }
            self.learn(&broken);
            Clock::sleep(backoff::delay(
                self.failures - 1,
                Duration::from_millis(500),
                Duration::from_secs(20),
            ))
            .await;
        }
    }

    /// What the failure says about how to go on.
    fn learn(&mut self, broken: &Broken) {
        let code = match broken {
            Broken::Server(error) => error.status().map_or(0, |status| status.code),
            _ => 0,
        };
        let resuming = self.version.is_some();
        // Gone, or "too large resource version" of a server that is behind, as 504 or in the stream.
        if matches!(code, 400 | 410 | 504) || self.failures >= PATIENCE {
            self.version = None;
        }
        // An older server does not know streaming lists.
        if !resuming && matches!(code, 400 | 422) && self.streaming {
            tracing::info!(
                watch = self.title,
                "Went back to paged lists, because the API server does not stream them"
            );
            self.streaming = false;
        }
    }

    /// One connection, from beginning to end.
    async fn session(&mut self) -> Result<(), Broken> {
        let began = Clock::instant();
        let mut heard = false;
        if self.version.is_none() && !self.streaming {
            self.list().await?;
        }
        let mut initial =
            self.version.is_none().then(|| Initial { objects: Vec::new(), since: self.writes() });
        let mut events = self.open(initial.is_some()).await?;
        if initial.is_none() {
            self.informer.health.in_step(&self.title);
        }
        while let Some(line) = events.next().await? {
            heard = true;
            let event: RawEvent<'_> =
                serde_json::from_slice(&line).map_err(|e| Broken::Nonsense(e.to_string()))?;
            match event.kind {
                "BOOKMARK" => {
                    let Bookmark { metadata } = serde_json::from_str(event.object.get())
                        .map_err(|e| Broken::Nonsense(e.to_string()))?;
                    if metadata.annotations.contains_key("k8s.io/initial-events-end")
                        && let Some(initial) = initial.take()
                    {
                        self.listed(initial, &metadata.resource_version);
                        self.informer.health.in_step(&self.title);
                    }
                    if initial.is_none() {
                        self.see(metadata.resource_version);
                    }
                }
                "ERROR" => {
                    let status = serde_json::from_str(event.object.get())
                        .map_err(|e| Broken::Nonsense(e.to_string()))?;
                    return Err(kube::Error::Api(Box::new(status)).into());
                }
                kind => {
                    self.failures = 0;
                    let object = decode::<K>(event.object);
                    match &mut initial {
                        Some(initial) => initial.objects.push(object),
                        None => self.changed(kind, object),
                    }
                }
            }
        }
        match initial {
            Some(_) => Err(Broken::Incomplete),
            None if !heard && began.elapsed() < SHORT => Err(Broken::Short),
            None => Ok(()),
        }
    }

    /// The old way: a list in pages, then a watch from there.
    async fn list(&mut self) -> Result<(), Broken> {
        let mut initial = Initial { objects: Vec::new(), since: self.writes() };
        let mut continue_token = None;
        loop {
            let params = ListParams {
                field_selector: self.fields(),
                label_selector: self.scope.label.clone(),
                limit: Some(PAGE),
                continue_token,
                ..ListParams::default()
            };
            let request = if K::METADATA_ONLY {
                self.request.list_metadata(&params)
            } else {
                self.request.list(&params)
            };
            let request = request.map_err(kube::Error::BuildRequest)?;
            let page: RawList = self.informer.client.request(request).await?;
            initial.objects.extend(page.items.iter().map(|item| decode::<K>(item)));
            continue_token = page.metadata.continue_token.filter(|token| !token.is_empty());
            if continue_token.is_none() {
                let at = page.metadata.resource_version.unwrap_or_default();
                self.listed(initial, &at);
                self.version = Some(at);
                return Ok(());
            }
        }
    }

    async fn open(&self, initial: bool) -> Result<Lines, Broken> {
        let params = WatchParams {
            field_selector: self.fields(),
            label_selector: self.scope.label.clone(),
            // Spread out, so that the watches are not renewed together.
            timeout: Some(rand::random_range(240..300)),
            send_initial_events: initial,
            ..WatchParams::default()
        };
        // No version for a list: the server must not answer from what it saw some time ago.
        let from = self.version.as_deref().unwrap_or_default();
        let request = if K::METADATA_ONLY {
            self.request.watch_metadata(&params, from)
        } else {
            self.request.watch(&params, from)
        };
        let request = request.map_err(kube::Error::BuildRequest)?;
        let answer = self.informer.client.send(request.map(Body::from)).await?;
        let (head, body) = answer.into_parts();
        if head.status.is_success() {
            return Ok(Lines { body, buffer: BytesMut::new(), searched: 0 });
        }
        let body = body.collect_bytes().await?;
        let status = serde_json::from_slice(&body).unwrap_or_else(|_| kube::error::Status {
            code: head.status.as_u16(),
            message: head.status.to_string(),
            ..Default::default()
        });
        Err(kube::Error::Api(Box::new(status)).into())
    }

    fn fields(&self) -> Option<String> {
        self.scope.name.as_ref().map(|name| format!("metadata.name={name}"))
    }

    fn writes(&self) -> u64 {
        let mut writes = 0;
        self.informer.kinds.update::<K, _>(|store| {
            writes = store.writes();
            None
        });
        writes
    }

    fn listed(&self, initial: Initial<K>, at: &str) {
        let Initial { objects, since } = initial;
        tracing::debug!(watch = self.title, objects = objects.len(), "Listed");
        let affected = self
            .informer
            .kinds
            .update::<K, _>(|store| store.listed(|key| self.scope.holds(key), objects, since, number(at)));
        (self.informer.wake)(affected);
        self.informer.health.listed(&self.title);
    }

    fn see(&mut self, version: String) {
        self.informer.kinds.update::<K, _>(|store| {
            store.see(number(&version));
            None
        });
        self.version = Some(version);
    }

    fn changed(&mut self, kind: &str, object: Result<K, Undecodable>) {
        let at = match &object {
            Ok(object) => object.meta().resource_version.clone(),
            Err(unreadable) => unreadable.version.clone(),
        };
        let affected = self.informer.kinds.update::<K, _>(|store| match kind {
            "DELETED" => store.gone(&object),
            _ => store.shown(object),
        });
        (self.informer.wake)(affected);
        self.version = at.or(self.version.take());
    }
}

/// A list that is not complete yet.
struct Initial<K> {
    objects: Vec<Result<K, Undecodable>>,
    since: u64,
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Bookmark {
    metadata: BookmarkMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BookmarkMeta {
    resource_version: String,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

/// An answer that comes line by line.
struct Lines {
    body: Body,
    buffer: BytesMut,
    searched: usize,
}

impl Lines {
    /// The next whole line; `None` at the end, and after a long silence. What was cut off comes again with the next watch.
    async fn next(&mut self) -> Result<Option<BytesMut>, Broken> {
        loop {
            let rest = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(self.searched + end + 1);
                self.searched = 0;
                if line.trim_ascii().is_empty() {
                    continue;
                }
                return Ok(Some(line));
            }
            self.searched = self.buffer.len();
            if self.searched > LONGEST_LINE {
                return Err(Broken::Nonsense("a line without end".to_owned()));
            }
            let Ok(frame) = tokio::time::timeout(SILENCE, self.body.frame()).await else { return Ok(None) };
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(Broken::Connection(error.to_string())),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
            }
        }
    }
}
