//! A pretend order system: a folder with one file for each order.
//!
//! It is outside the consumer and outside the cluster, as a real one is, and it has the one property that matters: a
//! file gets the name of its key only if no file has that name, and the file system decides that in one step.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::Rng;
use rand::distr::Alphanumeric;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::order_system::{CustomerOrder, Order, OrderSystem, Refusal, State};

/// Where the orders are, and how well the pretend system works.
#[derive(Debug, Clone)]
pub struct Folder {
    path: Arc<Path>,
    calls: Arc<AtomicU64>,
    /// How long it takes to answer.
    pub answers_after: Duration,
    /// How long an order takes from being made to being done.
    pub takes: Duration,
    /// One call in so many fails, alternately before and after the order was made. 0 for none.
    pub fails_every: u64,
    /// Orders with one of these offerings fail.
    pub unobtainable: Vec<String>,
}

/// An order as stored in its file.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    id: String,
    order: Order,
}

impl Folder {
    /// Keeps orders in this folder, which is created if it does not exist. Answers at once and without faults.
    ///
    /// # Errors
    /// If the folder cannot be created.
    pub fn at(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        fs::create_dir_all(&path)?;
        Ok(Self {
            path: path.canonicalize()?.into(),
            calls: Arc::default(),
            answers_after: Duration::ZERO,
            takes: Duration::ZERO,
            fails_every: 0,
            unobtainable: Vec::new(),
        })
    }

    fn make(&self, key: &str, order: &Order) -> Result<CustomerOrder, Refusal> {
        let permitted = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if key.is_empty() || !key.chars().all(permitted) {
            return Err(Refusal::Never(format!(
                "`spec.idempotencyKey` must consist of letters, digits, `-` and `_`; it is `{key}`"
            )));
        }
        let path = self.path.join(format!("{key}.json"));
        let kept = self.keep(&path, order).map_err(|error| Refusal::Unknown(error.to_string()))?;
        // A key that comes back with a different order is a mistake, and makes no second order.
        if kept.order != *order {
            return Err(Refusal::Never(format!(
                "under this idempotency key {} was made, which is a different order",
                kept.id
            )));
        }
        let state = self.state(&path, order).map_err(|error| Refusal::Unknown(error.to_string()))?;
        Ok(CustomerOrder { id: kept.id, uri: Some(format!("file://{}", path.display())), state })
    }

    /// Stores a new order, or finds the existing one. Never two, and never half of one: the file is written and on disk
    /// before it gets its name, and it does not get a name that is taken.
    fn keep(&self, path: &Path, order: &Order) -> io::Result<Kept> {
        let id: String = rand::rng().sample_iter(Alphanumeric).take(8).map(char::from).collect();
        let new = Kept { id: format!("CO-{id}"), order: order.clone() };
        let mut file = NamedTempFile::new_in(&self.path)?;
        file.write_all(&serde_json::to_vec_pretty(&new)?)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path) {
            Ok(_) => Ok(new),
            Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => {
                Ok(serde_json::from_slice(&fs::read(path)?)?)
            }
            Err(failed) => Err(failed.error),
        }
    }

    fn state(&self, path: &Path, order: &Order) -> io::Result<State> {
        // If the clock was set back, the order looks younger, which does no harm.
        let age = fs::metadata(path)?.modified()?.elapsed().unwrap_or_default();
        Ok(if age < self.takes {
            State::InProgress
        } else if order.lines.iter().any(|line| self.unobtainable.contains(&line.offering)) {
            State::Failed
        } else {
            State::Completed
        })
    }

    /// `None` if this call works; otherwise whether it fails after the order was made.
    fn fault(&self) -> Option<bool> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let turn = call.checked_div(self.fails_every)?;
        call.is_multiple_of(self.fails_every).then_some(turn.is_multiple_of(2))
    }
}

impl OrderSystem for Folder {
    #[expect(clippy::disallowed_methods, reason = "it pretends to be slow")]
    async fn place(&self, key: &str, order: &Order) -> Result<CustomerOrder, Refusal> {
        tokio::time::sleep(self.answers_after).await;
        let fault = self.fault();
        if fault == Some(false) {
            return Err(Refusal::Unknown("it failed before it made the order".to_owned()));
        }
        let (folder, key, order) = (self.clone(), key.to_owned(), order.clone());
        let made = tokio::task::spawn_blocking(move || folder.make(&key, &order)).await;
        let made = made.map_err(|error| Refusal::Unknown(error.to_string()))?;
        match fault {
            Some(true) => Err(Refusal::Unknown("the connection broke off before the answer".to_owned())),
            _ => made,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use futures::future::join_all;

    use super::*;
    use crate::order_system::Line;

    fn order(quantity: u32) -> Order {
        Order {
            agreement: "deal".to_owned(),
            order_id: "o1".to_owned(),
            customer: "ORG-1".to_owned(),
            lines: vec![Line { offering: "PO-1".to_owned(), quantity }],
        }
    }

    fn files(folder: &Folder) -> usize {
        fs::read_dir(&folder.path).unwrap().count()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_hundred_who_ask_at_once_get_one_order() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path()).unwrap();
        let (asks, one) = (0..100, order(1));
        let made = join_all(asks.map(|_| folder.place("k", &one))).await;
        let ids: BTreeSet<String> = made.into_iter().map(|made| made.unwrap().id).collect();
        assert_eq!((ids.len(), files(&folder)), (1, 1));
    }

    #[tokio::test]
    async fn another_order_under_the_same_key_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path()).unwrap();
        let first = folder.place("k", &order(1)).await.unwrap();
        let Refusal::Never(why) = folder.place("k", &order(2)).await.unwrap_err() else {
            panic!("not never")
        };
        assert!(why.contains(&first.id), "{why}");
        assert_eq!(files(&folder), 1);
    }

    #[tokio::test]
    async fn a_key_leads_nowhere_else() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path().join("orders")).unwrap();
        for key in ["", "../k", "a/b", ".."] {
            let refused = folder.place(key, &order(1)).await.unwrap_err();
            assert!(matches!(refused, Refusal::Never(_)), "{key}: {refused}");
        }
        assert_eq!((files(&folder), fs::read_dir(place.path()).unwrap().count()), (0, 1));
    }

    #[tokio::test]
    async fn it_fails_by_turns_before_and_after_the_order_was_made() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder { fails_every: 2, ..Folder::at(place.path()).unwrap() };
        let mut seen = Vec::new();
        for key in ["a", "b", "c", "d"] {
            seen.push((folder.place(key, &order(1)).await.is_ok(), files(&folder)));
        }
        assert_eq!(seen, [(true, 1), (false, 1), (true, 2), (false, 3)]);
    }
}
