//! What kube's watcher does not show of its requests, and what it cannot be told about them: a layer below it.
//!
//! Nothing in its stream says that a watch is open, that a bookmark came, or as of which version a list was; it opens a watch that
//! the server ends at once again without a pause, inside one poll; and neither a line nor a watch without end ends (ADR 16).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use futures::{FutureExt, stream};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::Client;
use kube::api::{ObjectList, WatchEvent};
use kube::client::Body;
use serde::de::IgnoredAny;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tower::{BoxError, Service};

use crate::controller::client::error::DeadlinePassed;
use crate::controller::clock::Clock;
use crate::controller::informer::key::number;

/// A list or a watch may follow the last one after so long; two may follow each other at once, since a watch follows its list.
const REQUEST_INTERVAL: Duration = Duration::from_secs(1);
/// A watch whose end the server does not send ends by itself so long after the time that was agreed.
const SESSION_MARGIN: Duration = Duration::from_secs(5);
/// A server that says nothing for so long is asked again: half a minute after it is well, the watch has to be in step.
const ANSWER_DEADLINE: Duration = Duration::from_secs(15);
/// The server ends a watch at the agreed time, give or take so much.
const END_TOLERANCE: Duration = Duration::from_secs(1);
/// What kube asks for when nothing else is said.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(290);
/// No event is as long as this.
const MAX_LINE_BYTES: usize = 16 << 20;
/// A bookmark is shorter than this: longer lines are events.
const MAX_BOOKMARK_BYTES: usize = 4 << 10;

/// What was noticed below the watcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// The server has answered that a watch is open.
    Opened,
    /// The server has sent everything up to this version.
    Bookmark(u64),
    /// A watch ended; `agreed`: by the server at the agreed time; `silent`: without an event or a bookmark in it.
    Ended { agreed: bool, silent: bool },
    /// The server is behind what it has shown before: its history was reset, as after a restore of etcd.
    HistoryBeganAnew,
}

/// The requests of one watcher.
pub(crate) struct Tap(Mutex<State>);

struct State {
    /// As of which version the last page of a list was.
    listed: u64,
    /// The history has been seen up to here.
    floor: u64,
    /// How far the requests so far reach, a second for each.
    paced: Instant,
}

impl Tap {
    /// A client over `client`, what is known of its requests, and what is noticed meanwhile.
    pub(crate) fn over(client: Client) -> (Client, Arc<Self>, mpsc::UnboundedReceiver<Signal>) {
        let (signals, noticed) = mpsc::unbounded_channel();
        let tap = Arc::new(Self(Mutex::new(State { listed: 0, floor: 0, paced: Clock::instant() })));
        let tapped = Client::new(Tapped { client, tap: tap.clone(), signals }, "default");
        (tapped, tap, noticed)
    }

    /// As of which version the last list was, and whether that is behind what was shown before. From now on it is what counts.
    pub(crate) fn listed(&self) -> (u64, bool) {
        let mut state = self.state();
        let began_anew = state.listed < state.floor;
        state.floor = state.listed;
        (state.listed, began_anew)
    }

    /// When the next request may go out.
    fn pace(&self) -> Instant {
        let mut state = self.state();
        let now = Clock::instant();
        let reach = now.max(state.paced);
        state.paced = reach + REQUEST_INTERVAL;
        now.max(reach - REQUEST_INTERVAL)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone)]
struct Tapped {
    client: Client,
    tap: Arc<Tap>,
    signals: mpsc::UnboundedSender<Signal>,
}

type Answer = UnsyncBoxBody<Bytes, BoxError>;

impl Service<Request<Body>> for Tapped {
    type Response = Response<Answer>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let tapped = self.clone();
        async move { tapped.send(request).await }.boxed()
    }
}

impl Tapped {
    async fn send(self, request: Request<Body>) -> Result<Response<Answer>, BoxError> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let parameter = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
        };
        if parameter("continue").is_none() {
            let wait = self.tap.pace().saturating_duration_since(Clock::instant());
            Clock::sleep(wait).await;
        }
        let watch = parameter("watch") == Some("true");
        if watch {
            let mut state = self.tap.state();
            state.floor = state.floor.max(parameter("resourceVersion").map_or(0, number));
        }
        let answer = tokio::time::timeout(ANSWER_DEADLINE, self.client.send(request)).await;
        let (head, body) = answer.map_err(|_| DeadlinePassed(ANSWER_DEADLINE))??.into_parts();
        if !head.status.is_success() {
            return Ok(Response::from_parts(head, body.map_err(Into::into).boxed_unsync()));
        }
        if watch {
            let seconds = parameter("timeoutSeconds").and_then(|seconds| seconds.parse().ok());
            let session = Session::new(self, seconds.map_or(DEFAULT_TIMEOUT, Duration::from_secs));
            return Ok(Response::from_parts(head, session.follow(body)));
        }
        let bytes = body.collect().await?.to_bytes();
        if let Ok(page) = serde_json::from_slice::<ObjectList<IgnoredAny>>(&bytes) {
            self.tap.state().listed = page.metadata.resource_version.as_deref().map_or(0, number);
        }
        Ok(Response::from_parts(head, Full::new(bytes).map_err(|never| match never {}).boxed_unsync()))
    }

    fn signal(&self, signal: Signal) {
        // Nobody listens once the watch has ended with the operator.
        let _ = self.signals.send(signal);
    }
}

