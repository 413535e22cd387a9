//! What is missing in the documents, and why.

use std::fmt;

use kube::{Resource, ResourceExt};

use crate::text;

/// Something that should be in the documents and is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The object, such as `CustomerAgreement commerce/fibre`.
    pub object: String,
    /// What is missing of it, and why.
    pub message: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.message)
    }
}

/// Records what is missing in the document of one object.
pub(super) struct Missing<'a> {
    object: String,
    left_out: &'a mut Vec<LeftOut>,
}

impl<'a> Missing<'a> {
    pub(super) fn of<K: Resource<DynamicType = ()>>(object: &K, left_out: &'a mut Vec<LeftOut>) -> Self {
        let namespace = object.namespace().map(|namespace| namespace + "/").unwrap_or_default();
        let object = format!("{} {namespace}{}", K::kind(&()), object.name_any());
        Self { object: text::reason(&object), left_out }
    }

    pub(super) fn note(&mut self, message: &str) {
        let left_out = LeftOut { object: self.object.clone(), message: text::reason(message) };
        self.left_out.push(left_out);
    }
}
