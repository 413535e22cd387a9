//! The way to the API server: a deadline on every call, retries by verb, and everything counted.
//!
//! kube's own retry repeats a create, and waits as long as any server says (ADR 16, `tests/shell/kube_lacks.rs`).

pub(crate) mod backoff;
mod clock_skew;
pub(crate) mod error;
pub(crate) mod startup;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use kube::Client;
use kube::client::{Body, ClientBuilder};
use tower::buffer::Buffer;
use tower::{BoxError, Service, ServiceExt};

use crate::controller::client::clock_skew::ClockSkew;
use crate::controller::client::error::{DeadlinePassed, Error};
use crate::controller::clock::Clock;
use crate::controller::metrics::{Metrics, RequestLabels, WriteLabels};

/// The name under which the server records our writes.
pub(crate) const MANAGER: &str = "countersign";
/// From sending a request to the last byte of its answer; for a watch, to the first.
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);
/// A list may be long.
const LIST_DEADLINE: Duration = Duration::from_secs(30);
/// No page of a list is as long as this. What is longer is not held in memory.
const MAX_ANSWER_BYTES: usize = 256 << 20;
/// How often a request that may be repeated is sent in all.
const MAX_ATTEMPTS: u32 = 3;
/// A server may ask for patience, but not for more than this: other agreements wait behind this one.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(5);
/// Requests that may wait for a free connection.
const MAX_WAITING_REQUESTS: usize = 256;

type Answer = UnsyncBoxBody<Bytes, BoxError>;

/// A client for the server that `config` names.
pub(crate) fn connect(mut config: kube::Config, metrics: &Metrics, clock: &Clock) -> Result<Client, Error> {
    // kube's own policy repeats a POST and waits as long as any server says.
    config.default_retry = false;
    let builder = ClientBuilder::try_from(config).map_err(|error| Error::Connection(Box::new(error)))?;
    Ok(builder.with_layer(&tower::layer::layer_fn(|service| calls(service, metrics, clock))).build())
}

/// A client over any transport, for tests.
pub(crate) fn over<S, B>(transport: S, metrics: &Metrics, clock: &Clock) -> Client
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Send + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Client::new(calls(transport, metrics, clock), "default")
}

fn calls<S>(transport: S, metrics: &Metrics, clock: &Clock) -> Calls<S::Future>
where
    S: Service<Request<Body>, Error = BoxError> + Send + 'static,
    S::Future: Send + 'static,
{
    Calls {
        transport: Buffer::new(transport, MAX_WAITING_REQUESTS),
        metrics: metrics.clone(),
        clock_skew: Arc::new(ClockSkew::new(clock.clone(), metrics.clone())),
    }
}

/// Sends requests within their deadline and repeats those that may be repeated.
struct Calls<F> {
    transport: Buffer<Request<Body>, F>,
    metrics: Metrics,
    clock_skew: Arc<ClockSkew>,
}

impl<F> Clone for Calls<F>
where
    Buffer<Request<Body>, F>: Clone,
{
    fn clone(&self) -> Self {
        Self {
            transport: self.transport.clone(),
            metrics: self.metrics.clone(),
            clock_skew: self.clock_skew.clone(),
        }
    }
}

impl<F, B> Service<Request<Body>> for Calls<F>
where
    F: Future<Output = Result<Response<B>, BoxError>> + Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Answer>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let calls = self.clone();
        async move { calls.send(request).await }.boxed()
    }
}

