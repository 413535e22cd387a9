//! What each crate may depend on: the arrows of `docs/architecture.md`, as Cargo resolves them.
//!
//! The core is pure because of what it cannot reach. That holds only while nobody adds a dependency that brings a runtime,
//! a client or a log, so these tests look at the whole tree and not at what is named in a `Cargo.toml`.

use std::collections::BTreeSet;
use std::process::Command;

/// What would make it possible to do something else than to compute.
const IMPURE: [&str; 8] = ["async-std", "axum", "hyper", "kube-client", "mio", "tokio", "tower", "tracing"];

/// Every package that `package` is built from, by name; our own ones also with `/` before it.
fn tree(package: &str, edges: &str) -> BTreeSet<String> {
    let out = Command::new(env!("CARGO"))
        .args(["tree", "--package", package, "--edges", edges, "--prefix", "none", "--format", "{p}"])
        .args(["--locked", "--offline"])
        .current_dir(testkit::root())
        .output()
        .unwrap();
    assert!(out.status.success(), "cargo tree: {}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let Some(name) = line.split_whitespace().next() else { continue };
        found.insert(name.to_owned());
        // Only a package of this workspace is shown with its folder.
        if line.contains(" (/") {
            found.insert(format!("/{name}"));
        }
    }
    assert!(found.contains(&format!("/{package}")), "{text}");
    found
}

/// Packages with one of these names, or of their families, such as `tokio-util`.
fn of(families: &[&str], tree: &BTreeSet<String>) -> Vec<String> {
    let belongs = |name: &str| {
        families.iter().any(|family| {
            name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    };
    tree.iter().filter(|name| belongs(name)).cloned().collect()
}

fn ours(tree: &BTreeSet<String>) -> Vec<&str> {
    tree.iter().filter_map(|name| name.strip_prefix('/')).collect()
}

#[test]
fn the_core_reaches_no_runtime_no_client_and_no_log() {
    let tree = tree("countersign-core", "normal");
    assert_eq!(of(&IMPURE, &tree), Vec::<String>::new());
    assert_eq!(ours(&tree), ["countersign-api", "countersign-core"]);
    assert!(tree.contains("serde"), "the tree was read: {tree:?}");
}

#[test]
fn the_kinds_depend_on_nothing_else_of_ours() {
    let tree = tree("countersign-api", "normal");
    assert_eq!(of(&IMPURE, &tree), Vec::<String>::new());
    assert_eq!(ours(&tree), ["countersign-api"]);
}

#[test]
fn the_tests_of_the_core_build_no_server() {
    let tree = tree("countersign-core", "normal,build,dev");
    assert_eq!(of(&["countersign", "testenv"], &tree), ["countersign-api", "countersign-core"]);
    assert_eq!(of(&IMPURE, &tree), Vec::<String>::new());
}

#[test]
fn the_plugin_needs_no_operator() {
    let tree = tree("kubectl-agreement", "normal");
    assert_eq!(of(&["axum", "prometheus-client", "kube-runtime"], &tree), Vec::<String>::new());
    assert_eq!(ours(&tree), ["countersign-api", "countersign-core", "kubectl-agreement"]);
    assert!(tree.contains("kube-client"), "the tree was read: {tree:?}");
}
