//! An API server of a few hundred lines: it keeps objects, answers watches, and can be told to misbehave.

pub mod operator;
pub mod watches;

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use countersign::admission;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::{BoxError, Service};

pub use watches::Fault;
use watches::{Watch, version_of};

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub query: String,
    pub body: Value,
}

impl Seen {
    pub fn is(&self, method: &str, path_end: &str) -> bool {
        self.method == method && self.path.ends_with(path_end)
    }

    /// A parameter of the query.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub fn is_watch(&self) -> bool {
        self.parameter("watch") == Some("true")
    }

    pub fn is_list(&self) -> bool {
        self.parameter("limit").is_some()
    }
}

/// An answer in the server's place, for the next request that fits.
#[derive(Clone, Debug)]
pub struct Script {
    pub method: &'static str,
    pub path_end: String,
    pub status: u16,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: Value,
    /// The server does what was asked and answers this all the same.
    pub after: bool,
    /// No answer ever.
    pub hang: bool,
    /// What the server says by itself, so many seconds later.
    pub slow: Option<u64>,
}

impl Script {
    pub fn new(method: &'static str, path_end: &str, status: u16, reason: &str, message: &str) -> Self {
        let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": status, "reason": reason, "message": message});
        Self {
            method,
            path_end: path_end.to_owned(),
            status,
            headers: Vec::new(),
            body,
            after: false,
            hang: false,
            slow: None,
        }
    }
}

/// Everything that a server keeps, at one moment.
#[derive(Clone)]
pub struct Backup {
    version: u64,
    objects: BTreeMap<String, BTreeMap<(String, String), Value>>,
}

#[derive(Clone)]
pub struct Server {
    state: Arc<Mutex<State>>,
    requests: Arc<watch::Sender<usize>>,
}

