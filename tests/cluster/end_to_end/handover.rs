//! What consumers make of order requests, and what the agreement shows of it.

use anyhow::Result;
use countersign_api::CustomerAgreement;
use countersign_api::agreement_status::Handover;
use serde_json::{Value, json};
use testenv::until;

use super::running;
use testkit::example::Example;
use testkit::people::{Person, eva, order_desk};
use testkit::stage::{Stage, condition, phase_of, status_of};
use testkit::{PATIENCE, raw};

/// An agreement about these orders, signed and passed on to a consumer.
async fn passed_on<'a>(example: Example, orders: &[&str]) -> Result<Stage<'a>> {
    let fibre = testkit::documents("examples/fibre/agreement.yaml")?.remove(0);
    let all: Vec<Value> = orders
        .iter()
        .map(|id| testkit::schema::with(&fibre["spec"]["orders"][0], "/id", &json!(id)))
        .collect();
    let stage = example
        .with("/spec/orders", &json!(all))
        .and(order_desk(), "countersign-order-consumer")
        .begin(running().await?)
        .await?;
    stage.agreed_on(orders).await?;
    Ok(stage)
}

/// The consumer reports on an order, with its own rights: these conditions hold.
async fn report(stage: &Stage<'_>, order: &str, hold: &[&str]) -> Result<()> {
    let agreement = stage.get().await?;
    let outcome = status_of(&agreement).orders.into_iter().find(|own| own.id == order).unwrap();
    stage.report(&outcome.order_request_name.unwrap(), hold).await
}

async fn until_handed_over(stage: &Stage<'_>, status: &str, reason: &str) -> Result<CustomerAgreement> {
    let is = |agreement: &CustomerAgreement| {
        let (s, r, _) = condition(agreement, "HandedOver");
        (s.as_str(), r.as_str()) == (status, reason)
    };
    stage.until(&format!("HandedOver is {status}, {reason}"), is).await
}

fn counts(agreement: &CustomerAgreement) -> (i32, i32, i32, i32) {
    let Handover { acknowledged, completed, failed, rejected } =
        status_of(agreement).handover.unwrap_or_default();
    (acknowledged, completed, failed, rejected)
}

#[tokio::test]
async fn a_consumer_takes_both_orders_over_and_then_completes_them() -> Result<()> {
    let stage = passed_on(Example::of("fibre")?, &["o1", "o2"]).await?;
    let agreed = stage.get().await?;
    assert_eq!(condition(&agreed, "HandedOver").1, "AwaitingAcknowledgement");
    let before = stage.history().await?.len();
    report(&stage, "o1", &["Acknowledged"]).await?;
    report(&stage, "o2", &["Acknowledged"]).await?;
    let taken = until_handed_over(&stage, "True", "Acknowledged").await?;
    assert_eq!(counts(&taken), (2, 0, 0, 0));
    report(&stage, "o1", &["Acknowledged", "Completed"]).await?;
    report(&stage, "o2", &["Acknowledged", "Completed"]).await?;
    let done = until_handed_over(&stage, "True", "Completed").await?;
    assert_eq!((counts(&done), phase_of(&done)), ((2, 2, 0, 0), "Agreed"));
    stage.until_told("OrdersCompleted", 1).await?;
    assert_eq!(stage.until_told("OrdersAcknowledged", 1).await?.len(), 1);
    assert_eq!(
        stage.history().await?.len() - before,
        2,
        "one write when all are taken, one when all are done"
    );
    Ok(())
}

#[tokio::test]
async fn an_order_that_a_consumer_rejects_is_shown_and_undoes_nothing() -> Result<()> {
    let stage = passed_on(Example::of("fibre")?, &["o1", "o2"]).await?;
    report(&stage, "o1", &["Acknowledged"]).await?;
    report(&stage, "o2", &["Rejected"]).await?;
    let rejected = until_handed_over(&stage, "False", "Rejected").await?;
    assert_eq!(counts(&rejected), (1, 0, 0, 1));
    assert_eq!((phase_of(&rejected), condition(&rejected, "Ready").0.as_str()), ("Agreed", "True"));
    assert_eq!(condition(&rejected, "Stalled").0, "");
    let told = stage.until_told("OrderRejected", 1).await?;
    assert_eq!((told.len(), told[0].type_.as_deref()), (1, Some("Warning")));
    Ok(())
}

