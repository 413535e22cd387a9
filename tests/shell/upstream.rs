//! What kube 5.0 should do, as tests that it fails: see `docs/upstream.md`. If one of them passes after an upgrade, it says so by
//! failing here, and what stands around kube's watcher for its sake can go (ADR 16).

use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{Config, Event, watcher};
use kube::{Api, Client};

use testkit::fake::{Fault, Script, Server};

fn config_maps(server: &Server) -> Api<ConfigMap> {
    Api::all(Client::new(server.clone(), "n"))
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the version that was refused was asked for again")]
async fn a_watch_that_is_refused_with_410_lists_again() {
    let server = Server::new();
    let mut events = Box::pin(watcher(config_maps(&server), Config::default()));
    assert!(matches!(events.next().await, Some(Ok(Event::Init))));
    assert!(matches!(events.next().await, Some(Ok(Event::InitDone))));
    for _ in 0..10 {
        server.script(Script::new("GET", "/configmaps", 410, "Expired", "too old resource version"));
    }
    let next: Vec<_> = events.take(10).collect().await;
    let listed = next.iter().any(|event| matches!(event, Ok(Event::Init)));
    assert!(listed, "the version that was refused was asked for again: {next:?}");
}

#[tokio::test]
#[should_panic(expected = "requests within a second")]
async fn a_watch_that_the_server_ends_at_once_is_opened_again_after_a_pause() {
    let server = Server::new();
    server.fails("configmaps", Fault::EndsAtOnce);
    let events = watcher(config_maps(&server), Config::default()).default_backoff();
    let _ = tokio::time::timeout(Duration::from_secs(1), events.for_each(|_| std::future::ready(()))).await;
    let requests = server.requests().len();
    assert!(requests <= 4, "{requests} requests within a second");
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "lists within ten minutes")]
async fn the_backoff_grows_while_every_list_fails() {
    let server = Server::new();
    for _ in 0..10_000 {
        server.script(Script::new("GET", "/configmaps", 500, "InternalError", "etcd is away"));
    }
    let events = watcher(config_maps(&server), Config::default()).default_backoff();
    let _ = tokio::time::timeout(Duration::from_secs(600), events.for_each(|_| std::future::ready(()))).await;
    let lists = server.requests().len();
    // 0.8 s, doubled each time up to 30 s, and up to twice that with jitter: six in the first minute, two in each that follows.
    assert!(lists <= 30, "{lists} lists within ten minutes");
}

/// What the page shows is what runs here.
#[test]
fn the_page_shows_these_tests() {
    let (page, source) = (include_str!("../../docs/upstream.md"), include_str!("upstream.rs"));
    let blocks: Vec<_> = page.split("```rust\n").skip(1).filter_map(|rest| rest.split_once("```")).collect();
    assert_eq!(blocks.len(), 3);
    for (block, _) in blocks {
        assert!(source.contains(block), "docs/upstream.md shows another test than this file has:\n{block}");
    }
}
