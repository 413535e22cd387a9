//! Control planes that not all tests of a binary share, one at a time.
//!
//! Tests that change what everybody is subject to, or count what everybody does, have a control plane with the few others
//! that they name. Only one of these runs at a time: on a small machine several would only slow each other down. The next
//! one starts when nobody uses this one any more.

use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use anyhow::{Result, anyhow};
use testenv::Component;
use tokio::sync::{Mutex, OnceCell, watch};

use crate::operator::Operator;
use crate::{Cluster, stage};

type Start = OnceCell<Result<&'static Cluster, String>>;

/// Whose turn it is.
#[derive(Default)]
struct Room {
    subject: &'static str,
    users: usize,
    cluster: Arc<Start>,
}

static ROOM: LazyLock<watch::Sender<Room>> = LazyLock::new(watch::Sender::default);
/// The one that serves the control plane of now, if its tests share one.
static OPERATOR: Mutex<Option<Operator>> = Mutex::const_new(None);

/// The control plane of one subject, for as long as this lives.
pub struct Turn {
    /// Not to be used when the turn is over.
    pub cluster: &'static Cluster,
    _lease: Lease,
}

impl Deref for Turn {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.cluster
    }
}

struct Lease;

impl Drop for Lease {
    fn drop(&mut self) {
        ROOM.send_modify(|room| room.users -= 1);
    }
}

/// The control plane of this subject, with our definitions and nothing else.
pub async fn bare(subject: &'static str) -> Result<Turn> {
    let free = |room: &Room| room.subject == subject || room.users == 0;
    let (lease, cluster, before) = loop {
        ROOM.subscribe().wait_for(free).await?;
        let mut entered = None;
        ROOM.send_if_modified(|room| {
            if !free(room) {
                return false;
            }
            let before = (room.subject != subject)
                .then(|| std::mem::replace(room, Room { subject, ..Room::default() }).cluster);
            room.users += 1;
            entered = Some((Lease, room.cluster.clone(), before));
            false
        });
        if let Some(entered) = entered {
            break entered;
        }
    };
    if let Some(Ok(old)) = before.as_ref().and_then(|before| before.get()) {
        drop(OPERATOR.lock().await.take());
        for component in [Component::ControllerManager, Component::ApiServer, Component::Etcd] {
            old.plane.kill(component).await?;
        }
    }
    // A failure is kept too: every test shows it, and none of them waits for it again.
    let start = || async {
        let started = Cluster::start().await.map_err(|error| format!("{error:#}"));
        started.map(|cluster| &*Box::leak(Box::new(cluster)))
    };
    let cluster = cluster.get_or_init(start).await.clone();
    Ok(Turn { cluster: cluster.map_err(|error| anyhow!("no control plane: {error}"))?, _lease: lease })
}

/// The same, with policies and roles installed and enforced, the operator's service account, and the rules of the examples.
pub async fn installed(subject: &'static str) -> Result<Turn> {
    let turn = bare(subject).await?;
    turn.cluster.install().await?;
    stage::rules(turn.cluster).await?;
    Ok(turn)
}

/// The same, with one operator for all tests of the subject.
pub async fn running(subject: &'static str) -> Result<Turn> {
    let turn = installed(subject).await?;
    let mut operator = OPERATOR.lock().await;
    if operator.is_none() {
        *operator = Some(Operator::start(turn.cluster, &[]).await?);
    }
    drop(operator);
    Ok(turn)
}
