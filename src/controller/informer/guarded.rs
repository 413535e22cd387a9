//! Objects behind kube's guard: one that cannot be decoded must not stop the others.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::core::{DeserializeGuard, error_boundary::InvalidObject};
use serde::{Deserialize, Deserializer};

use crate::controller::informer::key::{Key, version};

/// [`DeserializeGuard`], which in kube 5.0 forgets that its kind may be read as metadata only (ADR 16).
#[derive(Clone, Debug)]
pub(crate) struct Guarded<K>(DeserializeGuard<K>);

/// An object that could not be decoded: which one, and why.
#[derive(Debug)]
pub(crate) struct Undecodable {
    pub(crate) key: Key,
    pub(crate) version: u64,
    pub(crate) error: String,
}

impl<K: Resource> Guarded<K> {
    /// The object without what is never looked at.
    pub(crate) fn decoded(self) -> Result<K, Undecodable> {
        match self.0.0 {
            Ok(mut object) => {
                slim(object.meta_mut());
                Ok(object)
            }
            Err(InvalidObject { error, metadata }) => {
                Err(Undecodable { key: Key::of(&metadata), version: version(&metadata), error })
            }
        }
    }
}

/// Who wrote which field is a large part of an object and of no use here.
pub(crate) fn slim(meta: &mut ObjectMeta) {
    meta.managed_fields = None;
}

impl<'de, K: Deserialize<'de> + Resource> Deserialize<'de> for Guarded<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DeserializeGuard::deserialize(deserializer).map(Self)
    }
}

impl<K: Resource> Resource for Guarded<K> {
    type DynamicType = K::DynamicType;
    type Scope = K::Scope;

    fn metadata_api() -> bool {
        K::metadata_api()
    }

    fn kind(dynamic: &Self::DynamicType) -> Cow<'_, str> {
        K::kind(dynamic)
    }

    fn group(dynamic: &Self::DynamicType) -> Cow<'_, str> {
        K::group(dynamic)
    }

    fn version(dynamic: &Self::DynamicType) -> Cow<'_, str> {
        K::version(dynamic)
    }

    fn plural(dynamic: &Self::DynamicType) -> Cow<'_, str> {
        K::plural(dynamic)
    }

    fn meta(&self) -> &ObjectMeta {
        self.0.meta()
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.0.meta_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_api::AgreementDecision;
    use k8s_openapi::api::core::v1::Namespace;
    use kube::core::PartialObjectMeta;
    use serde_json::json;

    #[test]
    fn what_cannot_be_decoded_still_says_who_it_is() {
        let object = json!({
            "apiVersion": "countersign.dev/v1alpha1", "kind": "AgreementDecision", "spec": {"action": "Dance"},
            "metadata": {"name": "a", "namespace": "n", "resourceVersion": "7"},
        });
        let guarded: Guarded<AgreementDecision> = serde_json::from_value(object).unwrap();
        let undecodable = guarded.decoded().unwrap_err();
        assert_eq!((undecodable.key, undecodable.version), (Key::new("n", "a"), 7));
    }

    /// The second line is what kube lacks: when it fails, this type can go.
    #[test]
    fn a_namespace_behind_the_guard_is_still_read_as_metadata_only() {
        assert!(Guarded::<PartialObjectMeta<Namespace>>::metadata_api());
        assert!(!DeserializeGuard::<PartialObjectMeta<Namespace>>::metadata_api());
    }
}
