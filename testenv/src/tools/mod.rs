//! Tools written in Go that tests use to check what we ship: charts, alerts, health scripts.
//!
//! Each is pinned by a wrapper module in `testenv/tools/`, built when it is first needed, and kept
//! in the cache. A tool that happens to be in the `PATH` is not used: a test could then give different
//! results on different machines. If you have them ready-made, set `COUNTERSIGN_TOOLS`.

mod recipe;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::golang;

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Flux's own evaluator of health check expressions, around which `testenv/tools/flux-health` is a program.
    FluxHealth,
    /// Renders, checks and installs charts.
    Helm,
    /// What people install with; builds kustomizations. It has the control plane's own version.
    Kubectl,
    /// Checks manifests against schemas.
    Kubeconform,
    /// The Lua interpreter that is compiled into Argo CD.
    Lua,
    /// Checks and tests Prometheus rules.
    Promtool,
}

impl Tool {
    /// All of them; those that many tests need come first.
    pub const ALL: [Self; 6] =
        [Self::Kubectl, Self::Helm, Self::Promtool, Self::Kubeconform, Self::Lua, Self::FluxHealth];

    /// The name of its executable.
    #[must_use]
    pub fn binary(self) -> &'static str {
        match self {
            Self::FluxHealth => "flux-health",
            Self::Helm => "helm",
            Self::Kubectl => "kubectl",
            Self::Kubeconform => "kubeconform",
            Self::Lua => "glua",
            Self::Promtool => "promtool",
        }
    }

    /// Finds it, or builds it, which takes up to two minutes the first time. See [`Toolbox::find`].
    ///
    /// # Errors
    /// If it can neither be found nor built; the error says what you can do.
    pub fn path(self) -> Result<PathBuf> {
        Toolbox::from_environment()?.find(self)
    }

    /// A command that runs it independently of your settings: without the home folder, kubeconfig
    /// and proxies of the user who runs the tests. Files that it keeps go to `home`.
    ///
    /// # Errors
    /// If it can neither be found nor built.
    pub fn command(self, home: &Path) -> Result<Command> {
        let mut command = Command::new(self.path()?);
        command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
        Ok(command)
    }
}

/// Where to look for tools.
#[derive(Debug, Clone)]
pub struct Toolbox {
    /// A folder with ready-made tools. What it lacks is built.
    pub ready_made: Option<PathBuf>,
    /// The folder for what we build.
    pub cache: PathBuf,
    /// The Go command.
    pub go: OsString,
}

impl Toolbox {
    /// `COUNTERSIGN_TOOLS`; `COUNTERSIGN_CACHE`, else `$XDG_CACHE_HOME/countersign`, else
    /// `~/.cache/countersign`; `go` from the `PATH`.
    ///
    /// # Errors
    /// If there is no home folder either.
    pub fn from_environment() -> Result<Self> {
        Ok(Self {
            ready_made: golang::folder_in("COUNTERSIGN_TOOLS"),
            cache: golang::cache_folder()?,
            go: "go".into(),
        })
    }

    /// Takes the tool from [`Self::ready_made`], else from the cache, else builds it with Go into the
    /// cache. If several callers, in any process, ask at once, one of them builds.
    ///
    /// # Errors
    /// If it can neither be found nor built; the error says what you can do.
    pub fn find(&self, tool: Tool) -> Result<PathBuf> {
        if let Some(path) =
            self.ready_made.as_ref().map(|dir| dir.join(tool.binary())).filter(|path| path.is_file())
        {
            return Ok(std::path::absolute(path)?);
        }
        let recipe = recipe::of(tool)?;
        let dir = golang::obtain(&recipe, &self.cache.join("tools"), &self.go)
            .with_context(|| ways_out(tool, &self.cache, &golang::oldest_go(&recipe)))?;
        Ok(dir.join(tool.binary()))
    }
}

fn ways_out(tool: Tool, cache: &Path, go: &str) -> String {
    format!(
        "There is no {tool} in {}, and it could not be built. Two ways out:\n  \
         1. Install Go {go} or newer, put `go` into the PATH, and start this again: it builds {tool} once \
         (minutes, and access to a Go module proxy).\n  \
         2. Set COUNTERSIGN_TOOLS to a folder with an executable {tool}, of the version in testenv/tools/.",
        cache.display(),
        tool = tool.binary(),
    )
}
