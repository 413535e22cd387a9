//! The files for a preview: agreements, catalogues, policies, and namespaces for their labels.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::change::Change;
use super::outcome::{Preview, of_file};
use super::schema::{self, Schema};
use crate::decide::{Observed, calendar};
use crate::manifest::{self, Manifest, OwnKind, Unreadable};
use crate::text;
use countersign_api::{CustomerAgreement, DelegationPolicy, StandardTerms};

/// An agreement in a file.
#[derive(Debug)]
struct Candidate {
    manifest: Manifest,
    namespace: Option<String>,
    /// `None` if a field is missing or has the wrong type, which is among the faults.
    agreement: Option<CustomerAgreement>,
    faults: Vec<String>,
}

/// The preview of an agreement, and the file that it is in.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Previewed {
    /// The file.
    pub file: String,
    /// What would become of it.
    #[serde(flatten)]
    pub preview: Preview,
}

/// Objects from files, and those that are in the cluster already.
#[derive(Debug, Default)]
pub struct Input {
    candidates: Vec<Candidate>,
    running: Vec<Arc<CustomerAgreement>>,
    catalogues: Vec<Arc<StandardTerms>>,
    policies: Vec<Arc<DelegationPolicy>>,
    labels: BTreeMap<String, BTreeMap<String, String>>,
    unreadable: Vec<Unreadable>,
}

impl Input {
    /// Adds the text of a file of manifests.
    pub fn read(&mut self, file: &str, text: &str) {
        for object in manifest::read(file, text) {
            if let Err(unreadable) = object.and_then(|object| self.add(object)) {
                self.unreadable.push(unreadable);
            }
        }
    }

    /// Adds what is in the cluster: agreements, and with them catalogues and policies.
    pub fn read_running(&mut self, file: &str, text: &str) {
        for object in manifest::read(file, text) {
            let kept = object.and_then(|object| match object.own_kind()? {
                Some(OwnKind::CustomerAgreement) => {
                    self.running.push(Arc::new(object.typed()?));
                    Ok(())
                }
                _ => self.add(object),
            });
            if let Err(unreadable) = kept {
                self.unreadable.push(unreadable);
            }
        }
    }

    /// What could not be read.
    #[must_use]
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// Whether there is an agreement to preview.
    #[must_use]
    pub fn has_agreements(&self) -> bool {
        !self.candidates.is_empty()
    }

    /// Adds labels of a namespace, for one that is in no file.
    pub fn label(&mut self, namespace: &str, labels: BTreeMap<String, String>) {
        self.labels.entry(namespace.to_owned()).or_default().extend(labels);
    }

    fn add(&mut self, object: Manifest) -> Result<(), Unreadable> {
        let word = |pointer: &str| object.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        if word("/kind") == "Namespace" && word("/apiVersion") == "v1" {
            let labels = object.value.pointer("/metadata/labels").filter(|labels| !labels.is_null());
            let labels =
                labels.map_or_else(|| Ok(BTreeMap::new()), |own| serde_json::from_value(own.clone()));
            let labels = labels
                .map_err(|_| object.cannot(None, "`metadata.labels` must be strings; put them in quotes"))?;
            let name = word("/metadata/name").to_owned();
            self.label(&name, labels);
            return Ok(());
        }
        match object.own_kind()? {
            Some(OwnKind::CustomerAgreement) => {
                let mut faults = schema::faults(&schema::CUSTOMER_AGREEMENT, &object.value);
                let named =
                    |field: &str| object.value.pointer(field).and_then(Value::as_str).map(str::to_owned);
                if named("/metadata/name").is_none() {
                    faults.push("`metadata.name` must be given".to_owned());
                }
                let agreement = match object.typed() {
                    Ok(agreement) => Some(agreement),
                    Err(_) if !faults.is_empty() => None,
                    Err(unreadable) => return Err(unreadable),
                };
                let namespace = named("/metadata/namespace");
                self.candidates.push(Candidate { manifest: object, namespace, agreement, faults });
            }
            Some(OwnKind::StandardTerms) => {
                self.catalogues.push(Arc::new(Self::rule(&object, &schema::STANDARD_TERMS)?));
            }
            Some(OwnKind::DelegationPolicy) => {
                let policy: DelegationPolicy = Self::rule(&object, &schema::DELEGATION_POLICY)?;
                let broken = policy.spec.rules.calendar.as_ref().map(calendar::faults).unwrap_or_default();
                if !broken.is_empty() {
                    self.unreadable.push(object.cannot(None, &broken.join("; ")));
                }
                // It is used all the same, and the preview of each agreement says what that means.
                self.policies.push(Arc::new(policy));
            }
            Some(OwnKind::AgreementDecision | OwnKind::OrderRequest) | None => {}
        }
        Ok(())
    }

