//! What an agreement that names others needs to know of them before it takes a step that cannot be taken back.

use std::collections::BTreeSet;

use kube::Client;

use crate::controller::client::error::Error;
use crate::controller::informer::key::Key;
use crate::controller::informer::kinds::Kinds;
use crate::controller::informer::list::list;
use crate::controller::reconcile::queue::Queue;
use countersign_api::CustomerAgreement;

/// What is known of agreements that name others, by the one look that may seal such an agreement.
#[derive(Default)]
pub(crate) struct Linked {
    term: Option<u64>,
    /// The namespaces whose agreements were read from the server in this term.
    namespaces: BTreeSet<String>,
}

impl Linked {
    /// Makes sure that the cache has what another operator wrote before this term. What is written in it, it has at once.
    ///
    /// # Errors
    /// When the server gave no answer that says anything.
    pub(crate) async fn read(
        &mut self,
        client: &Client,
        kinds: &Kinds,
        queue: &Queue,
        term: u64,
        key: &Key,
    ) -> Result<(), Error> {
        if self.term != Some(term) {
            *self = Self { term: Some(term), namespaces: BTreeSet::new() };
        }
        if !self.namespaces.contains(&*key.namespace) {
            let (agreements, at) = list::<CustomerAgreement>(client, &key.namespace, None).await?;
            let mut affected = kinds.update::<CustomerAgreement, _>(|store| {
                let inside = store.all().filter(|(known, _)| known.namespace == key.namespace);
                let known = inside.map(|(known, _)| known.clone()).collect();
                store.read(agreements, at, known)
            });
            // This worker is reconciling it already.
            affected.remove(key);
            queue.add(affected);
            self.namespaces.insert(key.namespace.to_string());
        }
        Ok(())
    }
}
