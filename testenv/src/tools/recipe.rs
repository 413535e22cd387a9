//! What the tools are built from.

use anyhow::Result;

use super::Tool;
use crate::{
    binaries::stamp,
    golang::{Module, Recipe, Target, stripped},
};

macro_rules! module {
    ($name:literal) => {
        Module {
            name: $name,
            go_mod: include_str!(concat!("../../tools/", $name, "/go.mod")),
            go_sum: include_str!(concat!("../../tools/", $name, "/go.sum")),
            main_go: None,
        }
    };
}

const LITTLE: &str = "It takes little of anything.";
const SOME: &str =
    "It takes about 1 GB of memory, and up to 1 GB of disk each for Go's module cache and build cache.";

pub(super) fn of(tool: Tool) -> Result<Recipe> {
    let (module, source, package, what, takes) = match tool {
        Tool::FluxHealth => (
            Module {
                main_go: Some(include_str!("../../tools/flux-health/main.go")),
                ..module!("flux-health")
            },
            "github.com/fluxcd/pkg/runtime",
            "countersign.dev/tools/flux-health",
            "Flux's evaluator of health checks",
            SOME,
        ),
        Tool::Helm => (module!("helm"), "helm.sh/helm/v4", "helm.sh/helm/v4/cmd/helm", "Helm", SOME),
        Tool::Kubectl => {
            (module!("kubectl"), "k8s.io/kubernetes", "k8s.io/kubernetes/cmd/kubectl", "kubectl", SOME)
        }
        Tool::Kubeconform => (
            module!("kubeconform"),
            "github.com/yannh/kubeconform",
            "github.com/yannh/kubeconform/cmd/kubeconform",
            "kubeconform",
            LITTLE,
        ),
        Tool::Lua => (
            module!("glua"),
            "github.com/yuin/gopher-lua",
            "github.com/yuin/gopher-lua/cmd/glua",
            "glua",
            LITTLE,
        ),
        Tool::Promtool => (
            module!("promtool"),
            "github.com/prometheus/prometheus",
            "github.com/prometheus/prometheus/cmd/promtool",
            "promtool",
            SOME,
        ),
    };
    let version = module.version(source)?;
    let ldflags = match tool {
        Tool::Kubectl => stamp(version)?,
        Tool::Helm => format!("{} -X helm.sh/helm/v4/internal/version.version={version}", stripped()),
        Tool::FluxHealth | Tool::Kubeconform | Tool::Lua | Tool::Promtool => stripped(),
    };
    // Checking rules needs no service discovery of clouds, which is most of what promtool compiles.
    let tags = if tool == Tool::Promtool { "remove_all_sd,enable_kubernetes_sd" } else { "" };
    let expected = match tool {
        Tool::Helm => "one to two minutes, 67 MB",
        Tool::Kubectl => "half a minute to two minutes, 62 MB",
        Tool::FluxHealth => "one to three minutes, 31 MB",
        Tool::Promtool => "one to two minutes, 54 MB",
        Tool::Kubeconform | Tool::Lua => "some seconds, up to 10 MB",
    };
    let target = Target { binary: tool.binary(), package, module, tags, ldflags, expected };
    Ok(Recipe::new(what, takes, &format!("{}-{version}", tool.binary()), vec![target]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binaries::KUBERNETES;

    #[test]
    fn kubectl_is_of_the_version_of_the_control_plane() {
        let control_plane = KUBERNETES.version("k8s.io/kubernetes").unwrap();
        let folder = of(Tool::Kubectl).unwrap().folder().to_owned();
        assert!(folder.starts_with(&format!("kubectl-{control_plane}-")), "{folder} beside {control_plane}");
    }
}
