//! PURE: agreements, catalogues and order requests as documents of TM Forum's Open APIs, for systems that speak those.
//!
//! An agreement with its decisions is a TMF651 `Agreement`, a catalogue an `AgreementSpecification`, an order request
//! what its consumer would post as a TMF622 `ProductOrder`, all of version 4. `docs/tmforum.md` has the mapping field by
//! field.

mod agreement;
mod characteristics;
mod decisions;
mod links;
mod parts;
mod product_order;
mod specification;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use kube::core::ObjectMeta;
use kube::{Resource, ResourceExt};
use serde::Serialize;

use crate::text;
use crate::verify::Export;

/// Who gets the documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// The customer: without what the provider keeps to itself, such as approvals and negotiable bands.
    #[default]
    Customer,
    /// The provider's own systems.
    Provider,
}

/// What becomes a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A `CustomerAgreement` with its decisions, as a TMF651 `Agreement`.
    Agreement,
    /// A `StandardTerms`, as a TMF651 `AgreementSpecification`.
    AgreementSpecification,
    /// An `OrderRequest`, as a TMF622 `ProductOrder` that is yet to be posted.
    ProductOrder,
}

/// How documents are made.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Who gets them.
    pub audience: Audience,
    /// Which are made; every kind where none is named.
    pub kinds: BTreeSet<Kind>,
    /// Where the APIs are, such as `https://api.example.com/tmf-api`. Without it no document has a `href`.
    pub base_url: Option<String>,
}

/// Documents, and what is not in them.
#[derive(Debug, Default)]
pub struct Documents {
    /// Agreements by namespace, name and UID; then specifications; then orders.
    pub documents: Vec<Document>,
    /// What should be there and is not. The rest does not suffer from it.
    pub left_out: Vec<LeftOut>,
}

/// One document. Its serialized form is what the API takes.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Document(Content);

impl Document {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.0 {
            Content::Agreement(_) => Kind::Agreement,
            Content::AgreementSpecification(_) => Kind::AgreementSpecification,
            Content::ProductOrder(_) => Kind::ProductOrder,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content {
    Agreement(Box<agreement::Agreement>),
    AgreementSpecification(Box<specification::AgreementSpecification>),
    ProductOrder(Box<product_order::ProductOrder>),
}

/// Something that should be in the documents and is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The object, such as `CustomerAgreement commerce/fibre`.
    pub object: String,
    /// What of it, and why.
    pub message: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.message)
    }
}

/// Makes documents of the objects in an export. The same objects give the same documents, in whatever order they stand.
#[must_use]
pub fn documents(export: &Export, options: &Options) -> Documents {
    let mut made = Documents::default();
    let wanted = |kind| options.kinds.is_empty() || options.kinds.contains(&kind);
    if wanted(Kind::Agreement) {
        for object in sorted(export.agreements()) {
            let mut missing = Missing::of(object, &mut made.left_out);
            let document = agreement::agreement(export, object, options, &mut missing);
            made.documents.push(Document(Content::Agreement(Box::new(document))));
        }
    }
    if wanted(Kind::AgreementSpecification) {
        for object in sorted(export.catalogues()) {
            let mut missing = Missing::of(object, &mut made.left_out);
            let document = specification::specification(object, options, &mut missing);
            let document = document.map(|document| Content::AgreementSpecification(Box::new(document)));
            made.documents.extend(document.map(Document));
        }
    }
    if wanted(Kind::ProductOrder) {
        for object in sorted(export.order_requests()) {
            let document = product_order::product_order(object, options);
            made.documents.push(Document(Content::ProductOrder(Box::new(document))));
        }
    }
    made
}

fn sorted<K: Resource>(objects: &[Arc<K>]) -> Vec<&K> {
    let mut sorted: Vec<&K> = objects.iter().map(AsRef::as_ref).collect();
    sorted.sort_by(|a, b| identity(a.meta()).cmp(&identity(b.meta())));
    sorted
}

fn identity(metadata: &ObjectMeta) -> (Option<&str>, Option<&str>, Option<&str>) {
    (metadata.namespace.as_deref(), metadata.name.as_deref(), metadata.uid.as_deref())
}

/// Notes down what is missing in the document of one object.
struct Missing<'a> {
    object: String,
    left_out: &'a mut Vec<LeftOut>,
}

impl<'a> Missing<'a> {
    fn of<K: Resource<DynamicType = ()>>(object: &K, left_out: &'a mut Vec<LeftOut>) -> Self {
        let namespace = object.namespace().map(|namespace| namespace + "/").unwrap_or_default();
        let object = format!("{} {namespace}{}", K::kind(&()), object.name_any());
        Self { object: text::reason(&object), left_out }
    }

    fn note(&mut self, message: &str) {
        let left_out = LeftOut { object: self.object.clone(), message: text::reason(message) };
        self.left_out.push(left_out);
    }
}
