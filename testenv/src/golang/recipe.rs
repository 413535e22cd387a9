//! What is built, pinned by the go.mod and go.sum files of wrapper modules.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Everything that determines the result of a build.
pub(crate) struct Recipe {
    /// Its name in messages, such as "the control plane".
    pub(crate) what: &'static str,
    /// What the build needs from the machine: a sentence.
    pub(crate) takes: &'static str,
    pub(crate) targets: Vec<Target>,
    folder: String,
}

/// One executable.
pub(crate) struct Target {
    pub(crate) binary: &'static str,
    pub(crate) package: &'static str,
    pub(crate) module: Module,
    /// Build tags, with commas between.
    pub(crate) tags: &'static str,
    pub(crate) ldflags: String,
    /// What to expect, on two cores and with nothing compiled before.
    pub(crate) expected: &'static str,
}

/// A wrapper module.
#[derive(Clone, Copy)]
pub(crate) struct Module {
    pub(crate) name: &'static str,
    pub(crate) go_mod: &'static str,
    pub(crate) go_sum: &'static str,
    /// A program of our own, if no foreign package is one.
    pub(crate) main_go: Option<&'static str>,
}

/// Linker options for an executable without symbols.
pub(crate) fn stripped() -> String {
    "-s -w".to_owned()
}

impl Recipe {
    /// `label` begins the name of its folder.
    pub(crate) fn new(what: &'static str, takes: &'static str, label: &str, targets: Vec<Target>) -> Self {
        let folder = format!("{label}-{}", hash(&targets));
        Self { what, takes, targets, folder }
    }

    /// The folder in the cache. Its name changes with anything that is pinned, so that a changed pin
    /// causes a new build.
    pub(crate) fn folder(&self) -> &str {
        &self.folder
    }

    /// The oldest Go that builds it: the newest that one of its modules asks for.
    pub(crate) fn oldest_go(&self) -> [u32; 3] {
        self.targets.iter().map(|target| target.module.oldest_go()).max().unwrap_or_default()
    }
}

impl Module {
    /// The version of a module that this one requires.
    pub(crate) fn version(self, module: &str) -> Result<&'static str> {
        self.go_mod
            .lines()
            .filter_map(|line| {
                line.trim().trim_start_matches("require ").strip_prefix(module)?.split_whitespace().next()
            })
            .find(|version| version.starts_with('v'))
            .with_context(|| format!("go.mod does not require {module}"))
    }

    fn oldest_go(self) -> [u32; 3] {
        let line = self.go_mod.lines().find_map(|line| line.strip_prefix("go "));
        let mut numbers =
            line.unwrap_or_default().split('.').map(|number| number.parse().unwrap_or_default());
        std::array::from_fn(|_| numbers.next().unwrap_or_default())
    }
}

fn hash(targets: &[Target]) -> String {
    let mut hasher = Sha256::new();
    // Different machines can share a home folder.
    hasher.update(std::env::consts::OS);
    hasher.update(std::env::consts::ARCH);
    for target in targets {
        for part in [target.package, target.tags, &target.ldflags, target.module.go_mod, target.module.go_sum]
        {
            hasher.update(part);
        }
        hasher.update(target.module.main_go.unwrap_or_default());
    }
    hasher.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
