//! The admission policies that keep decisions from being forged, as they ship with this version.
//!
//! The files in `deploy/admission/` are the source, and are compiled in. The version of its content is part of the name of
//! every policy and binding, so none of them is ever edited: an upgrade adds a set and takes the old one away later. Two
//! sets together only refuse more.

use jiff::Timestamp;
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use kube::Resource;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Who writes outcomes where nothing else is said: the service account in `deploy/rbac/operator.yaml`.
pub const OPERATOR: &str = "system:serviceaccount:countersign-system:countersign";
/// Label of all that is ours; the guard finds the policies by it.
pub const LABEL: (&str, &str) = ("app.kubernetes.io/name", "countersign");

/// What the name of a policy ends in.
const DOMAIN: &str = ".countersign.dev";
/// Characters of a version.
const DIGITS: usize = 8;

const FILES: [(&str, &str); 5] = [
    ("append-only.yaml", include_str!("../deploy/admission/append-only.yaml")),
    ("decide.yaml", include_str!("../deploy/admission/decide.yaml")),
    ("definitions.yaml", include_str!("../deploy/admission/definitions.yaml")),
    ("kept.yaml", include_str!("../deploy/admission/kept.yaml")),
    ("outcome.yaml", include_str!("../deploy/admission/outcome.yaml")),
];

/// Name and text of each file, for the operator that runs as `operator`.
#[must_use]
pub fn files(operator: &str) -> Vec<(&'static str, String)> {
    FILES.iter().map(|(name, text)| (*name, versioned(&text.replace(OPERATOR, operator)))).collect()
}

/// The text with the version of its content in every name.
#[must_use]
pub fn versioned(text: &str) -> String {
    let blank = versionless(text);
    let digest = Sha256::digest(blank.as_bytes());
    let version: String = digest.iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    with_version(&blank, &version)
}

/// The text with the same version in every name, whichever it was.
fn versionless(text: &str) -> String {
    with_version(text, &"0".repeat(DIGITS))
}

/// Every `-xxxxxxxx.countersign.dev` with this version in the place of the eight characters.
fn with_version(text: &str, version: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(DOMAIN) {
        let (before, after) = rest.split_at(at);
        let marked = before.len().checked_sub(DIGITS + 1).and_then(|start| before.split_at_checked(start));
        match marked.filter(|(_, mark)| is_version(mark)) {
            Some((name, _)) => {
                out.push_str(name);
                out.push('-');
                out.push_str(version);
            }
            None => out.push_str(before),
        }
        let (domain, after) = after.split_at(DOMAIN.len());
        out.push_str(domain);
        rest = after;
    }
    out.push_str(rest);
    out
}

fn is_version(mark: &str) -> bool {
    mark.strip_prefix('-')
        .is_some_and(|digits| digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

/// Policies and bindings that must be in force.
#[derive(Clone, Debug, Default)]
pub struct Set {
    /// The policies.
    pub policies: Vec<ValidatingAdmissionPolicy>,
    /// Their bindings.
    pub bindings: Vec<ValidatingAdmissionPolicyBinding>,
}

impl Set {
    /// The set for the operator that runs as `operator`.
    #[must_use]
    pub fn of(operator: &str) -> Self {
        let mut set = Self::default();
        for (_, text) in files(operator) {
            // What does not parse here would be missing on the server as well; a test reads every file.
            for document in serde_saphyr::from_multiple::<Value>(&text).unwrap_or_default() {
                set.policies.extend(read(&document, "ValidatingAdmissionPolicy").map(with_defaults));
                set.bindings.extend(read(&document, "ValidatingAdmissionPolicyBinding"));
            }
        }
        set
    }

    /// Whether a policy has the name of one of these, in this version or another. During an upgrade two versions are
    /// installed, and either may be the one that refuses.
    #[must_use]
    pub fn has_a_version_of(&self, policy: &str) -> bool {
        let names = self.policies.iter().filter_map(|policy| policy.metadata.name.as_deref());
        names.into_iter().any(|name| versionless(name) == versionless(policy))
    }

    /// Since when all of it is in force as it was shipped: the creation of the youngest. `policy` and `binding` find what is
    /// installed, by name.
    ///
    /// # Errors
    /// What is not as it was shipped, in words, the same for the same state.
    pub fn in_force<'a>(
        &self,
        policy: impl Fn(&str) -> Option<&'a ValidatingAdmissionPolicy>,
        binding: impl Fn(&str) -> Option<&'a ValidatingAdmissionPolicyBinding>,
    ) -> Result<Timestamp, String> {
        let policies = self.policies.iter().map(|expected| {
            since("ValidatingAdmissionPolicy", expected, &policy, |found| found.spec == expected.spec)
        });
        let bindings = self.bindings.iter().map(|expected| {
            since("ValidatingAdmissionPolicyBinding", expected, &binding, |found| found.spec == expected.spec)
        });
        let youngest =
            policies.chain(bindings).try_fold(Timestamp::MIN, |youngest, since| Ok(since?.max(youngest)));
        // An empty set protects nothing.
        youngest.and_then(|youngest| {
            if youngest == Timestamp::MIN { Err("no policy is known".to_owned()) } else { Ok(youngest) }
        })
    }
}

fn read<T: DeserializeOwned>(document: &Value, kind: &str) -> Option<T> {
    let is = document.get("kind").and_then(Value::as_str) == Some(kind);
    is.then(|| serde_json::from_value(document.clone()).ok()).flatten()
}

/// Since when one of them is in force, or why it is not.
fn since<'a, K: Resource + 'a>(
    kind: &str,
    expected: &K,
    installed: impl Fn(&str) -> Option<&'a K>,
    same: impl Fn(&K) -> bool,
) -> Result<Timestamp, String> {
    let name = expected.meta().name.as_deref().unwrap_or_default();
    let Some(object) = installed(name) else { return Err(format!("{kind} `{name}` is missing")) };
    if !same(object) {
        return Err(format!("{kind} `{name}` is not as it was shipped"));
    }
    let found = object.meta();
    // Weakened and put back leaves a higher one.
    if found.generation != Some(1) {
        return Err(format!(
            "{kind} `{name}` was changed since it was installed; delete it and install it again"
        ));
    }
    let created = found.creation_timestamp.as_ref().map(|time| time.0);
    created
        .filter(|_| found.deletion_timestamp.is_none())
        .ok_or_else(|| format!("{kind} `{name}` is being deleted"))
}

/// What the server adds, so that what is installed can be compared as a whole.
fn with_defaults(mut policy: ValidatingAdmissionPolicy) -> ValidatingAdmissionPolicy {
    let constraints = policy.spec.as_mut().and_then(|spec| spec.match_constraints.as_mut());
    if let Some(constraints) = constraints {
        constraints.namespace_selector.get_or_insert_default();
        constraints.object_selector.get_or_insert_default();
        for rule in constraints.resource_rules.iter_mut().flatten() {
            rule.scope.get_or_insert_with(|| "*".to_owned());
        }
    }
    policy
}
