//! What the plugin reads from the API server. Objects that the user may not read are `None` if the command can do without them.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_api::{AgreementDecision, CustomerAgreement, DelegationPolicy, StandardTerms};
use countersign_core::decide::Observed;
use kube::api::ListParams;
use kube::{Api, Error, Resource};
use serde::de::DeserializeOwned;

use crate::connection::Server;
use crate::explain::explain;
use crate::failure::{Failure, Outcome};
use countersign_core::text;

/// Page size of lists, in objects.
const PAGE: u32 = 500;

impl Server {
    /// An error of the API server in words.
    pub fn failure(&self, error: &Error) -> Failure {
        Failure::Error(explain(error, &self.url, &self.namespace))
    }

    /// Objects in the namespace.
    pub fn here<K>(&self) -> Api<K>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Cluster-wide objects.
    pub fn cluster_wide<K: Resource<DynamicType = ()>>(&self) -> Api<K> {
        Api::all(self.client.clone())
    }

    /// An agreement by its name. If there is none, the error suggests similar names.
    pub async fn agreement(&self, name: &str) -> Outcome<CustomerAgreement> {
        let name = named(name)?;
        match self.here::<CustomerAgreement>().get(name).await {
            Ok(agreement) => Ok(agreement),
            Err(Error::Api(status)) if status.code == 404 && status.message.contains(name) => {
                Err(Failure::Error(self.nearest(name).await))
            }
            // A status contains what the provider keeps to itself, so the answer must not suggest granting it to a customer.
            Err(error) if is_forbidden(&error) => Err(Failure::Error(format!(
                "{}\nIf you act for the customer, you do not need this permission: the account owner sends you the agreement as a file \
                 (`kubectl agreement show {name} --for customer -o yaml`), and you decide with -f",
                self.failure(&error).message()
            ))),
            Err(error) => Err(self.failure(&error)),
        }
    }

    async fn nearest(&self, name: &str) -> String {
        let mut words = format!("there is no agreement {name:?} in the namespace {}", self.namespace);
        let Ok(all) = list(&self.here::<CustomerAgreement>(), &ListParams::default()).await else {
            return words;
        };
        let mut names: Vec<(f64, &str)> = all
            .iter()
            .filter_map(|agreement| agreement.metadata.name.as_deref())
            .map(|other| (strsim::jaro_winkler(name, other), other))
            .filter(|(likeness, _)| *likeness > 0.7)
            .collect();
        names.sort_by(|a, b| b.0.total_cmp(&a.0));
        let names: Vec<&str> = names.into_iter().take(3).map(|(_, name)| name).collect();
        if names.is_empty() {
            words.push_str("; `kubectl agreement status` lists the agreements that exist");
        } else {
            words.push_str("; did you mean ");
            words.push_str(&text::join_or(&names));
            words.push('?');
        }
        words
    }

    /// Every decision that names an agreement.
    pub async fn decisions(
        &self,
        agreement: &CustomerAgreement,
    ) -> Result<Vec<Arc<AgreementDecision>>, Error> {
        let name = agreement.metadata.name.as_deref().unwrap_or_default();
        let by_name = ListParams::default().fields(&format!("spec.agreementRef.name={name}"));
        Ok(list(&self.here(), &by_name).await?.into_iter().map(Arc::new).collect())
    }

    /// The policy that is pinned to an agreement.
    pub async fn policy_of(&self, agreement: &CustomerAgreement) -> Outcome<Option<DelegationPolicy>> {
        let pinned = agreement.status.as_ref().and_then(|status| status.pinned.as_ref());
        let Some(pinned) = pinned else { return Ok(None) };
        let policy =
            self.permitted(self.cluster_wide::<DelegationPolicy>().get(&pinned.policy.name).await)?;
        Ok(policy.filter(|policy| policy.metadata.uid.as_ref() == Some(&pinned.policy.uid)))
    }

