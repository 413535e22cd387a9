//! Files of the core import one another one way: no circle, and folders in the order of `docs/architecture.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What a folder of `src` may import, beside itself.
const MAY_IMPORT: [(&str, &[&str]); 7] = [
    ("text", &[]),
    ("audience", &[]),
    ("decide", &["text"]),
    ("manifest", &["text", "decide"]),
    ("preview", &["text", "audience", "decide", "manifest"]),
    ("verify", &["text", "audience", "decide", "manifest"]),
    ("tmforum", &["text", "audience", "decide", "manifest", "verify"]),
];

/// A module, as the names from the crate down: `decide`, `waiting`.
type Module = Vec<String>;

/// Every file of the core, as the module that it is, with what it says.
fn modules() -> BTreeMap<Module, String> {
    fn walk(folder: &Path, module: &Module, found: &mut BTreeMap<Module, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let mut inner = module.clone();
            if path.is_dir() {
                inner.push(name);
                walk(&path, &inner, found);
                continue;
            }
            if !["mod", "lib"].contains(&name.as_str()) {
                inner.push(name);
            }
            found.insert(inner, fs::read_to_string(&path).unwrap());
        }
    }
    let mut found = BTreeMap::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &Vec::new(), &mut found);
    found
}

/// The paths of a `use`, one for each leaf: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn leaves(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap().to_owned()];
    };
    let (inner, mut depth, mut start, mut all) = (rest.rsplit_once('}').unwrap().0, 0, 0, Vec::new());
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let branch = inner[start..at].trim();
                all.extend(leaves(branch).into_iter().filter(|leaf| !leaf.is_empty()));
                start = at + 1;
            }
            _ => {}
        }
    }
    all.into_iter().map(|leaf| format!("{head}{leaf}")).collect()
}

/// Every path that a file names and that starts inside the crate.
fn paths(source: &str) -> Vec<String> {
    // The tests of a file are its own, and comments import nothing.
    let source = source.split("#[cfg(test)]").next().unwrap();
    let code: Vec<&str> = source.lines().map(|line| line.split("//").next().unwrap()).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    let mut rest = String::new();
    for statement in code.split(';') {
        let line = statement.trim_start();
        let imported = ["use ", "pub use ", "pub(crate) use ", "pub(super) use "];
        match imported.iter().find_map(|start| line.strip_prefix(start)) {
            Some(tree) => found.extend(leaves(tree)),
            None => rest.push_str(statement),
        }
    }
    for start in ["super::", "crate::"] {
        for (at, _) in rest.match_indices(start) {
            let path = &rest[at..];
            let end = path.find(|c: char| !c.is_alphanumeric() && !"_:".contains(c)).unwrap_or(path.len());
            found.push(path[..end].to_owned());
        }
    }
    found
}

/// The file that a path leads to.
fn target(modules: &BTreeMap<Module, String>, from: &Module, path: &str) -> Option<Module> {
    let mut names = path.split("::").map(str::trim).filter(|name| !name.is_empty()).peekable();
    let mut at: Module = match *names.peek()? {
        "crate" => Vec::new(),
        "self" | "super" => from.clone(),
        // A child of this module; anything else is another crate.
        first => {
            let child: Module = from.iter().cloned().chain([first.to_owned()]).collect();
            return modules.contains_key(&child).then_some(child);
        }
    };
    while let Some(name) = names.next_if(|name| ["crate", "self", "super"].contains(name)) {
        if name == "super" {
            at.pop();
        }
    }
    for name in names {
        at.push(name.to_owned());
        if !modules.contains_key(&at) {
            at.pop();
            break;
        }
    }
    (at != *from).then_some(at)
}

/// Who imports whom.
fn imports(modules: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let of = |from: &Module, source: &str| {
        paths(source).iter().filter_map(|path| target(modules, from, path)).collect()
    };
    modules.iter().map(|(from, source)| (from.clone(), of(from, source))).collect()
}

/// The first way back to a file, if there is one.
fn circle(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    fn visit(
        imports: &BTreeMap<Module, BTreeSet<Module>>,
        at: &Module,
        way: &mut Vec<Module>,
        done: &mut BTreeSet<Module>,
    ) -> Option<Vec<Module>> {
        if let Some(start) = way.iter().position(|known| known == at) {
            return Some(way[start..].to_vec());
        }
        if done.contains(at) {
            return None;
        }
        way.push(at.clone());
        let found = imports.get(at).into_iter().flatten().find_map(|next| visit(imports, next, way, done));
        way.pop();
        done.insert(at.clone());
        found
    }
    let mut done = BTreeSet::new();
    imports.keys().find_map(|start| visit(imports, start, &mut Vec::new(), &mut done))
}

fn module(path: &str) -> Module {
    path.split("::").map(str::to_owned).collect()
}

#[test]
fn no_file_imports_itself_over_others() {
    let imports = imports(&modules());
    assert_eq!(circle(&imports), None);
}

#[test]
fn folders_import_one_another_in_one_order() {
    for (from, imported) in imports(&modules()) {
        let Some(folder) = from.first() else { continue };
        let may = MAY_IMPORT.iter().find(|(name, _)| name == folder);
        let (_, may) = may.unwrap_or_else(|| panic!("{folder} is new: say what it may import"));
        for other in imported {
            let other_folder = other.first().map_or("", String::as_str);
            assert!(other_folder == folder || may.contains(&other_folder), "{from:?} imports {other:?}");
        }
    }
}

/// What the two tests above rest on.
#[test]
fn imports_are_read_in_every_form() {
    let modules = modules();
    let imports = imports(&modules);
    for (from, to) in [
        ("decide", "decide::changes"),
        ("decide::dry_run", "decide"),
        ("decide::endings", "decide::party"),
        ("decide::waiting", "text"),
        ("verify", "manifest"),
    ] {
        assert!(
            imports[&module(from)].contains(&module(to)),
            "{from} imports {to}: {:?}",
            imports[&module(from)]
        );
    }
    let mut other_way = imports;
    other_way.get_mut(&module("decide::calendar")).unwrap().insert(module("decide::facts"));
    assert!(circle(&other_way).is_some_and(|way| way.contains(&module("decide::calendar"))));
}