impl<F, B> Calls<F>
where
    F: Future<Output = Result<Response<B>, BoxError>> + Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    async fn send(self, request: Request<Body>) -> Result<Response<Answer>, BoxError> {
        let began = Clock::instant();
        let call = Call::of(&request);
        let (parts, body) = request.into_parts();
        let mut attempt = 0;
        loop {
            let Some(copy) = body.try_clone() else {
                return self.once(&call, Request::from_parts(parts, body), call.deadline()).await;
            };
            let left = call.deadline().saturating_sub(began.elapsed());
            let outcome = self.once(&call, Request::from_parts(parts.clone(), copy), left).await;
            attempt += 1;
            let pause = if attempt < MAX_ATTEMPTS { call.pause(&outcome, attempt) } else { None };
            // What is sent rests on what was known at the first attempt, and the lease may be another's soon.
            let Some(pause) = pause.filter(|pause| began.elapsed() + *pause < REQUEST_DEADLINE) else {
                return outcome;
            };
            tracing::debug!(verb = call.verb, resource = %call.resource, ?pause, "Repeated a request");
            Clock::sleep(pause).await;
        }
    }

    async fn once(
        &self,
        call: &Call,
        request: Request<Body>,
        limit: Duration,
    ) -> Result<Response<Answer>, BoxError> {
        let outcome = tokio::time::timeout(limit, self.exchange(call, request))
            .await
            .unwrap_or_else(|_| Err(DeadlinePassed(limit).into()));
        let code = match &outcome {
            Ok(answer) => answer.status().as_u16().to_string(),
            Err(error) if error.is::<DeadlinePassed>() => "deadline".to_owned(),
            Err(_) => "error".to_owned(),
        };
        self.metrics.requests.get_or_create(&RequestLabels::new(call.verb, &call.resource, code)).inc();
        if let Ok(answer) = &outcome {
            self.clock_skew.measure(header(answer.headers(), DATE));
            if call.writes() && answer.status().is_success() {
                self.metrics.writes.get_or_create(&WriteLabels::new(call.verb, &call.resource)).inc();
            }
        }
        outcome
    }

    /// Plain answers are read to the end here, so that the deadline holds for every byte of them.
    async fn exchange(&self, call: &Call, request: Request<Body>) -> Result<Response<Answer>, BoxError> {
        let mut transport = self.transport.clone();
        let (head, body) = transport.ready().await?.call(request).await?.into_parts();
        if call.verb == "watch" && head.status.is_success() {
            return Ok(Response::from_parts(head, body.map_err(Into::into).boxed_unsync()));
        }
        let bytes = Limited::new(body, MAX_ANSWER_BYTES).collect().await?.to_bytes();
        let body = Full::new(bytes).map_err(|never| match never {}).boxed_unsync();
        Ok(Response::from_parts(head, body))
    }
}

/// What a request is about, as far as it decides how it is treated and counted.
struct Call {
    verb: &'static str,
    resource: String,
}

impl Call {
    fn of(request: &Request<Body>) -> Self {
        let mut parts = request.uri().path().split('/').filter(|part| !part.is_empty());
        let group_parts = match parts.next() {
            Some("apis") => 2,
            Some("api") => 1,
            _ => 0,
        };
        let mut rest = parts.skip(group_parts).peekable();
        if group_parts > 0 && rest.peek() == Some(&"namespaces") {
            let (namespaces, namespace) = (rest.next(), rest.next());
            // `/namespaces` and `/namespaces/x` are about namespaces themselves.
            if rest.peek().is_none() {
                return Self::about(request, namespaces, namespace, None);
            }
        }
        let resource = if group_parts > 0 { rest.next() } else { None };
        Self::about(request, resource, rest.next(), rest.next())
    }

    fn about(
        request: &Request<Body>,
        resource: Option<&str>,
        name: Option<&str>,
        subresource: Option<&str>,
    ) -> Self {
        let asks = |what: &str| request.uri().query().is_some_and(|query| query.contains(what));
        let (watch, dry_run) = (asks("watch=true"), asks("dryRun="));
        let verb = match *request.method() {
            Method::GET if watch => "watch",
            Method::GET if name.is_none() && resource.is_some() => "list",
            Method::GET => "get",
            // Neither stores anything.
            Method::POST if dry_run => "dry-run",
            Method::POST if resource == Some("selfsubjectreviews") => "review",
            Method::POST => "create",
            Method::PATCH => "patch",
            Method::PUT => "update",
            Method::DELETE => "delete",
            _ => "other",
        };
        let resource = match (resource, subresource) {
            (Some(resource), Some(subresource)) => format!("{resource}/{subresource}"),
            (Some(resource), None) => resource.to_owned(),
            (None, _) => "none".to_owned(),
        };
        Self { verb, resource }
    }

