//! What a control plane is built from, pinned by two wrapper modules.

use anyhow::{Context, Result};

use crate::golang::{Module, Recipe, Target, stripped};

const ETCD: Module = Module {
    name: "etcd",
    go_mod: include_str!("../../control-plane/etcd/go.mod"),
    go_sum: include_str!("../../control-plane/etcd/go.sum"),
    main_go: None,
};
pub(crate) const KUBERNETES: Module = Module {
    name: "kubernetes",
    go_mod: include_str!("../../control-plane/kubernetes/go.mod"),
    go_sum: include_str!("../../control-plane/kubernetes/go.sum"),
    main_go: None,
};

pub(super) fn pinned() -> Result<Recipe> {
    let etcd = ETCD.version("go.etcd.io/etcd/server/v3")?;
    let kubernetes = KUBERNETES.version("k8s.io/kubernetes")?;
    let stamped = stamp(kubernetes)?;
    let targets = vec![
        Target {
            binary: "etcd",
            package: "go.etcd.io/etcd/server/v3",
            module: ETCD,
            tags: "",
            ldflags: stripped(),
            expected: "about half a minute, 25 MB",
        },
        Target {
            binary: "kube-apiserver",
            package: "k8s.io/kubernetes/cmd/kube-apiserver",
            module: KUBERNETES,
            tags: "",
            ldflags: stamped.clone(),
            expected: "three to six minutes, 119 MB",
        },
        Target {
            binary: "kube-controller-manager",
            package: "k8s.io/kubernetes/cmd/kube-controller-manager",
            module: KUBERNETES,
            tags: "",
            ldflags: stamped,
            expected: "one to three minutes, 105 MB",
        },
    ];
    Ok(Recipe::new(
        "the control plane",
        "It takes about 3 GB of memory, 1 GB of disk for Go's module cache, and 3 GB for its build cache.",
        &format!("kubernetes-{kubernetes}-etcd-{etcd}"),
        targets,
    ))
}

/// Without this the programs call themselves v0.0.0, and clients rely on the version that a server reports.
pub(crate) fn stamp(version: &str) -> Result<String> {
    const PACKAGE: &str = "k8s.io/component-base/version";
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = numbers.next().zip(numbers.next()).context("an unusual Kubernetes version")?;
    Ok(format!(
        "-s -w -X {PACKAGE}.gitVersion={version} -X {PACKAGE}.gitMajor={major} -X {PACKAGE}.gitMinor={minor} \
         -X {PACKAGE}.gitTreeState=clean"
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_folder_names_the_pinned_versions() {
        let recipe = super::pinned().unwrap();
        assert!(recipe.folder().starts_with("kubernetes-v1."), "{}", recipe.folder());
        assert!(recipe.folder().contains("-etcd-v3."), "{}", recipe.folder());
    }
}