#[tokio::test]
async fn orders_that_nobody_takes_in_time_are_overdue_until_somebody_does() -> Result<()> {
    let example = Example::of("fibre")?.under("/spec/rules/acknowledgeWithinSeconds", &json!(2))?;
    let stage = passed_on(example, &["o1"]).await?;
    let request = stage.order_requests().await?.remove(0);
    let by = request.spec.acknowledge_by_time.unwrap();
    assert_eq!(by.0.duration_since(request.spec.signed_off_time.0).as_secs(), 2);
    let overdue = until_handed_over(&stage, "False", "Overdue").await?;
    assert_eq!((phase_of(&overdue), condition(&overdue, "Ready").0.as_str()), ("Agreed", "True"));
    assert!(stage.server_time().await?.0 > by.0, "not before the time was up");
    let told = stage.until_told("HandoverOverdue", 1).await?;
    assert_eq!((told.len(), told[0].type_.as_deref()), (1, Some("Warning")));
    report(&stage, "o1", &["Acknowledged"]).await?;
    let taken = until_handed_over(&stage, "True", "Acknowledged").await?;
    assert_eq!(counts(&taken), (1, 0, 0, 0));
    Ok(())
}

#[tokio::test]
async fn an_order_request_that_a_quota_refuses_is_made_once_there_is_room() -> Result<()> {
    let stage = Example::of("fibre")?.set(running().await?).await?;
    let quotas = format!("/api/v1/namespaces/{}/resourcequotas", stage.namespace);
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"},
        "spec": {"hard": {"count/orderrequests.countersign.dev": "0"}},
    });
    let admin = stage.cluster.admin()?;
    raw::ask(&admin, "POST", &quotas, &quota).await?;
    // Here no controller counts what there is.
    let status = json!({"status": {"hard": quota["spec"]["hard"], "used": quota["spec"]["hard"]}});
    raw::ask(&admin, "PATCH", &format!("{quotas}/none/status"), &status).await?;
    let probe = testkit::documents("testkit/complete/orderrequests.yaml")?.swap_remove(0);
    let requests = format!("{}?dryRun=All", raw::path("orderrequests", &stage.namespace));
    let operator = stage.cluster.operator().await?;
    let in_force = || async { Ok(raw::send(&operator, "POST", &requests, &probe).await.err().map(drop)) };
    until("the quota was in force", PATIENCE, in_force).await?;
    stage.submit().await?;
    stage.sign_fibre().await?;
    let refused = stage.until("it is refused", |a| condition(a, "OrdersIssued").1 == "CreateRefused").await?;
    assert!(condition(&refused, "OrdersIssued").2.contains("exceeded quota: none"), "{refused:?}");
    assert_eq!((phase_of(&refused), condition(&refused, "Stalled").0.as_str()), ("IssuingOrders", ""));
    assert_eq!(stage.order_requests().await?.len(), 0);
    raw::ask(&admin, "DELETE", &format!("{quotas}/none"), &Value::Null).await?;
    let agreed = stage.until_phase("Agreed").await?;
    let requests = stage.order_requests().await?;
    assert_eq!((requests.len(), &requests[0].metadata.uid), (1, &status_of(&agreed).orders[0].uid));
    let told = stage.until_told("OrderRequestRefused", 1).await?;
    assert_eq!((told.len(), told[0].type_.as_deref()), (1, Some("Warning")));
    Ok(())
}

#[tokio::test]
async fn an_order_request_that_is_gone_after_all_is_missed_and_never_made_again() -> Result<()> {
    let stage = passed_on(Example::of("fibre")?, &["o1"]).await?;
    let name = status_of(&stage.get().await?).orders[0].order_request_name.clone().unwrap();
    let records = Person::user("r.records", &[]);
    let right = |verb: &str| json!({"apiGroups": ["countersign.dev"], "resources": ["orderrequests"], "verbs": [verb]});
    stage.cluster.allow(&stage.namespace, &records, &json!([right("delete"), right("purge")])).await?;
    let path = raw::path(&format!("orderrequests/{name}"), &stage.namespace);
    raw::ask(&stage.cluster.client(&records).await?, "DELETE", &path, &Value::Null).await?;
    let missed =
        stage.until("it is missed", |a| condition(a, "OrdersIssued").1 == "OrderRequestMissing").await?;
    assert_eq!((phase_of(&missed), condition(&missed, "Ready").0.as_str()), ("Agreed", "True"));
    // Something else that is written afterwards shows that it was looked at again, and nothing was made.
    let late = stage.decide(&eva(), json!({"action": "Withdraw", "reason": "then not"})).await?;
    assert_eq!(stage.ignored(&late).await?, "Sealed");
    assert_eq!(stage.order_requests().await?.len(), 0);
    Ok(())
}
