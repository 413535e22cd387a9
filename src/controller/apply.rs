//! Writes what was decided: the status, then the order requests, then what people are told.

use std::sync::Arc;

use futures::{StreamExt, stream};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use super::client::MANAGER;
use super::context::Context;
use super::decode::slim;
use super::error::Error;
use super::merge_patch::merge_patch;
use super::metrics::ReasonLabels;
use super::observe::Seen;
use super::tally;
use countersign_api::{CustomerAgreement, CustomerAgreementStatus, OrderRequest};
use countersign_core::decide::{Changes, Notice};

/// Order requests of one agreement that are created at a time: each is a connection.
const AT_A_TIME: usize = 4;

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
    seen: &Seen,
    changes: Changes,
    term: u64,
) -> Result<Applied, Error> {
    let Changes { status, orders, notices, wake: _ } = changes;

    let mut applied = match status {
        Some(status) => write_status(context, seen, &status, term).await?,
        None => Applied::Nothing,
    };
    if applied == Applied::Gone {
        return Ok(applied);
    }
    // Told before the orders, as it is true whatever becomes of them.
    if applied == Applied::Something {
        tell(context, seen, &notices);
    }
    let wrote_status = applied == Applied::Something;
    if create_orders(context, seen, orders, term).await? {
        applied = Applied::Something;
    }
    if !wrote_status && applied == Applied::Something {
        tell(context, seen, &notices);
    }
    Ok(applied)
}

fn tell(context: &Context, seen: &Seen, notices: &[Notice]) {
    for notice in notices {
        context.metrics.happened.get_or_create(&ReasonLabels { reason: notice.reason }).inc();
        context.events.publish(&seen.agreement, notice, context.clock.now());
    }
}

/// Writes the difference, on condition that nothing else was written since the agreement was read.
async fn write_status(
    context: &Context,
    seen: &Seen,
    status: &CustomerAgreementStatus,
    term: u64,
) -> Result<Applied, Error> {
    let agreement = &seen.agreement;
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
    let api = Api::<CustomerAgreement>::namespaced(context.client.clone(), &seen.key.namespace);
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    context.leadership.still(term)?;
    match api.patch_status(&seen.key.name, &params, &Patch::Merge(patch)).await {
        Ok(mut written) => {
            slim(&mut written.metadata);
            if let Some(after) = &written.status {
                tally::written(
                    &context.metrics,
                    agreement,
                    seen.view().decisions,
                    after,
                    context.clock.now(),
                );
            }
            let phase = written.status.as_ref().and_then(|status| status.phase.clone());
            tracing::info!(kind = "CustomerAgreement", namespace = %seen.key.namespace, name = %seen.key.name, phase, "Wrote the status");
            remember::<CustomerAgreement>(context, seen, written);
            Ok(Applied::Something)
        }
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Applied::Gone),
        Err(kube::Error::Api(status)) if status.code == 409 => {
            context.metrics.conflicts.inc();
            context.stale.note(&seen.key, seen.version(), context.clock.now());
            tracing::debug!(namespace = %seen.key.namespace, name = %seen.key.name, "Something else wrote first");
            Err(Error::Conflict)
        }
        Err(error) => Err(error.into()),
    }
}

/// Creates those that may be tried. True when one was created, or refused for a reason that people should see.
async fn create_orders(
    context: &Context,
    seen: &Seen,
    orders: Vec<OrderRequest>,
    term: u64,
) -> Result<bool, Error> {
    let now = context.clock.now();
    let due = orders
        .into_iter()
        .filter(|order| context.refusals.may_try(&seen.key, seen.uid(), &order.spec.order_id, now));
    let outcomes: Vec<_> = stream::iter(due)
        .map(|order| create_order(context, seen, order, term))
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    let mut any = false;
    for outcome in outcomes {
        outcome?;
        any = true;
    }
    Ok(any)
}

async fn create_order(context: &Context, seen: &Seen, order: OrderRequest, term: u64) -> Result<(), Error> {
    let order_id = order.spec.order_id.clone();
    let name = order.metadata.name.clone().unwrap_or_default();
    let api = Api::<OrderRequest>::namespaced(context.client.clone(), &seen.key.namespace);
    let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
    context.leadership.still(term)?;
    match api.create(&params, &order).await {
        Ok(mut created) => {
            slim(&mut created.metadata);
            tracing::info!(kind = "OrderRequest", namespace = %seen.key.namespace, name, "Created an order request");
            context.refusals.accepted(&seen.key, &order_id);
            remember::<OrderRequest>(context, seen, created);
            Ok(())
        }
        Err(kube::Error::Api(status)) if status.code == 409 && status.reason == "AlreadyExists" => {
            tracing::debug!(namespace = %seen.key.namespace, name, "Found the name of an order request taken");
            Err(Error::NotSeenYet)
        }
        // What will not go through as it is, whoever asks again: quota, admission, rights, the schema, its size.
        Err(kube::Error::Api(status)) if matches!(status.code, 400 | 403 | 413 | 422) => {
            tracing::warn!(namespace = %seen.key.namespace, name, code = status.code, answer = status.message, "Was refused an order request");
            context.refusals.refused(
                &seen.key,
                seen.uid(),
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
fn remember<K: super::cache::Watched>(context: &Context, seen: &Seen, written: K) {
    let mut affected = context.cache.update::<K, _>(|table| table.wrote(Arc::new(written)));
    // This one is in our hands.
    affected.remove(&seen.key);
    context.queue.add(affected);
}
