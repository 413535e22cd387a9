//! Where the executables come from.

mod build;
mod progress;
mod recipe;

use std::{
    env,
    ffi::OsString,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::Component;
use progress::announce;
use recipe::Recipe;

/// A folder with all three executables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    dir: PathBuf,
}

impl Binaries {
    /// Finds them, or builds them, which takes minutes the first time. See [`Lookup::find`].
    ///
    /// # Errors
    /// When they cannot be had; the error names the ways out.
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

    fn complete(dir: &Path) -> Option<Self> {
        missing(dir).is_empty().then(|| Self { dir: dir.to_owned() })
    }
}

/// Where to look for the executables.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// A folder that somebody filled for us; nothing else is tried then.
    pub assets: Option<PathBuf>,
    /// The folder in which we keep what we build.
    pub cache: PathBuf,
    /// The Go command.
    pub go: OsString,
}

impl Lookup {
    /// `KUBEBUILDER_ASSETS`; `COUNTERSIGN_CACHE`, else `$XDG_CACHE_HOME/countersign`, else
    /// `~/.cache/countersign`; `go` from the `PATH`.
    ///
    /// # Errors
    /// When there is no home folder either.
    pub fn from_environment() -> Result<Self> {
        let folder = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = folder("COUNTERSIGN_CACHE")
            .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("countersign")))
            .or_else(|| Some(folder("HOME")?.join(".cache/countersign")))
            .context("no place for a cache: set COUNTERSIGN_CACHE to a folder")?;
        // Everything below runs with its own working directory.
        Ok(Self { assets: folder("KUBEBUILDER_ASSETS"), cache: std::path::absolute(cache)?, go: "go".into() })
    }

    /// Takes the executables from [`Self::assets`], else from the cache, else builds them with Go
    /// into the cache. Of several callers at a time, in whatever process, one builds.
    ///
    /// # Errors
    /// When they cannot be had; the error names the ways out.
    pub fn find(&self) -> Result<Binaries> {
        if let Some(assets) = &self.assets {
            return from_assets(assets);
        }
        let recipe = Recipe::pinned()?;
        let home = self.cache.join("control-plane");
        let dir = home.join(recipe.folder());
        if let Some(binaries) = Binaries::complete(&dir) {
            return Ok(binaries);
        }
        fs::create_dir_all(&home).with_context(|| format!("could not create {}", home.display()))?;
        let _lock = lock(&home.join(format!("{}.lock", recipe.folder())))?;
        // Whoever held the lock may have built what we want.
        if let Some(binaries) = Binaries::complete(&dir) {
            return Ok(binaries);
        }
        let partial = home.join(format!("{}.partial", recipe.folder()));
        clear(&partial)?;
        clear(&dir)?;
        build::all(&self.go, &recipe, &partial).context(ways_out(&self.cache))?;
        fs::rename(&partial, &dir).with_context(|| format!("could not rename {}", partial.display()))?;
        Binaries::complete(&dir).context("Go reported success, and yet an executable is missing")
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

fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("could not create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {
            announce("Another process is building the control plane; waiting for it.");
        }
        Err(TryLockError::Error(error)) => return Err(error).context("could not lock the cache"),
    }
    file.lock().context("could not lock the cache")?;
    Ok(file)
}

fn clear(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove {}", dir.display()))
        }
        _ => Ok(()),
    }
}

fn ways_out(cache: &Path) -> String {
    format!(
        "There are no control plane binaries in {}, and they could not be built. Three ways out:\n  \
         1. Install Go {}.{} or newer, put `go` into the PATH, and start this again: it builds them once \
         (minutes, and access to a Go module proxy).\n  \
         2. Set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kube-controller-manager.\n  \
         3. Use a cluster you have: install the operator there, and choose it by its kubeconfig context. \
         (That is for trying it out; the tests start a control plane of their own and need 1 or 2.)",
        cache.display(),
        recipe::GO.0,
        recipe::GO.1,
    )
}