struct State {
    version: u64,
    /// By plural, then by namespace and name.
    objects: BTreeMap<String, BTreeMap<(String, String), Value>>,
    watches: Vec<Watch>,
    /// How watches on a kind fail, by plural.
    faults: BTreeMap<String, Fault>,
    held: Option<Vec<(String, Value)>>,
    log: Vec<Seen>,
    scripts: VecDeque<Script>,
    serves: bool,
    /// Whether a forged decision is let through.
    forgeable: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Server {
    pub fn new() -> Self {
        let mut objects = BTreeMap::new();
        let namespace = json!({"metadata": {"name": "n", "uid": "ns", "resourceVersion": "1", "labels": {}}});
        objects
            .insert("namespaces".to_owned(), BTreeMap::from([((String::new(), "n".to_owned()), namespace)]));
        let state = State {
            version: 100,
            objects,
            watches: Vec::new(),
            faults: BTreeMap::new(),
            held: None,
            log: Vec::new(),
            scripts: VecDeque::new(),
            serves: true,
            forgeable: false,
        };
        Self { state: Arc::new(Mutex::new(state)), requests: Arc::new(watch::Sender::new(0)) }
    }

    pub fn serves_kinds(&self, serves: bool) {
        self.state.lock().unwrap().serves = serves;
    }

    pub fn lets_forgeries_through(&self, forgeable: bool) {
        self.state.lock().unwrap().forgeable = forgeable;
    }

    /// Watches on a kind that are open, and those that are opened from now on, fail like this. Such a watch never gets well.
    pub fn fails(&self, plural: &str, fault: Fault) {
        let mut state = self.state.lock().unwrap();
        state.watches.iter().filter(|watch| watch.plural == plural).for_each(|watch| watch.fails(fault));
        state.faults.insert(plural.to_owned(), fault);
    }

    /// Watches that are opened from now on do not fail any more.
    pub fn recovers(&self, plural: &str) {
        self.state.lock().unwrap().faults.remove(plural);
    }

    /// Everything as it is at this moment, for [`Server::restore`].
    pub fn backup(&self) -> Backup {
        let state = self.state.lock().unwrap();
        Backup { version: state.version, objects: state.objects.clone() }
    }

    /// As after a restore of etcd: the history goes on from an earlier state, and every connection is gone.
    pub fn restore(&self, backup: Backup) {
        let mut state = self.state.lock().unwrap();
        state.watches.clear();
        (state.version, state.objects) = (backup.version, backup.objects);
    }

    /// The next request that fits gets this answer.
    pub fn script(&self, script: Script) {
        self.state.lock().unwrap().scripts.push_back(script);
    }

    pub fn unscript(&self) {
        self.state.lock().unwrap().scripts.clear();
    }

    /// Stores an object, as if somebody else had written it.
    pub fn put(&self, plural: &str, object: Value) -> Value {
        self.state.lock().unwrap().put(plural, object)
    }

    /// The same, and no watch ever shows it: as if the watch were slow.
    pub fn put_unseen(&self, plural: &str, object: Value) {
        let held = self.state.lock().unwrap().held.replace(Vec::new());
        self.put(plural, object);
        self.state.lock().unwrap().held = held;
    }

    pub fn delete(&self, plural: &str, name: &str) {
        let mut state = self.state.lock().unwrap();
        let key = ("n".to_owned(), name.to_owned());
        let Some(mut object) = state.objects.entry(plural.to_owned()).or_default().remove(&key) else {
            return;
        };
        state.version += 1;
        object["metadata"]["resourceVersion"] = json!(state.version.to_string());
        state.tell(plural, json!({"type": "DELETED", "object": object}));
    }

    pub fn get(&self, plural: &str, name: &str) -> Value {
        let state = self.state.lock().unwrap();
        let namespace = if plural == "namespaces" { "" } else { "n" };
        state
            .objects
            .get(plural)
            .and_then(|all| all.get(&(namespace.to_owned(), name.to_owned())))
            .cloned()
            .unwrap_or_default()
    }

    /// From now on watches show nothing.
    pub fn hold_watches(&self) {
        self.state.lock().unwrap().held = Some(Vec::new());
    }

    /// Watches show what they held back.
    pub fn release_watches(&self) {
        let mut state = self.state.lock().unwrap();
        for (plural, event) in state.held.take().unwrap_or_default() {
            state.tell(&plural, event);
        }
    }

    /// Does something whose events on this kind are shown at once, while everything else is still held back.
    pub fn release_watches_of(&self, plural: &str, act: impl FnOnce() -> Value) {
        act();
        let mut state = self.state.lock().unwrap();
        let Some(held) = state.held.take() else { return };
        let (shown, kept): (Vec<_>, Vec<_>) = held.into_iter().partition(|(held, _)| held == plural);
        for (plural, event) in shown {
            state.tell(&plural, event);
        }
        state.held = Some(kept);
    }

    /// Sends an event to the watches on a kind, whatever is stored.
    pub fn send(&self, plural: &str, event: &Value) {
        let mut state = self.state.lock().unwrap();
        state.watches.retain(|watch| watch.plural != plural || watch.send(event));
    }

    /// Cuts every watch on a kind.
    pub fn cut(&self, plural: &str) {
        self.state.lock().unwrap().watches.retain(|watch| watch.plural != plural);
    }

    pub fn requests(&self) -> Vec<Seen> {
        self.state.lock().unwrap().log.clone()
    }

    /// Requests that fit, oldest first.
    pub fn sent(&self, method: &str, path_end: &str) -> Vec<Seen> {
        self.requests().into_iter().filter(|seen| seen.is(method, path_end)).collect()
    }

    /// Everything that wrote, events left out.
    pub fn writes(&self) -> Vec<Seen> {
        self.requests()
            .into_iter()
            .filter(|seen| seen.method != "GET" && !seen.path.ends_with("/events"))
            .collect()
    }

    /// Waits until what is asked for holds; looks after every request and once a second.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let mut requests = self.requests.subscribe();
        for _ in 0..200_000 {
            if holds(self) {
                return;
            }
            let _ = tokio::time::timeout(Duration::from_millis(50), requests.changed()).await;
        }
        panic!("never: {what}; requests: {:#?}", self.requests());
    }

    /// Lets time pass.
    pub async fn pass(&self, seconds: u64) {
        let _ = tokio::time::timeout(Duration::from_secs(seconds), std::future::pending::<()>()).await;
    }
}

