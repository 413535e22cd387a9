//! The operator dies between the commit point and the order requests, and the next one takes up where it stopped.

use anyhow::Result;
use countersign_api::OrderRequest;
use http::{Method, Request};
use kube::client::Body;
use testenv::until;
use testkit::PATIENCE;
use testkit::alone::installed;
use testkit::operator::{Operator, Tamper};
use testkit::stage::{Stage, phase_of};

fn creates_an_order_request(request: &Request<Body>) -> bool {
    request.method() == Method::POST && request.uri().path().ends_with("/orderrequests")
}

fn cut_before(request: &Request<Body>) -> Tamper {
    if creates_an_order_request(request) { Tamper::Swallow } else { Tamper::Pass }
}

fn cut_behind(request: &Request<Body>) -> Tamper {
    if creates_an_order_request(request) { Tamper::Deafen } else { Tamper::Pass }
}

#[tokio::test]
async fn a_crash_before_the_order_request_reaches_the_server_leaves_exactly_one() -> Result<()> {
    dies_and_is_restarted(cut_before, 0).await
}

#[tokio::test]
async fn a_crash_before_the_answer_comes_back_leaves_exactly_one() -> Result<()> {
    dies_and_is_restarted(cut_behind, 1).await
}

async fn dies_and_is_restarted(
    tampering: testkit::operator::Tampering,
    made_by_the_first: usize,
) -> Result<()> {
    let turn = installed("restarts").await?;
    let cluster = turn.cluster;
    let stage = Stage::with_agreement(cluster, "fibre").await?;
    let first = Operator::start_behind(cluster, &[&stage.namespace], Some(tampering)).await?;
    stage.sign_fibre().await?;
    stage.until_phase("IssuingOrders").await?;
    until("the first operator had sent what it could", PATIENCE, || async {
        Ok((stage.order_requests().await?.len() == made_by_the_first).then_some(()))
    })
    .await?;
    drop(first);
    assert_eq!(phase_of(&stage.get().await?), "IssuingOrders");

    let second = Operator::start(cluster, &[&stage.namespace]).await?;
    let agreed = stage.until_phase("Agreed").await?;
    let requests = stage.order_requests().await?;
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].metadata.uid, agreed.status.unwrap().orders[0].uid);
    let history =
        cluster.plane.history_of::<OrderRequest>(&format!("orderrequests/{}/", stage.namespace)).await?;
    assert_eq!(history.len(), 1, "one revision of one key: it was created once and never written again");
    second.stop().await
}
