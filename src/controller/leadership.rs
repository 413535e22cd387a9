//! Whether this operator acts at this moment.

use tokio::sync::watch;
use tokio::time::Instant;

use super::clock::Clock;

/// Whether this operator acts. Everybody who looks sees the same.
#[derive(Debug)]
pub(crate) struct Leadership(watch::Sender<Term>);

#[derive(Clone, Copy, Debug)]
enum Term {
    None,
    Until(Instant),
    ForEver,
}

impl Term {
    fn holds(self) -> bool {
        match self {
            Self::None => false,
            Self::Until(end) => Clock::instant() < end,
            Self::ForEver => true,
        }
    }
}

impl Leadership {
    /// Of an operator that stands alone.
    pub(crate) fn for_ever() -> Self {
        Self(watch::Sender::new(Term::ForEver))
    }

    /// Of one that has to be elected first.
    pub(crate) fn none() -> Self {
        Self(watch::Sender::new(Term::None))
    }

    /// It may act until then.
    pub(crate) fn extend(&self, end: Instant) {
        self.0.send_replace(Term::Until(end));
    }

    /// It may not act any more.
    pub(crate) fn give_up(&self) {
        self.0.send_replace(Term::None);
    }

    /// Whether it may act at this moment.
    pub(crate) fn holds(&self) -> bool {
        self.0.borrow().holds()
    }

    /// Waits until it may act.
    pub(crate) async fn gained(&self) {
        // An error would mean that the sender is gone, and that is `self`.
        let _ = self.0.subscribe().wait_for(|term| term.holds()).await;
    }

    /// Waits until it may not act any more.
    pub(crate) async fn lost(&self) {
        let mut terms = self.0.subscribe();
        loop {
            let term = *terms.borrow_and_update();
            let ended = async {
                match term {
                    Term::Until(end) => Clock::sleep(end.saturating_duration_since(Clock::instant())).await,
                    Term::None | Term::ForEver => std::future::pending().await,
                }
            };
            if !term.holds() {
                return;
            }
            tokio::select! {
                () = ended => {}
                _ = terms.changed() => {}
            }
        }
    }
}
