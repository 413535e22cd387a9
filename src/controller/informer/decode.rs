//! Objects as the server sends them, each decoded by itself: one that cannot be read must not take others with it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::controller::informer::key::Key;

/// An object that could not be read: which one, and why.
#[derive(Debug)]
pub(crate) struct Undecodable {
    pub(crate) key: Key,
    pub(crate) version: Option<String>,
    pub(crate) error: serde_json::Error,
}

/// A list as the server sends it.
#[derive(Deserialize)]
pub(crate) struct RawList {
    #[serde(default)]
    pub(crate) metadata: RawListMeta,
    #[serde(default)]
    pub(crate) items: Vec<Box<RawValue>>,
}

/// What a list says of itself.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawListMeta {
    #[serde(default)]
    pub(crate) resource_version: Option<String>,
    #[serde(default, rename = "continue")]
    pub(crate) continue_token: Option<String>,
}

/// Reads one object and drops what is never looked at.
pub(crate) fn decode<K>(raw: &RawValue) -> Result<K, Undecodable>
where
    K: Resource + DeserializeOwned,
{
    match serde_json::from_str::<K>(raw.get()) {
        Ok(mut object) => {
            slim(object.meta_mut());
            Ok(object)
        }
        Err(error) => {
            let Shell { metadata } = serde_json::from_str(raw.get()).unwrap_or_default();
            let key = Key::new(
                metadata.namespace.as_deref().unwrap_or_default(),
                metadata.name.as_deref().unwrap_or_default(),
            );
            Err(Undecodable { key, version: metadata.resource_version, error })
        }
    }
}

/// Who wrote which field is a large part of an object and of no use here.
pub(crate) fn slim(meta: &mut ObjectMeta) {
    meta.managed_fields = None;
}

#[derive(Default, Deserialize)]
struct Shell {
    #[serde(default)]
    metadata: Identity,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    name: Option<String>,
    namespace: Option<String>,
    resource_version: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_api::AgreementDecision;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn what_cannot_be_read_still_says_who_it_is() {
        let object = raw(
            r#"{"metadata":{"name":"a","namespace":"n","resourceVersion":"7"},"spec":{"action":"Dance"}}"#,
        );
        let undecodable = decode::<AgreementDecision>(&object).unwrap_err();
        assert_eq!(undecodable.key, Key::new("n", "a"));
        assert_eq!(undecodable.version.as_deref(), Some("7"));
    }

    #[test]
    fn even_metadata_of_the_wrong_type_is_no_reason_to_stop() {
        assert_eq!(decode::<AgreementDecision>(&raw(r#"{"metadata":7}"#)).unwrap_err().key, Key::new("", ""));
    }
}
