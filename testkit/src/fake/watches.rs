//! Watches as their client reads them, and the ways in which they fail without a word.
#![expect(clippy::disallowed_methods, reason = "a server has a clock of its own")]

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// The real server sends a bookmark so long before the end that the client asked for.
const BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);
const TRICKLE: Duration = Duration::from_secs(15);

/// How watches on a kind fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing comes any more, not even the end.
    Dead,
    /// This comes every 15 seconds, and nothing else.
    Trickles(&'static str),
    /// A line that does not end.
    Endless,
    /// The server ends it as soon as it is open.
    EndsAtOnce,
    /// The server does not even answer that it is open, nor lists.
    NeverAnswers,
}

/// The server's end of a watch.
pub(crate) struct Watch {
    pub(crate) plural: String,
    /// What is not newer was sent when it was opened.
    opened_at: u64,
    events: mpsc::UnboundedSender<Value>,
    fault: watch::Sender<Option<Fault>>,
}

impl Watch {
    /// One that follows version `from` while the server is at version `now`, and its client's end.
    pub(crate) fn open(
        plural: &str,
        from: u64,
        now: u64,
        timeout: Duration,
        fault: Option<Fault>,
    ) -> (Self, Session) {
        let (sender, events) = mpsc::unbounded_channel();
        let (faults, told) = watch::channel(fault);
        let end = Instant::now() + timeout;
        let session = Session {
            events,
            faults: told,
            sent: (from <= now).then_some(now),
            end,
            bookmark: Some(end - BOOKMARK_BEFORE_END),
        };
        (Self { plural: plural.to_owned(), opened_at: now, events: sender, fault: faults }, session)
    }

    /// Sends an event, whatever it is. False if nobody reads any more.
    pub(crate) fn send(&self, event: &Value) -> bool {
        self.events.send(event.clone()).is_ok()
    }

    /// The same, unless it was sent when the watch was opened.
    pub(crate) fn tell(&self, event: &Value) -> bool {
        version_of(&event["object"]) <= self.opened_at || self.send(event)
    }

    pub(crate) fn fails(&self, fault: Fault) {
        self.fault.send_replace(Some(fault));
    }
}

/// The client's end of a watch.
pub(crate) struct Session {
    events: mpsc::UnboundedReceiver<Value>,
    faults: watch::Receiver<Option<Fault>>,
    /// Everything up to here was sent. `None`: the server is not as far as the client says that it has seen.
    sent: Option<u64>,
    end: Instant,
    /// When the next bookmark is due.
    bookmark: Option<Instant>,
}

impl Session {
    /// The next piece of text; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<String> {
        let mut faults = self.faults.clone();
        loop {
            let fault = *faults.borrow_and_update();
            if fault.is_some() {
                return failing(fault).await;
            }
            let due = self.bookmark.filter(|_| self.sent.is_some());
            tokio::select! {
                biased;
                Ok(()) = faults.changed() => {}
                event = self.events.recv() => {
                    let event = event?;
                    let version = event["object"]["metadata"]["resourceVersion"].is_string().then(|| version_of(&event["object"]));
                    self.sent = self.sent.max(version);
                    return Some(format!("{event}\n"));
                }
                () = at(due.unwrap_or(self.end)), if due.is_some() => {
                    self.bookmark = None;
                    let metadata = json!({"resourceVersion": self.sent.unwrap_or_default().to_string()});
                    let bookmark = json!({"kind": "X", "apiVersion": "v1", "metadata": metadata});
                    return Some(format!("{}\n", json!({"type": "BOOKMARK", "object": bookmark})));
                }
                () = at(self.end) => return None,
            }
        }
    }
}

async fn failing(fault: Option<Fault>) -> Option<String> {
    match fault {
        Some(Fault::Trickles(text)) => {
            at(Instant::now() + TRICKLE).await;
            Some(text.to_owned())
        }
        Some(Fault::Endless) => Some("x".repeat(1 << 20)),
        Some(Fault::EndsAtOnce) => None,
        Some(Fault::Dead | Fault::NeverAnswers) | None => std::future::pending().await,
    }
}

async fn at(when: Instant) {
    let _ = tokio::time::timeout_at(when, std::future::pending::<()>()).await;
}

/// The version of an object. What has none is sent to everybody.
pub(crate) fn version_of(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"]
        .as_str()
        .and_then(|version| version.parse().ok())
        .unwrap_or(u64::MAX)
}