impl State {
    fn put(&mut self, plural: &str, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = json!(format!("uid-of-{name}"));
        }
        let old =
            self.objects.entry(plural.to_owned()).or_default().insert((namespace, name), object.clone());
        let kind = if old.is_some() { "MODIFIED" } else { "ADDED" };
        self.tell(plural, json!({"type": kind, "object": object}));
        object
    }

    fn tell(&mut self, plural: &str, event: Value) {
        if let Some(held) = &mut self.held {
            held.push((plural.to_owned(), event));
            return;
        }
        // Drops the watches that nobody reads any more.
        self.watches.retain(|watch| watch.plural != plural || watch.tell(&event));
    }

    fn stored(&self, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        self.objects.get(plural)?.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    fn answer(&mut self, seen: &Seen) -> Answer {
        let parts: Vec<&str> = seen.path.split('/').filter(|part| !part.is_empty()).collect();
        match (seen.method.as_str(), parts.as_slice()) {
            ("GET", ["apis", "countersign.dev", "v1alpha1"]) => {
                let kinds = [
                    "customeragreements",
                    "agreementdecisions",
                    "orderrequests",
                    "standardterms",
                    "delegationpolicies",
                ];
                let resources: Vec<Value> = kinds
                    .iter()
                    .filter(|kind| self.serves || **kind == "standardterms")
                    .map(|kind| json!({"name": kind, "singularName": "", "namespaced": true, "kind": kind, "verbs": []}))
                    .collect();
                plain(
                    200,
                    &json!({"kind": "APIResourceList", "groupVersion": "countersign.dev/v1alpha1", "resources": resources}),
                )
            }
            ("GET", [.., plural]) if seen.query.contains("watch=true") => self.watch(plural, seen),
            ("GET", [.., namespace, "leases", name]) => match self.stored("leases", namespace, name) {
                Some(lease) => plain(200, &lease),
                None => failure(404, "NotFound", "not found"),
            },
            ("PATCH", [.., namespace, "leases", name]) => {
                let Some(mut lease) = self.stored("leases", namespace, name) else {
                    return failure(404, "NotFound", "not found");
                };
                if seen.body["metadata"]["resourceVersion"] != lease["metadata"]["resourceVersion"] {
                    return failure(409, "Conflict", "the object has been modified");
                }
                merge(&mut lease["spec"], &seen.body["spec"]);
                plain(200, &self.put("leases", lease))
            }
            ("GET", [.., plural]) => {
                let wanted = seen
                    .query
                    .split('&')
                    .find_map(|pair| pair.strip_prefix("fieldSelector=spec.agreementRef.name%3D"));
                let named = seen
                    .parameter("fieldSelector")
                    .and_then(|selector| selector.strip_prefix("metadata.name%3D"));
                let items: Vec<&Value> = self
                    .objects
                    .get(*plural)
                    .into_iter()
                    .flat_map(BTreeMap::values)
                    .filter(|object| {
                        wanted.is_none_or(|wanted| object["spec"]["agreementRef"]["name"] == wanted)
                            && named.is_none_or(|named| object["metadata"]["name"] == named)
                    })
                    .collect();
                plain(
                    200,
                    &json!({"kind": "List", "metadata": {"resourceVersion": self.version.to_string()}, "items": items}),
                )
            }
            ("PATCH", [.., namespace, plural, name, "status"]) => {
                let Some(mut object) = self.stored(plural, namespace, name) else {
                    return failure(404, "NotFound", "not found");
                };
                if seen.body["metadata"]["resourceVersion"] != object["metadata"]["resourceVersion"] {
                    return failure(409, "Conflict", "the object has been modified");
                }
                merge(&mut object["status"], &seen.body["status"]);
                plain(200, &self.put(plural, object))
            }
            ("POST", [.., "selfsubjectreviews"]) => plain(
                201,
                &json!({"metadata": {}, "spec": {}, "status": {"userInfo": {"username": admission::OPERATOR}}}),
            ),
            ("POST", _) if seen.query.contains("dryRun=All") => {
                if self.forgeable {
                    return plain(201, &seen.body);
                }
                let policy =
                    admission::Set::of(admission::OPERATOR).policies[1].metadata.name.clone().unwrap();
                let refusal = format!(
                    "is forbidden: ValidatingAdmissionPolicy '{policy}' with binding '{policy}' denied request"
                );
                failure(403, "Forbidden", &refusal)
            }
            ("POST", [.., namespace, plural]) => {
                let key = (
                    (*namespace).to_owned(),
                    seen.body["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
                );
                if self.objects.get(*plural).is_some_and(|all| all.contains_key(&key)) {
                    return failure(409, "AlreadyExists", "already exists");
                }
                let mut object = seen.body.clone();
                object["metadata"]["namespace"] = json!(namespace);
                plain(201, &self.put(plural, object))
            }
            _ => failure(404, "NotFound", "no such path"),
        }
    }

    fn watch(&mut self, plural: &str, seen: &Seen) -> Answer {
        let number = |name: &str| seen.parameter(name).unwrap().parse::<u64>().unwrap();
        let (from, timeout) = (number("resourceVersion"), Duration::from_secs(number("timeoutSeconds")));
        let (watch, session) =
            Watch::open(plural, from, self.version, timeout, self.faults.get(plural).copied());
        for object in self.objects.get(plural).into_iter().flat_map(BTreeMap::values) {
            if version_of(object) > from {
                watch.send(&json!({"type": "MODIFIED", "object": object}));
            }
        }
        self.watches.push(watch);
        let lines = futures::stream::unfold(session, |mut session| async move {
            let line = session.next().await?;
            Some((Ok(http_body::Frame::data(Bytes::from(line))), session))
        });
        Response::new(StreamBody::new(lines).boxed_unsync())
    }
}

fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut target[name], value);
        }
    }
}

