//! Writes what was decided: the status, then what people are told of it, then the order requests.

use std::sync::Arc;

use futures::{StreamExt, stream};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use crate::controller::client::MANAGER;
use crate::controller::client::error::Error;
use crate::controller::context::Context;
use crate::controller::informer::guarded::slim;
use crate::controller::informer::key::Key;
use crate::controller::informer::kinds::Watched;
use crate::controller::informer::list::list;
use crate::controller::metrics::ReasonLabels;
use crate::controller::metrics::transitions;
use crate::controller::reconcile::merge_patch::merge_patch;
use crate::controller::reconcile::observe::Observation;
use countersign_api::{CustomerAgreement, CustomerAgreementStatus, OrderRequest};
use countersign_core::decide::{Changes, Notice};

/// Order requests of one agreement that are created at a time: each is a connection.
const MAX_CONCURRENT_CREATES: usize = 4;

/// What became of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// There was nothing to write.
    Nothing,
    /// Something was written, or refused: decide again.
    Something,
    /// The agreement is gone.
    Gone,
}

/// Writes what was decided, for as long as the term lasts in which it was.
pub(crate) async fn apply(
    context: &Context,
    observed: &Observation<'_>,
    changes: Changes,
    term: u64,
) -> Result<Applied, Error> {
    let Changes { status, orders, notices, wake: _ } = changes;

    let mut applied = match status {
        Some(status) => write_status(context, observed, &status, term).await?,
        None => Applied::Nothing,
    };
    if applied == Applied::Gone {
        return Ok(applied);
    }
    // Told before the orders, as it is true whatever becomes of them.
    if applied == Applied::Something {
        tell(context, observed, &notices);
    }
    let wrote_status = applied == Applied::Something;
    if create_orders(context, observed, orders, term).await? {
        applied = Applied::Something;
    }
    if !wrote_status && applied == Applied::Something {
        tell(context, observed, &notices);
    }
    Ok(applied)
}

fn tell(context: &Context, observed: &Observation<'_>, notices: &[Notice]) {
    for notice in notices {
        context.metrics.agreement_events.get_or_create(&ReasonLabels { reason: notice.reason }).inc();
        context.events.publish(&observed.agreement, notice, context.clock.now());
    }
}

/// Writes the difference, on condition that nothing else was written since the agreement was read.
async fn write_status(
    context: &Context,
    observed: &Observation<'_>,
    status: &CustomerAgreementStatus,
    term: u64,
) -> Result<Applied, Error> {
    let agreement = &observed.agreement;
    let old = serde_json::to_value(agreement.status.clone().unwrap_or_default());
    let new = serde_json::to_value(status);
    let (Ok(old), Ok(new)) = (old, new) else {
        return Err(Error::Request("a status is not JSON".to_owned()));
    };
    let Some(difference) = merge_patch(&old, &new) else { return Ok(Applied::Nothing) };
    let patch = json!({
        "metadata": {
            "resourceVersion": agreement.metadata.resource_version,
            "uid": agreement.metadata.uid,
        },
        "status": difference,
    });
    let api = Api::<CustomerAgreement>::namespaced(context.client.clone(), &observed.key.namespace);
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    context.leadership.still(term)?;
    match api.patch_status(&observed.key.name, &params, &Patch::Merge(patch)).await {
        Ok(mut written) => {
            slim(&mut written.metadata);
            if let Some(after) = &written.status {
                transitions::record(
                    &context.metrics,
                    agreement,
                    observed.view().decisions,
                    after,
                    context.clock.now(),
                );
            }
            let phase = written.status.as_ref().and_then(|status| status.phase.clone());
            tracing::info!(kind = "CustomerAgreement", namespace = %observed.key.namespace, name = %observed.key.name, phase, "Wrote the status");
            overlay(context, observed, &written);
            Ok(Applied::Something)
        }
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Applied::Gone),
        Err(kube::Error::Api(status)) if status.code == 409 => {
            context.metrics.conflicts.inc();
            if context.conflicts.note(&observed.key, observed.version(), context.clock.now()) {
                read_again(context, observed).await?;
            }
            tracing::debug!(namespace = %observed.key.namespace, name = %observed.key.name, "The status write conflicted with another write");
            Err(Error::Conflict)
        }
        Err(error) => Err(error.into()),
    }
}

/// What the watch has not shown in time is asked for: as a list of one, since the operator has no right to more.
async fn read_again(context: &Context, observed: &Observation<'_>) -> Result<(), Error> {
    let Key { namespace, name } = &observed.key;
    let named = Some(format!("metadata.name={name}"));
    let (agreements, at) = list::<CustomerAgreement>(&context.client, namespace, named).await?;
    tracing::info!(%namespace, %name, "Read an agreement whose change the watch did not show");
    let known = vec![observed.key.clone()];
    let affected = context.kinds.update::<CustomerAgreement, _>(|store| store.read(agreements, at, known));
    context.queue.add(affected);
    Ok(())
}

/// Creates those that may be tried. True when one was created, or refused for a reason that people should see.
async fn create_orders(
    context: &Context,
    observed: &Observation<'_>,
    orders: Vec<OrderRequest>,
    term: u64,
) -> Result<bool, Error> {
    let now = context.clock.now();
    let due = orders.into_iter().filter(|order| {
        context.rejected_creates.may_try(&observed.key, observed.uid(), &order.spec.order_id, now)
    });
    let outcomes: Vec<_> = stream::iter(due)
        .map(|order| create_order(context, observed, order, term))
        .buffer_unordered(MAX_CONCURRENT_CREATES)
        .collect()
        .await;
    let mut any = false;
    for outcome in outcomes {
        outcome?;
        any = true;
    }
    Ok(any)
}

async fn create_order(
    context: &Context,
    observed: &Observation<'_>,
    order: OrderRequest,
    term: u64,
) -> Result<(), Error> {
    let order_id = order.spec.order_id.clone();
    let name = order.metadata.name.clone().unwrap_or_default();
    let api = Api::<OrderRequest>::namespaced(context.client.clone(), &observed.key.namespace);
    let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
    context.leadership.still(term)?;
    match api.create(&params, &order).await {
        Ok(mut created) => {
            slim(&mut created.metadata);
            tracing::info!(kind = "OrderRequest", namespace = %observed.key.namespace, name, "Created an order request");
            context.rejected_creates.accepted(&observed.key, &order_id);
            overlay(context, observed, &created);
            Ok(())
        }
        Err(kube::Error::Api(status)) if status.code == 409 && status.reason == "AlreadyExists" => {
            tracing::debug!(namespace = %observed.key.namespace, name, "The name of an order request was taken already");
            Err(Error::NotSeenYet)
        }
        // What will not go through as it is, however often it is tried: quota, admission, rights, the schema, its size.
        Err(kube::Error::Api(status)) if matches!(status.code, 400 | 403 | 413 | 422) => {
            tracing::warn!(namespace = %observed.key.namespace, name, code = status.code, answer = status.message, "The API server rejected an order request");
            context.rejected_creates.refused(
                &observed.key,
                observed.uid(),
                &order_id,
                status.message.clone(),
                context.clock.now(),
            );
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// The next decision rests on what was just written, whenever the watch shows it.
fn overlay<K: Watched>(context: &Context, observed: &Observation<'_>, written: &K) {
    // A vector that was decoded has room for twice what is in it, and its clone has not.
    let written = Arc::new(written.clone());
    let mut affected = context.kinds.update::<K, _>(|store| store.wrote(written));
    // This worker is reconciling it already.
    affected.remove(&observed.key);
    context.queue.add(affected);
}