    /// The catalogue that an agreement names.
    pub async fn catalogue_of(&self, agreement: &CustomerAgreement) -> Outcome<Option<StandardTerms>> {
        let name = &agreement.spec.standard_terms_ref.name;
        self.permitted(self.cluster_wide::<StandardTerms>().get(name).await)
    }

    /// `None` if the object is forbidden or does not exist.
    pub fn permitted<T>(&self, answer: Result<T, Error>) -> Outcome<Option<T>> {
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(Error::Api(status)) if matches!(status.code, 403 | 404) => Ok(None),
            Err(error) => Err(self.failure(&error)),
        }
    }
}

fn is_forbidden(error: &Error) -> bool {
    matches!(error, Error::Api(status) if status.code == 403)
}

/// Every object, page by page.
pub async fn list<K>(api: &Api<K>, params: &ListParams) -> Result<Vec<K>, Error>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let mut all = Vec::new();
    let mut params = params.clone().limit(PAGE);
    loop {
        let page = api.list(&params).await?;
        all.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(all),
        }
    }
}

/// Everything beside the agreement that the rules read.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// Its decisions.
    pub decisions: Vec<Arc<AgreementDecision>>,
    /// Its policy.
    pub policies: Vec<Arc<DelegationPolicy>>,
    /// Its catalogue.
    pub catalogue: Option<StandardTerms>,
    /// The other agreements of the namespace, if it names any.
    pub related: Vec<Arc<CustomerAgreement>>,
    labels: BTreeMap<String, String>,
    /// Whether the user may read all of it, and it exists.
    pub whole: bool,
}

impl Surroundings {
    /// Reads what the user may read.
    pub async fn read(server: &Server, agreement: &CustomerAgreement) -> Outcome<Self> {
        let policy = server.policy_of(agreement).await?;
        let catalogue = server.catalogue_of(agreement).await?;
        let decisions = server.permitted(server.decisions(agreement).await)?;
        let related = if agreement.spec.links().next().is_some() {
            server.permitted(list(&server.here::<CustomerAgreement>(), &ListParams::default()).await)?
        } else {
            Some(Vec::new())
        };
        let whole = policy.is_some() && catalogue.is_some() && decisions.is_some() && related.is_some();
        Ok(Self {
            decisions: decisions.unwrap_or_default(),
            policies: policy.into_iter().map(Arc::new).collect(),
            catalogue,
            related: related.unwrap_or_default().into_iter().map(Arc::new).collect(),
            labels: BTreeMap::new(),
            whole,
        })
    }

    /// The policy.
    pub fn policy(&self) -> Option<&DelegationPolicy> {
        self.policies.first().map(AsRef::as_ref)
    }

    /// As the input of the rules.
    pub fn observed<'a>(&'a self, agreement: &'a CustomerAgreement) -> Observed<'a> {
        Observed {
            decisions: &self.decisions,
            policies: &self.policies,
            namespace_labels: &self.labels,
            standard_terms: self.catalogue.as_ref(),
            related: &self.related,
            ..Observed::alone(agreement)
        }
    }
}

/// Validates a name, since it becomes part of a URL. `cagr/name` is `name`.
pub fn named(name: &str) -> Outcome<&str> {
    let name = plain_name(name);
    let permitted = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.len() > 253
        || !name.chars().all(permitted)
        || !name.starts_with(inside)
        || !name.ends_with(inside)
    {
        return Err(Failure::Usage(format!(
            "{:?} is not a valid name of an agreement: a name has at most 253 lower-case letters, digits, hyphens and dots",
            text::name(name)
        )));
    }
    Ok(name)
}

/// `cagr/name` is `name`.
pub fn plain_name(name: &str) -> &str {
    match name.split_once('/') {
        Some((
            "cagr" | "customeragreement" | "customeragreements" | "customeragreements.countersign.dev",
            name,
        )) => name,
        _ => name,
    }
}
