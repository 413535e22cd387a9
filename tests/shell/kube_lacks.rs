//! What kube 5.0 lacks, shown against kube itself: why the store, the queue, the worker and the client are the operator's own
//! (ADR 16). If one of these fails after an upgrade, kube has learned it, and ours can go.

use std::sync::Arc;
use std::time::Duration;

use countersign_api::CustomerAgreement;
use futures::StreamExt;
use http::{Request, Response};
use kube::api::ObjectMeta;
use kube::client::Body;
use kube::client::retry::RetryPolicy;
use kube::runtime::controller::{Action, Controller};
use kube::runtime::reflector;
use kube::runtime::scheduler::{ScheduleRequest, scheduler};
use kube::runtime::watcher::{Config, Event};
use kube::{Api, Client, Resource};
use tokio::time::Instant;
use tower::BoxError;
use tower::retry::Policy;

use crate::objects::agreement;
use testkit::fake::Server;

fn at_version(version: &str) -> CustomerAgreement {
    let mut read: CustomerAgreement = serde_json::from_value(agreement("a")).unwrap();
    *read.meta_mut() = ObjectMeta { resource_version: Some(version.to_owned()), ..read.metadata.clone() };
    read
}

/// So a second look in between would repeat the first one's writes, and meet a conflict.
#[test]
fn the_store_goes_back_behind_an_own_write() {
    let (reader, mut writer) = reflector::store();
    writer.apply_watcher_event(&Event::Apply(at_version("9"))); // as a patch of ours was answered
    writer.apply_watcher_event(&Event::Apply(at_version("7"))); // as a watch shows that is late
    assert_eq!(reader.state()[0].metadata.resource_version.as_deref(), Some("7"));
}

/// So under load some agreements are never looked at.
#[tokio::test(start_paused = true)]
async fn the_scheduler_is_not_first_come_first_served() {
    let now = tokio_now();
    let requests = (0..256).map(|message| ScheduleRequest { message, run_at: now });
    let mut scheduler =
        Box::pin(scheduler(futures::stream::iter(requests).chain(futures::stream::pending())));
    // As while all that may be reconciled at the same time are.
    assert!(futures::poll!(scheduler.as_mut().hold().next()).is_pending());
    let order: Vec<i32> = scheduler.take(256).collect().await;
    assert!(!order.is_sorted());
}

#[expect(clippy::disallowed_methods, reason = "kube asks for an instant")]
fn tokio_now() -> Instant {
    Instant::now()
}

/// So one bug would take every agreement down with it.
#[tokio::test(start_paused = true)]
async fn a_panic_in_a_reconciler_ends_the_controller() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    let agreements = Api::<CustomerAgreement>::namespaced(Client::new(server, "n"), "n");
    let controller = Controller::new(agreements, Config::default()).run(
        |_, _| async { panic!("a bug") },
        |_, _: &std::convert::Infallible, _| Action::await_change(),
        Arc::new(()),
    );
    let ended = tokio::spawn(controller.for_each(|_| std::future::ready(()))).await;
    assert!(ended.unwrap_err().is_panic());
}

/// So an order request could be created twice, and a server that asks for a day of patience would get it.
#[tokio::test(start_paused = true)]
async fn the_client_repeats_a_create_and_waits_as_long_as_any_server_says() {
    let mut create = Request::post("/apis/x").body(Body::empty()).unwrap();
    let busy = Response::builder().status(503).header("retry-after", "86400").body(()).unwrap();
    let mut answer: Result<_, BoxError> = Ok(busy);
    let pause = RetryPolicy::server_retry().retry(&mut create, &mut answer).unwrap();
    assert!(pause.deadline() >= tokio_now() + Duration::from_secs(86_400));
}
