//! What was exported: objects of a cluster, each with its identity.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::Resource;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::manifest::{self, Manifest, OwnKind, Unreadable};
use countersign_api::{AgreementDecision, CustomerAgreement, DelegationPolicy, OrderRequest, StandardTerms};

/// Objects of one or several files.
#[derive(Debug, Default)]
pub struct Export {
    pub(super) agreements: Vec<Arc<CustomerAgreement>>,
    pub(super) decisions: Vec<Arc<AgreementDecision>>,
    pub(super) requests: Vec<Arc<OrderRequest>>,
    pub(super) catalogues: Vec<Arc<StandardTerms>>,
    pub(super) policies: Vec<Arc<DelegationPolicy>>,
    pub(super) unreadable: Vec<Unreadable>,
    /// How many objects of other kinds were skipped.
    pub(super) others: usize,
    seen: BTreeMap<String, Value>,
}

impl Export {
    /// Adds the text of a file: YAML with one or several documents, or JSON; objects, or lists of objects.
    pub fn read(&mut self, file: &str, text: &str) {
        for object in manifest::read(file, text) {
            if let Err(unreadable) = object.and_then(|object| self.add(&object)) {
                self.unreadable.push(unreadable);
            }
        }
    }

    /// Whether there is an agreement to verify.
    #[must_use]
    pub fn has_agreements(&self) -> bool {
        !self.agreements.is_empty()
    }

    /// Agreements, in the order in which they were read.
    #[must_use]
    pub fn agreements(&self) -> &[Arc<CustomerAgreement>] {
        &self.agreements
    }

    /// Decisions, in the order in which they were read.
    #[must_use]
    pub fn decisions(&self) -> &[Arc<AgreementDecision>] {
        &self.decisions
    }

    /// Order requests, in the order in which they were read.
    #[must_use]
    pub fn order_requests(&self) -> &[Arc<OrderRequest>] {
        &self.requests
    }

    /// Catalogues, in the order in which they were read.
    #[must_use]
    pub fn catalogues(&self) -> &[Arc<StandardTerms>] {
        &self.catalogues
    }

    /// What could not be read.
    #[must_use]
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    fn add(&mut self, object: &Manifest) -> Result<(), Unreadable> {
        match object.own_kind()? {
            Some(OwnKind::CustomerAgreement) => self.keep(object, |export| &mut export.agreements),
            Some(OwnKind::AgreementDecision) => self.keep(object, |export| &mut export.decisions),
            Some(OwnKind::OrderRequest) => self.keep(object, |export| &mut export.requests),
            Some(OwnKind::StandardTerms) => self.keep(object, |export| &mut export.catalogues),
            Some(OwnKind::DelegationPolicy) => self.keep(object, |export| &mut export.policies),
            None => {
                self.others += 1;
                Ok(())
            }
        }
    }

    fn keep<K>(
        &mut self,
        manifest: &Manifest,
        list: impl Fn(&mut Self) -> &mut Vec<Arc<K>>,
    ) -> Result<(), Unreadable>
    where
        K: Resource + DeserializeOwned,
    {
        let object: K = manifest.typed()?;
        let meta = object.meta();
        for (field, there) in [("name", meta.name.is_some()), ("uid", meta.uid.is_some())] {
            if !there {
                let message = "it must be given: export objects from a cluster, not their manifests";
                return Err(manifest.cannot(Some(format!("metadata.{field}")), message));
            }
        }
        // The same object may be in several files, but not with different content.
        let mut content = manifest.value.clone();
        for volatile in ["managedFields", "resourceVersion"] {
            if let Some(metadata) = content.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.remove(volatile);
            }
        }
        let identity = format!(
            "{} {}",
            manifest::named(&manifest.value).unwrap_or_default(),
            meta.uid.as_deref().unwrap_or_default()
        );
        match self.seen.get(&identity) {
            Some(known) if *known == content => Ok(()),
            Some(_) => {
                let message = "it was exported twice, with different content; give one export of it";
                Err(manifest.cannot(None, message))
            }
            None => {
                self.seen.insert(identity, content);
                list(self).push(Arc::new(object));
                Ok(())
            }
        }
    }
}