    /// How long all attempts together may take.
    fn deadline(&self) -> Duration {
        if self.verb == "list" { LIST_DEADLINE } else { REQUEST_DEADLINE }
    }

    fn writes(&self) -> bool {
        matches!(self.verb, "create" | "patch" | "update" | "delete")
    }

    /// Whether sending it twice is the same as sending it once. Our patches carry the resource version that they are
    /// based on. A create that may have agreement_events is found by the next reconcile under its name. A watch has a loop of
    /// its own that knows where to go on.
    fn may_repeat(&self) -> bool {
        matches!(self.verb, "get" | "list" | "patch")
    }

    /// How long to wait before sending it again; `None` when this outcome stands. No second try after a deadline: that
    /// would hold a worker for as long again.
    fn pause<B>(&self, outcome: &Result<Response<B>, BoxError>, attempt: u32) -> Option<Duration> {
        if !self.may_repeat() {
            return None;
        }
        let asked = match outcome {
            Ok(answer) => match answer.status() {
                StatusCode::TOO_MANY_REQUESTS
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT => header(answer.headers(), RETRY_AFTER)
                    .and_then(|seconds| seconds.parse().ok())
                    .map(Duration::from_secs),
                _ => return None,
            },
            Err(error) if error.is::<DeadlinePassed>() => return None,
            Err(_) => None,
        };
        let own = backoff::delay(attempt - 1, Duration::from_millis(200), MAX_RETRY_DELAY);
        Some(asked.map_or(own, |asked| asked.clamp(own, MAX_RETRY_DELAY)))
    }
}

fn header(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, uri: &str) -> (&'static str, String) {
        let request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
        let Call { verb, resource } = Call::of(&request);
        (verb, resource)
    }

    #[test]
    fn requests_are_named_as_the_server_names_them() {
        let v = "/apis/countersign.dev/v1alpha1";
        for (method, uri, verb, resource) in [
            ("GET", format!("{v}/namespaces/n/agreementdecisions?limit=5"), "list", "agreementdecisions"),
            ("GET", format!("{v}/customeragreements?watch=true"), "watch", "customeragreements"),
            (
                "PATCH",
                format!("{v}/namespaces/n/customeragreements/a/status?"),
                "patch",
                "customeragreements/status",
            ),
            ("POST", format!("{v}/namespaces/n/orderrequests?"), "create", "orderrequests"),
            (
                "POST",
                format!("{v}/namespaces/n/agreementdecisions?&dryRun=All"),
                "dry-run",
                "agreementdecisions",
            ),
            (
                "POST",
                "/apis/authentication.k8s.io/v1/selfsubjectreviews?".to_owned(),
                "review",
                "selfsubjectreviews",
            ),
            ("GET", v.to_owned(), "get", "none"),
            ("GET", "/version".to_owned(), "get", "none"),
            ("GET", "/api/v1/namespaces?watch=true".to_owned(), "watch", "namespaces"),
            ("GET", "/api/v1/namespaces/n".to_owned(), "get", "namespaces"),
        ] {
            assert_eq!(call(method, &uri), (verb, resource.to_owned()), "{method} {uri}");
        }
    }

    #[test]
    fn a_server_may_ask_for_patience_but_not_for_a_day() {
        let busy: Result<_, BoxError> =
            Ok(Response::builder().status(503).header("retry-after", "86400").body(()).unwrap());
        let patch = Call { verb: "patch", resource: String::new() };
        assert_eq!(patch.pause(&busy, 1), Some(MAX_RETRY_DELAY));
        let create = Call { verb: "create", resource: String::new() };
        assert_eq!(create.pause(&busy, 1), None, "a create is never repeated");
    }
}
