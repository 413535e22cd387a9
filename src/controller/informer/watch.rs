//! One watch on one kind, without end: kube's watcher, with what it lacks around it (ADR 16).
//!
//! kube lists, follows and resumes. This file says when a new watcher has to list everything again, how long to wait after a
//! failure, and when silence is no peace: a connection may be dead, or wait for a version that the server will not reach.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::SignedDuration;
use kube::Client;
use kube::runtime::watcher::{self, Config, Event, InitialListStrategy, ListSemantic, watcher};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use crate::controller::client::backoff;
use crate::controller::clock::Clock;
use crate::controller::health::Health;
use crate::controller::informer::guarded::{Guarded, Undecodable};
use crate::controller::informer::key::{Key, version};
use crate::controller::informer::kinds::{Kinds, Watched};
use crate::controller::informer::list::PAGE;
use crate::controller::informer::tap::{Signal, Tap};
use crate::controller::metrics::{KindLabels, Metrics};

/// The server ends a watch after so many seconds, and sends a bookmark two seconds before. Spread out, so that the watches are not
/// renewed together. The first end after a list has to come well before [`SILENCE_AFTER_LIST`], since a quiet kind has no bookmark.
const TIMEOUT_SECONDS: std::ops::RangeInclusive<u32> = 14..=17;
/// The same after a silence: the first bookmark says that the watch is in step again.
const TIMEOUT_SECONDS_AFTER_SILENCE: u32 = 8;
/// Without an event, a bookmark or an orderly end for so long, a watch is out of step.
const SILENCE: Duration = Duration::from_secs(40);
/// But a list gives it time for its first bookmark.
const SILENCE_AFTER_LIST: Duration = Duration::from_secs(20);
/// The same once it has been silent.
const SILENCE_AFTER_SILENCE: Duration = Duration::from_secs(12);
/// A watch that was lost and is open for so long is in step again.
const SETTLED: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// After so many failures in a row the place to go on from is not worth keeping.
const MAX_FAILURES: u32 = 4;

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
    /// Everything is listed again after so long, whatever the watch has shown.
    pub(crate) resync: Duration,
    /// Called with the agreements that depend on what changed.
    pub(crate) wake: Box<dyn Fn(BTreeSet<Key>) + Send + Sync>,
}

/// Watches. Never returns.
pub(crate) async fn watch<K: Watched>(informer: Arc<Informer>, scope: Scope) {
    let title = scope.title(K::PLURAL);
    let (client, tap, signals) = Tap::over(informer.client.clone());
    let now = Clock::instant();
    let mut watch = Watch::<K> {
        informer,
        scope,
        title,
        client,
        tap,
        signals,
        highest: 0,
        failures: 0,
        lost: None,
        heard: now,
        opened: None,
        cut: false,
        kind: PhantomData,
    };
    loop {
        watch.follow().await;
    }
}

struct Watch<K> {
    informer: Arc<Informer>,
    scope: Scope,
    title: String,
    client: Client,
    tap: Arc<Tap>,
    signals: UnboundedReceiver<Signal>,
    /// The highest version that this watch has listed or shown.
    highest: u64,
    /// In a row.
    failures: u32,
    lost: Option<Lost>,
    /// When the watch last said something that shows that it is in step.
    heard: Instant,
    /// Since when the watch is open that is open.
    opened: Option<Instant>,
    /// Whether a connection was lost since the last list.
    cut: bool,
    kind: PhantomData<fn() -> K>,
}

/// How a watch got out of step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    /// It failed. It is in step again once it is open.
    Failed,
    /// It was silent. It is in step again once it speaks.
    Silent,
}

/// Why a watch is out of step.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Watcher(#[from] watcher::Error),
    #[error("no event, bookmark or orderly end for {} s", .0.as_secs())]
    Silent(Duration),
    #[error("an event is older than one before it")]
    OutOfOrder,
}

impl Broken {
    /// Whether going on from where the watch was would leave something out, or never succeed.
    fn needs_a_list(&self) -> bool {
        let error = match self {
            Self::Silent(_) | Self::OutOfOrder => return true,
            Self::Watcher(watcher::Error::WatchError(status)) => return needs_a_list(status.code),
            Self::Watcher(watcher::Error::NoResourceVersion) => return true,
            Self::Watcher(
                watcher::Error::InitialListFailed(error)
                | watcher::Error::WatchStartFailed(error)
                | watcher::Error::WatchFailed(error),
            ) => error,
        };
        match error {
            kube::Error::Api(status) => needs_a_list(status.code),
            // A line that is no event: whatever it was is lost.
            kube::Error::SerdeError(_) => true,
            _ => false,
        }
    }
}

