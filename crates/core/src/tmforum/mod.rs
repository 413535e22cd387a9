//! PURE: agreements, catalogues and order requests as documents of TM Forum's Open APIs, for systems that speak those.
//!
//! An agreement with its decisions is a TMF651 `Agreement`, a catalogue an `AgreementSpecification`, an order request
//! what its consumer would post as a TMF622 `ProductOrder`, all of version 4. `docs/tmforum.md` has the mapping field by
//! field.

mod agreement;
mod characteristics;
mod decisions;
mod left_out;
mod links;
mod options;
mod parts;
mod product_order;
mod specification;

use std::sync::Arc;

use kube::Resource;
use kube::core::ObjectMeta;
use serde::Serialize;

use crate::verify::Export;
use left_out::Missing;

pub use left_out::LeftOut;
pub use options::{Kind, Options};

/// Documents, and what is missing in them.
#[derive(Debug, Default)]
pub struct Documents {
    /// Agreements by namespace, name and UID; then specifications; then orders.
    pub documents: Vec<Document>,
    /// What should be in them and is not. The rest is complete.
    pub left_out: Vec<LeftOut>,
}

/// One document. Its serialized form is what the API accepts.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Document(Content);

impl Document {
    /// What kind of document it is.
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

/// Makes documents of the objects in an export. The same objects give the same documents, in whatever order they are given.
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
