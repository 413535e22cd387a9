//! Executables from Go's module proxy: built once, and kept in the cache.

mod build;
mod progress;
mod recipe;

use std::{
    env,
    ffi::OsStr,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

pub(crate) use recipe::{Module, Recipe, Target, stripped};

/// `COUNTERSIGN_CACHE`, else `$XDG_CACHE_HOME/countersign`, else `~/.cache/countersign`.
pub(crate) fn cache_folder() -> Result<PathBuf> {
    let cache = folder_in("COUNTERSIGN_CACHE")
        .or_else(|| Some(folder_in("XDG_CACHE_HOME")?.join("countersign")))
        .or_else(|| Some(folder_in("HOME")?.join(".cache/countersign")))
        .context("no place for a cache: set COUNTERSIGN_CACHE to a folder")?;
    // Everything below runs with its own working directory.
    Ok(std::path::absolute(cache)?)
}

/// The folder that an environment variable names; an empty one names none.
pub(crate) fn folder_in(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The oldest Go that builds a recipe, as people write it.
pub(crate) fn oldest_go(recipe: &Recipe) -> String {
    build::shown(recipe.oldest_go())
}

/// The folder with a recipe's executables, below `home`. Missing ones are built; if several callers,
/// in any process, ask at once, one of them builds.
pub(crate) fn obtain(recipe: &Recipe, home: &Path, go: &OsStr) -> Result<PathBuf> {
    let dir = home.join(recipe.folder());
    if complete(recipe, &dir) {
        return Ok(dir);
    }
    fs::create_dir_all(home).with_context(|| format!("could not create {}", home.display()))?;
    let _lock = lock(&home.join(format!("{}.lock", recipe.folder())), recipe.what)?;
    // Another process may have built it while it held the lock.
    if complete(recipe, &dir) {
        return Ok(dir);
    }
    let partial = home.join(format!("{}.partial", recipe.folder()));
    clear(&partial)?;
    clear(&dir)?;
    build::all(go, recipe, &partial)?;
    fs::rename(&partial, &dir).with_context(|| format!("could not rename {}", partial.display()))?;
    ensure!(
        complete(recipe, &dir),
        "Go reported success, and yet an executable is missing in {}",
        dir.display()
    );
    Ok(dir)
}

fn complete(recipe: &Recipe, dir: &Path) -> bool {
    recipe.targets.iter().all(|target| dir.join(target.binary).is_file())
}

fn lock(path: &Path, what: &str) -> Result<File> {
    let file = File::create(path).with_context(|| format!("could not create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {
            progress::announce(&format!("Another process is building {what}; waiting for it."));
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