/// Gone, as HTTP status or in the stream; not there, while a definition is replaced; "too large resource version" of a server
/// that is behind; 0 of a line that is no event and that kube takes for a status without content.
fn needs_a_list(code: u16) -> bool {
    matches!(code, 0 | 400 | 404 | 410 | 504)
}

/// When everything was listed, and when it has to be again.
#[derive(Clone, Copy)]
struct Listed {
    at: Instant,
    resync: Instant,
}

/// A list that is not complete yet.
struct Initial<K> {
    objects: Vec<Result<K, Undecodable>>,
    /// The number of our own last write before it was asked for.
    since: u64,
}

impl<K: Watched> Watch<K> {
    /// One watcher, until another one has to list everything.
    async fn follow(&mut self) {
        let api = K::api(self.client.clone(), self.scope.namespace.as_deref());
        let mut events = pin!(watcher(api, self.config()));
        let mut initial = None;
        let mut listed = None;
        loop {
            let next = listed.map(|listed| self.next_deadline(listed));
            let deadline = async {
                match next {
                    Some(when) => Clock::sleep(when.saturating_duration_since(Clock::instant())).await,
                    None => std::future::pending().await,
                }
            };
            let outcome = tokio::select! {
                biased;
                event = events.next() => match event {
                    Some(Ok(Event::InitDone)) => {
                        listed = Some(self.listed(initial.take()));
                        Ok(true)
                    }
                    Some(event) => event.map_err(Into::into).and_then(|event| self.event(event, &mut initial)),
                    None => Ok(false),
                },
                Some(signal) = self.signals.recv() => Ok(self.noticed(signal)),
                () = deadline => self.deadline_passed(listed),
            };
            let goes_on = match outcome {
                Ok(goes_on) => goes_on,
                Err(broken) => self.broke(&broken).await,
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Plain lists in pages, of the server's newest state. Bookmarks, since they are what tells silence from death.
    fn config(&self) -> Config {
        let timeout = match self.lost {
            Some(Lost::Silent) => TIMEOUT_SECONDS_AFTER_SILENCE,
            Some(Lost::Failed) | None => rand::random_range(TIMEOUT_SECONDS),
        };
        Config {
            label_selector: self.scope.label.clone(),
            field_selector: self.scope.name.as_ref().map(|name| format!("metadata.name={name}")),
            timeout: Some(timeout),
            list_semantic: ListSemantic::MostRecent,
            initial_list_strategy: InitialListStrategy::ListWatch,
            page_size: Some(PAGE),
            bookmarks: true,
        }
    }

    /// When the watch is settled, too silent, or due for a list.
    fn next_deadline(&self, listed: Listed) -> Instant {
        let settled = self.opened.filter(|_| self.lost == Some(Lost::Failed)).map(|opened| opened + SETTLED);
        let earliest = self.silent_at(listed).min(listed.resync);
        settled.map_or(earliest, |settled| settled.min(earliest))
    }

    fn silent_at(&self, listed: Listed) -> Instant {
        let after_list = match self.lost {
            Some(Lost::Silent) => SILENCE_AFTER_SILENCE,
            Some(Lost::Failed) | None => SILENCE_AFTER_LIST,
        };
        (self.heard + SILENCE).max(listed.at + after_list)
    }

    fn deadline_passed(&mut self, listed: Option<Listed>) -> Result<bool, Broken> {
        let Some(listed) = listed else { return Ok(true) };
        let now = Clock::instant();
        if now >= self.silent_at(listed) {
            return Err(Broken::Silent(self.heard.elapsed()));
        }
        if now >= listed.resync {
            tracing::debug!(watch = self.title, "Resyncing");
            return Ok(false);
        }
        // It is open, and has been silent for no longer than a watch may be.
        self.opened = None;
        if self.heard.elapsed() < SILENCE {
            self.in_step();
        }
        Ok(true)
    }

    fn event(&mut self, event: Event<Guarded<K>>, initial: &mut Option<Initial<K>>) -> Result<bool, Broken> {
        match event {
            Event::Init => *initial = Some(Initial { objects: Vec::new(), since: self.writes() }),
            Event::InitApply(object) => {
                if let Some(initial) = initial {
                    initial.objects.push(object.decoded());
                }
            }
            // Handled where the next list is planned.
            Event::InitDone => {}
            Event::Apply(object) => return self.changed(object.decoded(), true),
            Event::Delete(object) => return self.changed(object.decoded(), false),
        }
        Ok(true)
    }

    /// A list is complete.
    fn listed(&mut self, initial: Option<Initial<K>>) -> Listed {
        let now = Clock::instant();
        let resync = now + self.informer.resync.mul_f64(rand::random_range(0.9..=1.0));
        let Some(Initial { objects, since }) = initial else { return Listed { at: now, resync } };
        let (at, behind) = self.tap.listed();
        let began_anew = behind || at < self.highest;
        if began_anew {
            tracing::warn!(
                watch = self.title,
                version = at,
                seen = self.highest,
                "The API server's history was reset"
            );
        }
        tracing::debug!(watch = self.title, objects = objects.len(), "Listed");
        let scope = &self.scope;
        let affected = self
            .informer
            .kinds
            .update::<K, _>(|store| store.listed(|key| scope.holds(key), objects, since, at, began_anew));
        (self.informer.wake)(affected);
        // Before the first list there was nothing to be silent about.
        if self.highest == 0 {
            self.heard = now;
        }
        self.highest = at;
        self.opened = None;
        self.cut = false;
        self.informer.health.listed(&self.title);
        Listed { at: now, resync }
    }

    fn changed(&mut self, object: Result<K, Undecodable>, exists: bool) -> Result<bool, Broken> {
        let at =
            object.as_ref().map_or_else(|undecodable| undecodable.version, |object| version(object.meta()));
        let affected = self
            .informer
            .kinds
            .update::<K, _>(|store| if exists { store.shown(object) } else { store.gone(&object) });
        (self.informer.wake)(affected);
        if at < self.highest {
            return Err(Broken::OutOfOrder);
        }
        self.highest = at;
        Ok(self.spoke())
    }

    /// False: a new watcher has to list everything.
    fn noticed(&mut self, signal: Signal) -> bool {
        match signal {
            Signal::Opened => self.opened = Some(Clock::instant()),
            Signal::Bookmark(version) => {
                self.informer.kinds.update::<K, _>(|store| {
                    store.see(version);
                    None
                });
                return self.spoke();
            }
            Signal::Ended { agreed: false, .. } => self.cut = true,
            // The server has no bookmark for a kind to which nobody writes. But after a cut it may be one that was restored from an
            // earlier state, and only a list can tell peace from waiting for a version that it has not reached.
            Signal::Ended { agreed: true, silent } => {
                let may_wait_in_vain = silent && self.cut;
                return self.spoke() && !may_wait_in_vain;
            }
            Signal::HistoryBeganAnew => return false,
        }
        true
    }

    /// The watch said something. False if it has short sessions, which it does not need any more.
    fn spoke(&mut self) -> bool {
        let was = self.lost;
        self.heard = Clock::instant();
        self.failures = 0;
        self.in_step();
        was != Some(Lost::Silent)
    }

    fn in_step(&mut self) {
        if self.lost.take().is_some() {
            tracing::info!(watch = self.title, "The watch is in step again");
            self.informer.health.in_step(&self.title);
        }
    }

    /// Counts a failure and waits. False: a new watcher has to list everything.
    async fn broke(&mut self, broken: &Broken) -> bool {
        self.failures += 1;
        self.opened = None;
        self.cut = true;
        let silent = self.heard.elapsed() >= SILENCE;
        let since = if silent { self.heard.elapsed() } else { Duration::ZERO };
        let since = SignedDuration::try_from(since).unwrap_or_default();
        let since = self.informer.clock.now().saturating_sub(since).unwrap_or_default();
        if self.lost != Some(Lost::Silent) {
            self.lost = Some(if silent { Lost::Silent } else { Lost::Failed });
        }
        self.informer.metrics.watch_failures.get_or_create(&KindLabels { kind: K::PLURAL }).inc();
        self.informer.health.lost(&self.title, since, broken.to_string());
        if self.failures > 1 || silent {
            tracing::warn!(
                watch = self.title,
                failures = self.failures,
                error = broken.to_string(),
                "Lost a watch"
            );
        } else {
            tracing::debug!(watch = self.title, error = broken.to_string(), "Lost a watch");
        }
        Clock::sleep(backoff::delay(self.failures - 1, FIRST_PAUSE, MAX_PAUSE)).await;
        !broken.needs_a_list() && self.failures < MAX_FAILURES
    }

    fn writes(&self) -> u64 {
        let mut writes = 0;
        self.informer.kinds.update::<K, _>(|store| {
            writes = store.writes();
            None
        });
        writes
    }
}
