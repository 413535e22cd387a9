//! Whether this operator acts at this moment.

use tokio::sync::watch;
use tokio::time::Instant;

use crate::controller::client::error::Error;
use crate::controller::clock::Clock;

/// Whether this operator acts. Everybody who looks sees the same.
#[derive(Debug)]
pub(crate) struct Leadership(watch::Sender<State>);

#[derive(Clone, Copy, Debug)]
struct State {
    /// Counts the terms: what was read in one may be old in the next.
    number: u64,
    term: Term,
}

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
        Self::with(Term::ForEver)
    }

    /// Of one that has to be elected first.
    pub(crate) fn none() -> Self {
        Self::with(Term::None)
    }

    fn with(term: Term) -> Self {
        Self(watch::Sender::new(State { number: 0, term }))
    }

    /// It may act until then.
    pub(crate) fn extend(&self, end: Instant) {
        self.0.send_modify(|state| {
            if !state.term.holds() {
                state.number += 1;
            }
            state.term = Term::Until(end);
        });
    }

    /// It may not act any more.
    pub(crate) fn give_up(&self) {
        self.0.send_modify(|state| state.term = Term::None);
    }

    /// The number of the term, where it may act at this moment.
    pub(crate) fn term(&self) -> Option<u64> {
        let state = *self.0.borrow();
        state.term.holds().then_some(state.number)
    }

    /// # Errors
    /// When that term is over, whether or not another one has begun.
    pub(crate) fn still(&self, term: u64) -> Result<(), Error> {
        if self.term() == Some(term) { Ok(()) } else { Err(Error::Superseded) }
    }

    /// Waits until it may act.
    pub(crate) async fn gained(&self) {
        // An error would mean that the sender is gone, and that is `self`.
        let _ = self.0.subscribe().wait_for(|state| state.term.holds()).await;
    }

    /// Waits until it may not act any more.
    pub(crate) async fn lost(&self) {
        let mut terms = self.0.subscribe();
        loop {
            let term = terms.borrow_and_update().term;
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