    fn rule<K>(object: &Manifest, schema: &Schema) -> Result<K, Unreadable>
    where
        K: kube::Resource + serde::de::DeserializeOwned,
    {
        match schema::faults(schema, &object.value) {
            faults if faults.is_empty() => object.typed(),
            faults => Err(object.cannot(None, &faults.join("; "))),
        }
    }

    /// The preview of every agreement, as if it were submitted at this time. Those that name no namespace are previewed
    /// in this one.
    #[must_use]
    pub fn previews(&self, namespace: &str, now: Timestamp) -> Vec<Previewed> {
        self.candidates.iter().map(|candidate| self.one(candidate, namespace, now)).collect()
    }

    fn one(&self, candidate: &Candidate, namespace: &str, now: Timestamp) -> Previewed {
        let file = candidate.manifest.file.clone();
        let name =
            candidate.manifest.value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let running = self.running.iter().find(|running| {
            let theirs = running.metadata.namespace.as_deref();
            running.metadata.name.as_deref() == Some(name)
                && candidate.namespace.as_deref().is_none_or(|own| Some(own) == theirs)
        });
        let namespace = match (&candidate.namespace, running) {
            (Some(namespace), _) => namespace.clone(),
            (None, Some(running)) => running.metadata.namespace.clone().unwrap_or_default(),
            (None, None) => namespace.to_owned(),
        };
        let Some(agreement) = &candidate.agreement else {
            let preview = Preview::invalid(&namespace, &text::name(name), candidate.faults.clone());
            return Previewed { file, preview };
        };
        // It is previewed as it would be submitted. What it changes in the cluster is shown next to that.
        let mut agreement = CustomerAgreement { status: None, ..agreement.clone() };
        agreement.metadata.namespace = Some(namespace.clone());
        agreement.metadata.uid = running.and_then(|running| running.metadata.uid.clone());
        let labels = self.labels_of(&namespace);
        let related: Vec<Arc<CustomerAgreement>> = self.related(&agreement, &namespace);
        let observed = Observed {
            policies: &self.policies,
            namespace_labels: &labels,
            standard_terms: self.catalogue(&agreement.spec.standard_terms_ref.name),
            related: &related,
            ..Observed::alone(&agreement)
        };
        let unlabelled = !self.labels.contains_key(&namespace) && !self.policies.is_empty();
        let no_labels = unlabelled.then(|| {
            format!(
                "The labels of `{namespace}` are not in these files: add the Namespace, or give --namespace-labels"
            )
        });
        let mut preview = of_file(&observed, candidate.faults.clone(), no_labels.as_deref(), now);
        preview.change = running.map(|running| Change::between(running, &agreement));
        Previewed { file, preview }
    }

    /// The labels of a namespace: Kubernetes adds one with its name.
    fn labels_of(&self, namespace: &str) -> BTreeMap<String, String> {
        let mut labels = self.labels.get(namespace).cloned().unwrap_or_default();
        labels.insert("kubernetes.io/metadata.name".to_owned(), namespace.to_owned());
        labels
    }

    fn catalogue(&self, name: &str) -> Option<&StandardTerms> {
        self.catalogues.iter().find(|terms| terms.metadata.name.as_deref() == Some(name)).map(AsRef::as_ref)
    }

    /// Other agreements are taken from the cluster and not from files, since only there they have a status.
    fn related(&self, agreement: &CustomerAgreement, namespace: &str) -> Vec<Arc<CustomerAgreement>> {
        let other = |other: &&Arc<CustomerAgreement>| {
            other.metadata.namespace.as_deref() == Some(namespace)
                && other.metadata.name != agreement.metadata.name
        };
        self.running.iter().filter(other).cloned().collect()
    }
}
