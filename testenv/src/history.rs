//! Every state that our objects ever had, from etcd.

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{ControlPlane, etcd::Etcd};

const GROUP: &str = "/registry/countersign.dev/";

/// No resource is called that, so no watch of the API server covers it.
const MARK: &str = "/registry/countersign.dev/~end-of-history";

/// One revision of one object of our group.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision<T = Value> {
    /// The key in etcd.
    pub key: String,
    /// The plural of the resource.
    pub resource: String,
    /// `None` for cluster-scoped objects.
    pub namespace: Option<String>,
    /// The object's name.
    pub name: String,
    /// The revision of the whole store that this write made, which is the `resourceVersion` of the
    /// object that it wrote.
    pub mod_revision: u64,
    /// The revision in which the object was created; 0 for a deletion.
    pub create_revision: u64,
    /// 1 for the creation, one more for each later write; 0 for a deletion.
    pub version: u64,
    /// What was written.
    pub change: Change<T>,
}

/// What a revision did.
#[derive(Debug, Clone, PartialEq)]
pub enum Change<T = Value> {
    /// The object as stored (of which the API server fills in `resourceVersion` when it reads).
    Put(T),
    /// The object was removed.
    Delete,
}

impl<T> Revision<T> {
    /// The object, unless this is its deletion.
    #[must_use]
    pub fn object(&self) -> Option<&T> {
        match &self.change {
            Change::Put(object) => Some(object),
            Change::Delete => None,
        }
    }
}

impl ControlPlane {
    /// Every revision of every object of our group whose key begins with `prefix` after the group
    /// (`agreements/my-namespace/`, or nothing for all), in the order in which they were written.
    ///
    /// It is complete up to the moment of the call: a mark is written, and read back as the last
    /// thing (each call therefore takes one revision of the store).
    ///
    /// # Errors
    /// If etcd does not answer, or if a stored object is not JSON.
    pub async fn history(&self, prefix: &str) -> Result<Vec<Revision>> {
        self.history_of(prefix).await
    }

    /// The same with the objects as `K`.
    ///
    /// # Errors
    /// As [`Self::history`], and if a stored object is not a `K`.
    pub async fn history_of<K: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<Revision<K>>> {
        let etcd = Etcd::new(self.ports.etcd_client);
        let wanted = format!("{GROUP}{prefix}");
        let end = etcd.put(MARK).await?;
        let mut revisions = Vec::new();
        etcd.replay(GROUP, |event| {
            let kv = &event.kv;
            if kv.key == MARK {
                return Ok(kv.mod_revision < end);
            }
            if kv.key.starts_with(&wanted) {
                let change = if event.is_delete() {
                    Change::Delete
                } else {
                    let at = || format!("{} at revision {}", kv.key, kv.mod_revision);
                    Change::Put(serde_json::from_slice(&kv.value).with_context(at)?)
                };
                let (resource, namespace, name) = parts(&kv.key)?;
                revisions.push(Revision {
                    resource,
                    namespace,
                    name,
                    mod_revision: kv.mod_revision,
                    create_revision: kv.create_revision,
                    version: kv.version,
                    change,
                    key: event.kv.key,
                });
            }
            Ok(true)
        })
        .await?;
        Ok(revisions)
    }
}

/// Resource, namespace and name.
fn parts(key: &str) -> Result<(String, Option<String>, String)> {
    let rest = key.strip_prefix(GROUP).unwrap_or(key);
    let parts: Vec<&str> = rest.split('/').collect();
    match parts.as_slice() {
        [resource, name] => Ok(((*resource).to_owned(), None, (*name).to_owned())),
        [resource, namespace, name] => {
            Ok(((*resource).to_owned(), Some((*namespace).to_owned()), (*name).to_owned()))
        }
        _ => bail!("{key} is not the key of an object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_apart() {
        let own = |a: &str, b: Option<&str>, c: &str| (a.to_owned(), b.map(str::to_owned), c.to_owned());
        assert_eq!(
            parts("/registry/countersign.dev/agreements/ns/a").unwrap(),
            own("agreements", Some("ns"), "a")
        );
        assert_eq!(parts("/registry/countersign.dev/policies/p").unwrap(), own("policies", None, "p"));
        assert!(parts("/registry/countersign.dev/agreements").is_err());
    }
}