/// One open watch.
struct Session {
    tapped: Tapped,
    agreed_end: Instant,
    silent: bool,
    /// The line that is not whole yet, as far as it may be a bookmark.
    line: BytesMut,
    line_bytes: usize,
}

impl Session {
    fn new(tapped: Tapped, timeout: Duration) -> Self {
        tapped.signal(Signal::Opened);
        let agreed_end = Clock::instant() + timeout;
        Self { tapped, agreed_end, silent: true, line: BytesMut::new(), line_bytes: 0 }
    }

    /// The same body, listened in on.
    fn follow(self, body: Body) -> Answer {
        let frames = stream::unfold((body, self), |(mut body, mut session)| async move {
            let end = session.agreed_end + SESSION_MARGIN;
            let frame = match tokio::time::timeout_at(end, body.frame()).await {
                // kube takes some errors for an orderly end, so that only this signal says that the connection was lost.
                Ok(Some(frame)) => {
                    let heard = frame.map_err(Into::into).and_then(|frame| {
                        frame.data_ref().map_or(Ok(()), |data| session.hear(data)).map(|()| frame)
                    });
                    if heard.is_err() {
                        session.ended(false);
                    }
                    heard
                }
                Ok(None) => {
                    session.ended(Clock::instant() + END_TOLERANCE >= session.agreed_end);
                    return None;
                }
                Err(_) => {
                    session.ended(false);
                    return None;
                }
            };
            Some((frame, (body, session)))
        });
        StreamBody::new(frames).boxed_unsync()
    }

    fn hear(&mut self, data: &[u8]) -> Result<(), BoxError> {
        for part in data.split_inclusive(|byte| *byte == b'\n') {
            self.line_bytes += part.len();
            if self.line_bytes > MAX_LINE_BYTES {
                return Err("a line without end".into());
            }
            if self.line_bytes <= MAX_BOOKMARK_BYTES {
                self.line.extend_from_slice(part);
            }
            if part.ends_with(b"\n") {
                self.whole_line();
            }
        }
        Ok(())
    }

    fn whole_line(&mut self) {
        let line = self.line.split();
        if std::mem::take(&mut self.line_bytes) > MAX_BOOKMARK_BYTES {
            self.silent = false;
            return;
        }
        match serde_json::from_slice::<WatchEvent<IgnoredAny>>(&line) {
            Ok(WatchEvent::Bookmark(bookmark)) => {
                self.silent = false;
                self.bookmark(number(&bookmark.metadata.resource_version));
            }
            Ok(WatchEvent::Added(_) | WatchEvent::Modified(_) | WatchEvent::Deleted(_)) => {
                self.silent = false
            }
            Ok(WatchEvent::Error(_)) | Err(_) => {}
        }
    }

    fn bookmark(&self, version: u64) {
        let mut state = self.tapped.tap.state();
        if version < state.floor {
            drop(state);
            return self.tapped.signal(Signal::HistoryBeganAnew);
        }
        state.floor = version;
        drop(state);
        self.tapped.signal(Signal::Bookmark(version));
    }

    fn ended(&self, agreed: bool) {
        self.tapped.signal(Signal::Ended { agreed, silent: self.silent });
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::pin::pin;

    use futures::StreamExt;
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::Api;
    use kube::api::WatchParams;

    use super::*;

    /// kube says of this one only that the watch ended, as of an orderly end.
    #[tokio::test(start_paused = true)]
    async fn a_connection_that_breaks_is_an_end_before_its_time() {
        let broken = tower::service_fn(|_: Request<Body>| async {
            let error: BoxError = std::io::Error::from(ErrorKind::UnexpectedEof).into();
            let frames = stream::iter([Err::<http_body::Frame<Bytes>, BoxError>(error)]);
            Ok::<_, BoxError>(Response::new(StreamBody::new(frames)))
        });
        let (client, _, mut signals) = Tap::over(Client::new(broken, "n"));
        let config_maps = Api::<ConfigMap>::all(client);
        let mut events = pin!(config_maps.watch(&WatchParams::default().timeout(10), "7").await.unwrap());
        while events.next().await.is_some() {}
        assert_eq!(signals.recv().await, Some(Signal::Opened));
        assert_eq!(signals.recv().await, Some(Signal::Ended { agreed: false, silent: true }));
    }
}
