//! When this operator acts: always, or while it holds the lease.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::lease::Candidate;
use super::{PATIENCE, spawn, worker};

/// Acts until it is told to stop, whenever it may. Whoever stands for a lease lets go of it at the end.
pub(crate) async fn act(context: &Arc<Context>, candidate: Option<Candidate>, stop: &CancellationToken) {
    let Some(candidate) = candidate else {
        lead(context, stop).await;
        return;
    };
    let stand_down = CancellationToken::new();
    let mut standing = spawn(candidate.stand(stand_down.clone()));
    let ended = tokio::select! {
        ended = lead(context, stop) => ended,
        // It never does before it is told to.
        _ = &mut standing => return,
    };
    // What is left unfinished may still write: then nobody else is invited.
    if ended {
        stand_down.cancel();
        let _ = tokio::time::timeout(PATIENCE, standing).await;
    }
}

/// Looks at agreements whenever it may. True when nothing is under way any more.
async fn lead(context: &Arc<Context>, stop: &CancellationToken) -> bool {
    loop {
        tokio::select! {
            () = stop.cancelled() => return true,
            () = context.leadership.gained() => {}
        }
        tracing::info!("Began to act");
        context.metrics.leading.set(1);
        context.refusals.forget_all();
        // As at a start: what happened while another acted is in the watches.
        context.queue.open();
        context.queue.add(context.cache.read().all_agreements());
        let term = stop.child_token();
        let over = async {
            context.leadership.lost().await;
            context.metrics.leading.set(0);
            term.cancel();
            std::future::pending().await
        };
        let ended = tokio::select! {
            ended = worker::dispatch(context.clone(), term.clone(), PATIENCE) => ended,
            never = over => never,
        };
        context.queue.close();
        context.metrics.leading.set(0);
        if stop.is_cancelled() {
            return ended;
        }
        tracing::warn!("Stopped acting: the lease was lost");
    }
}
