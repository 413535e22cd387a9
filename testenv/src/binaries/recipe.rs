//! What is built, pinned by the go.mod and go.sum files of two wrapper modules.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The oldest Go that builds it.
pub(super) const GO: (u32, u32) = (1, 26);

const ETCD_MOD: &str = include_str!("../../control-plane/etcd/go.mod");
const ETCD_SUM: &str = include_str!("../../control-plane/etcd/go.sum");
const KUBERNETES_MOD: &str = include_str!("../../control-plane/kubernetes/go.mod");
const KUBERNETES_SUM: &str = include_str!("../../control-plane/kubernetes/go.sum");

/// All that decides what comes out of a build.
pub(super) struct Recipe {
    pub(super) targets: [Target; 3],
    folder: String,
}

/// One executable.
pub(super) struct Target {
    pub(super) binary: &'static str,
    pub(super) package: &'static str,
    pub(super) module: Module,
    pub(super) ldflags: String,
    /// What to expect, on two cores and with nothing compiled before.
    pub(super) expected: &'static str,
}

/// A wrapper module.
#[derive(Clone, Copy)]
pub(super) struct Module {
    pub(super) name: &'static str,
    pub(super) go_mod: &'static str,
    pub(super) go_sum: &'static str,
}

const ETCD: Module = Module { name: "etcd", go_mod: ETCD_MOD, go_sum: ETCD_SUM };
const KUBERNETES: Module = Module { name: "kubernetes", go_mod: KUBERNETES_MOD, go_sum: KUBERNETES_SUM };

impl Recipe {
    pub(super) fn pinned() -> Result<Self> {
        let etcd = version(ETCD_MOD, "go.etcd.io/etcd/server/v3")?;
        let kubernetes = version(KUBERNETES_MOD, "k8s.io/kubernetes")?;
        let stripped = "-s -w".to_owned();
        let stamped = stamp(kubernetes)?;
        let targets = [
            Target {
                binary: "etcd",
                package: "go.etcd.io/etcd/server/v3",
                module: ETCD,
                ldflags: stripped,
                expected: "about half a minute, 25 MB",
            },
            Target {
                binary: "kube-apiserver",
                package: "k8s.io/kubernetes/cmd/kube-apiserver",
                module: KUBERNETES,
                ldflags: stamped.clone(),
                expected: "three to six minutes, 119 MB",
            },
            Target {
                binary: "kube-controller-manager",
                package: "k8s.io/kubernetes/cmd/kube-controller-manager",
                module: KUBERNETES,
                ldflags: stamped,
                expected: "one to three minutes, 105 MB",
            },
        ];
        let hash = hash(&targets);
        Ok(Self { targets, folder: format!("kubernetes-{kubernetes}-etcd-{etcd}-{hash}") })
    }

    /// The folder in the cache. Its name changes with anything that is pinned, so that a changed pin
    /// is built anew.
    pub(super) fn folder(&self) -> &str {
        &self.folder
    }
}

/// Without this the server calls itself v0.0.0, and clients go by what it calls itself.
fn stamp(version: &str) -> Result<String> {
    const PACKAGE: &str = "k8s.io/component-base/version";
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = numbers.next().zip(numbers.next()).context("an unusual Kubernetes version")?;
    Ok(format!(
        "-s -w -X {PACKAGE}.gitVersion={version} -X {PACKAGE}.gitMajor={major} -X {PACKAGE}.gitMinor={minor} \
         -X {PACKAGE}.gitTreeState=clean"
    ))
}

fn version<'a>(go_mod: &'a str, module: &str) -> Result<&'a str> {
    go_mod
        .lines()
        .filter_map(|line| {
            line.trim().trim_start_matches("require ").strip_prefix(module)?.split_whitespace().next()
        })
        .find(|version| version.starts_with('v'))
        .with_context(|| format!("go.mod does not require {module}"))
}

fn hash(targets: &[Target]) -> String {
    let mut hasher = Sha256::new();
    // A home folder can be shared by unlike machines.
    hasher.update(std::env::consts::OS);
    hasher.update(std::env::consts::ARCH);
    for target in targets {
        for part in [target.package, &target.ldflags, target.module.go_mod, target.module.go_sum] {
            hasher.update(part);
        }
    }
    hasher.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_names_the_pinned_versions() {
        let recipe = Recipe::pinned().unwrap();
        assert!(recipe.folder().starts_with("kubernetes-v1."), "{}", recipe.folder());
        assert!(recipe.folder().contains("-etcd-v3."), "{}", recipe.folder());
    }
}