fn plain(status: u16, body: &Value) -> Answer {
    let bytes = Bytes::from(body.to_string());
    Response::builder().status(status).body(Full::new(bytes).boxed_unsync()).unwrap()
}

fn failure(status: u16, reason: &str, message: &str) -> Answer {
    plain(status, &Script::new("", "", status, reason, message).body)
}

impl Service<Request<Body>> for Server {
    type Response = Answer;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let bytes = body.collect_bytes().await?;
            let seen = Seen {
                method: head.method.to_string(),
                path: head.uri.path().to_owned(),
                query: head.uri.query().unwrap_or_default().to_owned(),
                body: serde_json::from_slice(&bytes).unwrap_or_default(),
            };
            let slow = {
                let mut state = server.state.lock().unwrap();
                let slow =
                    |script: &Script| script.slow.is_some() && seen.is(script.method, &script.path_end);
                let scripted = state.scripts.iter().position(slow);
                scripted.and_then(|at| state.scripts.remove(at)).and_then(|script| script.slow)
            };
            if let Some(seconds) = slow {
                server.requests.send_modify(|count| *count += 1);
                server.pass(seconds).await;
            }
            let answer = {
                let mut state = server.state.lock().unwrap();
                state.log.push(seen.clone());
                let scripted =
                    state.scripts.iter().position(|script| seen.is(script.method, &script.path_end));
                let plural = seen.path.rsplit('/').next().unwrap_or_default();
                let mute = seen.method == "GET" && state.faults.get(plural) == Some(&Fault::NeverAnswers);
                match scripted.and_then(|at| state.scripts.remove(at)) {
                    _ if mute => None,
                    Some(script) => {
                        if script.after {
                            let _ = state.answer(&seen);
                        }
                        if script.hang {
                            None
                        } else {
                            let mut answer = plain(script.status, &script.body);
                            for (name, value) in script.headers {
                                answer.headers_mut().insert(name, value.parse().unwrap());
                            }
                            Some(answer)
                        }
                    }
                    None => Some(state.answer(&seen)),
                }
            };
            server.requests.send_modify(|count| *count += 1);
            match answer {
                Some(answer) => Ok(answer),
                None => std::future::pending().await,
            }
        })
    }
}
