//! When this operator acts: always, or while it holds the lease.

pub(crate) mod leadership;
pub(crate) mod lease;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::controller::context::Context;
use crate::controller::leader::lease::Candidate;
use crate::controller::reconcile::worker;

/// How long what is under way may take once the operator is told to stop.
pub(crate) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(20);

/// Acts until it is told to stop, whenever it may. Whoever stands for a lease lets go of it at the end.
pub(crate) async fn lead(context: &Arc<Context>, candidate: Option<Candidate>, stop: &CancellationToken) {
    let Some(candidate) = candidate else {
        reconcile_in_every_term(context, false, stop).await;
        return;
    };
    let stand_down = CancellationToken::new();
    let mut standing = AbortOnDropHandle::new(tokio::spawn(candidate.stand(stand_down.clone())));
    let ended = tokio::select! {
        ended = reconcile_in_every_term(context, true, stop) => ended,
        // It never does before it is told to.
        _ = &mut standing => return,
    };
    // What is left unfinished may still write: then nobody else is invited.
    if ended {
        stand_down.cancel();
        let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, standing).await;
    }
}

/// Reconciles whenever it may. True when nothing is under way any more.
async fn reconcile_in_every_term(context: &Arc<Context>, elected: bool, stop: &CancellationToken) -> bool {
    loop {
        tokio::select! {
            () = stop.cancelled() => return true,
            () = context.leadership.gained() => {}
        }
        if elected {
            tracing::info!("Acquired the lease");
        }
        context.metrics.leader.set(1);
        context.rejected_creates.forget_all();
        // As at a start: what agreement_events while another acted is in the watches.
        context.queue.open();
        context.queue.add(context.kinds.read().all_agreements());
        let term = stop.child_token();
        let over = async {
            context.leadership.lost().await;
            context.metrics.leader.set(0);
            term.cancel();
            std::future::pending().await
        };
        let ended = tokio::select! {
            ended = worker::dispatch(context.clone(), term.clone(), SHUTDOWN_TIMEOUT) => ended,
            never = over => never,
        };
        context.queue.close();
        context.metrics.leader.set(0);
        if stop.is_cancelled() {
            return ended;
        }
        tracing::warn!("Lost the lease");
    }
}
