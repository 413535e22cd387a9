//! Where the executables come from.

mod recipe;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{Component, golang};
#[cfg(test)]
pub(crate) use recipe::KUBERNETES;
pub(crate) use recipe::stamp;

/// A folder with all three executables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    dir: PathBuf,
}

impl Binaries {
    /// Finds them, or builds them, which takes minutes the first time. See [`Lookup::find`].
    ///
    /// # Errors
    /// If they can neither be found nor built; the error says what you can do.
    pub fn find() -> Result<Self> {
        Lookup::from_environment()?.find()
    }

    /// The path of one of them.
    #[must_use]
    pub fn path(&self, component: Component) -> PathBuf {
        self.dir.join(component.binary())
    }

    /// The folder they are in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// Where to look for the executables.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// A folder with ready-made executables; if set, nothing else is tried.
    pub assets: Option<PathBuf>,
    /// The folder for what we build.
    pub cache: PathBuf,
    /// The Go command.
    pub go: OsString,
}

impl Lookup {
    /// `KUBEBUILDER_ASSETS`; `COUNTERSIGN_CACHE`, else `$XDG_CACHE_HOME/countersign`, else
    /// `~/.cache/countersign`; `go` from the `PATH`.
    ///
    /// # Errors
    /// If there is no home folder either.
    pub fn from_environment() -> Result<Self> {
        Ok(Self {
            assets: golang::folder_in("KUBEBUILDER_ASSETS"),
            cache: golang::cache_folder()?,
            go: "go".into(),
        })
    }

    /// Takes the executables from [`Self::assets`], else from the cache, else builds them with Go
    /// into the cache. If several callers, in any process, ask at once, one of them builds.
    ///
    /// # Errors
    /// If they can neither be found nor built; the error says what you can do.
    pub fn find(&self) -> Result<Binaries> {
        if let Some(assets) = &self.assets {
            return from_assets(assets);
        }
        let recipe = recipe::pinned()?;
        let dir = golang::obtain(&recipe, &self.cache.join("control-plane"), &self.go)
            .with_context(|| ways_out(&self.cache, &golang::oldest_go(&recipe)))?;
        Ok(Binaries { dir })
    }
}

fn from_assets(assets: &Path) -> Result<Binaries> {
    let assets = std::path::absolute(assets)?;
    let missing = missing(&assets);
    if missing.is_empty() {
        return Ok(Binaries { dir: assets });
    }
    bail!(
        "KUBEBUILDER_ASSETS is {}, which has no {}.\n\
         All of etcd, kube-apiserver and kube-controller-manager are needed. setup-envtest brings no \
         kube-controller-manager: put one of the same version beside the others, or unset the variable \
         to have all three built with Go.",
        assets.display(),
        missing.join(" and no ")
    )
}

fn missing(dir: &Path) -> Vec<&'static str> {
    Component::ALL.map(Component::binary).into_iter().filter(|name| !dir.join(name).is_file()).collect()
}

fn ways_out(cache: &Path, go: &str) -> String {
    format!(
        "There are no control plane binaries in {}, and they could not be built. Three ways out:\n  \
         1. Install Go {go} or newer, put `go` into the PATH, and start this again: it builds them once \
         (minutes, and access to a Go module proxy).\n  \
         2. Set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kube-controller-manager.\n  \
         3. Use a cluster you have: install the operator there, and choose it by its kubeconfig context. \
         (That is for trying it out; the tests start a control plane of their own and need 1 or 2.)",
        cache.display(),
    )
}
