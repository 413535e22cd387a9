//! Which file of the operator imports which: no circles, and the layers of the controller from the clock upwards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The modules that a module names, by path. Both are what stands behind `crate::`; the root is empty.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// From the lowest: a layer knows nothing of those above it. What is not here stands above all of them.
const LAYERS: [&[&str]; 4] = [&["clock"], &["health", "metrics"], &["client"], &["informer"]];

fn sources(folder: &Path, module: &str, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let inner = if module.is_empty() { name.clone() } else { format!("{module}::{name}") };
        if path.is_dir() {
            sources(&path, &inner, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = if matches!(name.as_str(), "mod" | "lib") { module.to_owned() } else { inner };
            found.insert(module, std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// Every path in `text`, absolute, with one level of braces spelled out.
fn paths(module: &str, text: &str) -> Vec<String> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices(is_path) {
        if at > 0 && code[..at].ends_with(is_path) {
            continue;
        }
        let rest = &code[at..];
        let path = &rest[..rest.find(|c| !is_path(c)).unwrap_or(rest.len())];
        let names = match rest[path.len()..].strip_prefix('{').and_then(|list| list.split_once('}')) {
            Some((list, _)) if path.ends_with("::") => {
                list.split(',').map(|name| format!("{path}{}", name.trim())).collect()
            }
            _ => vec![path.to_owned()],
        };
        found.extend(names.into_iter().filter_map(|name| absolute(module, &name)));
    }
    found
}

fn absolute(module: &str, path: &str) -> Option<String> {
    if let Some(path) = path.strip_prefix("crate::") {
        return Some(path.to_owned());
    }
    let (mut base, mut path) = (module, path);
    while let Some(rest) = path.strip_prefix("super::") {
        base = base.rsplit_once("::").map_or("", |(outer, _)| outer);
        path = rest;
    }
    // What begins with a name is a child of the module, or another crate, which no file stands for.
    let names_a_module = base != module || path.contains("::");
    names_a_module.then(|| if base.is_empty() { path.to_owned() } else { format!("{base}::{path}") })
}

fn imports() -> Imports {
    let mut sources_by_module = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&root, "", &mut sources_by_module);
    let file_of = |path: &str| {
        let mut path = path;
        while !sources_by_module.contains_key(path) {
            path = path.rsplit_once("::")?.0;
        }
        Some(path.to_owned())
    };
    let of = |module: &str, text: &str| {
        // A test module's `super::*` is its own file.
        let code = text.split("#[cfg(test)]").next().unwrap();
        paths(module, code).iter().filter_map(|path| file_of(path)).filter(|other| other != module).collect()
    };
    sources_by_module.iter().map(|(module, text)| (module.clone(), of(module, text))).collect()
}

/// A way from `module` back to a module on `way`, if there is one.
fn circle(
    imports: &Imports,
    module: &str,
    way: &mut Vec<String>,
    done: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(begin) = way.iter().position(|earlier| earlier == module) {
        return Some(way[begin..].to_vec());
    }
    if !done.insert(module.to_owned()) {
        return None;
    }
    way.push(module.to_owned());
    let found = imports[module].iter().find_map(|next| circle(imports, next, way, done));
    way.pop();
    found
}

#[test]
fn no_file_imports_itself_through_others() {
    let imports = imports();
    assert!(
        imports.values().map(BTreeSet::len).sum::<usize>() > 80,
        "imports are no longer found: {imports:#?}"
    );
    let mut done = BTreeSet::new();
    let circles: Vec<_> =
        imports.keys().filter_map(|module| circle(&imports, module, &mut Vec::new(), &mut done)).collect();
    assert_eq!(circles, Vec::<Vec<String>>::new());
}

#[test]
fn a_layer_of_the_controller_knows_nothing_of_those_above_it() {
    let layer = |module: &str| {
        let part = module.strip_prefix("controller::")?.split("::").next()?;
        Some(LAYERS.iter().position(|layer| layer.contains(&part)).unwrap_or(LAYERS.len()))
    };
    let mut upwards = Vec::new();
    for (module, imported) in imports() {
        upwards.extend(
            imported
                .iter()
                .filter(|other| layer(other) > layer(&module))
                .map(|other| format!("{module} -> {other}")),
        );
    }
    upwards.retain(|import| import.starts_with("controller::"));
    assert_eq!(upwards, Vec::<String>::new());
}

#[test]
fn paths_are_found_as_they_are_written() {
    let found = paths(
        "a::b",
        "use crate::x::{y, z::W};\nuse super::c;\nlet d = super::super::e::f();\n// crate::no\n",
    );
    assert_eq!(found, ["x::y", "x::z::W", "a::b::z::W", "a::c", "e::f"]);
}
