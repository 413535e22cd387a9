//! Every page is in the book, and every link leads somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use testkit::root;

/// Folders that hold nothing of ours.
const FOREIGN: [&str; 4] = ["target", ".git", "node_modules", "vendor"];

/// Every Markdown file of the project below a folder, as paths from its root.
fn pages(folder: &str) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && !FOREIGN.contains(&name.as_str()) {
                folders.push(path);
            } else if name.ends_with(".md") {
                found.insert(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found
}

/// What is left of a page without code.
fn prose(page: &str) -> String {
    let mut inside = false;
    let mut kept = String::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            // Between back-quotes is code: every second part.
            kept.extend(line.split('`').step_by(2));
            kept.push('\n');
        }
    }
    kept
}

/// Where a page's links point.
fn targets(page: &str) -> Vec<String> {
    let prose = prose(page);
    let inline = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let defined =
        prose.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: ")).map(|(_, target)| target);
    inline.chain(defined).map(|target| target.trim().to_owned()).collect()
}

/// The anchors of a page's headings, as GitHub and mdBook make them.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut seen = BTreeMap::<String, usize>::new();
    let mut anchors = BTreeSet::new();
    let mut inside = false;
    for line in page.lines() {
        inside ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        if inside || heading == line || !heading.starts_with(' ') {
            continue;
        }
        let kept =
            heading.trim().chars().filter(|char| char.is_alphanumeric() || [' ', '-', '_'].contains(char));
        let anchor: String =
            kept.map(|char| if char == ' ' { '-' } else { char }).collect::<String>().to_lowercase();
        let times = seen.entry(anchor.clone()).or_default();
        anchors.insert(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
        *times += 1;
    }
    anchors
}

/// A path without `.` and `..`; nothing where it leads out of the project.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => plain.pop().then_some(())?,
            Component::Normal(name) => plain.push(name),
            _ => {}
        }
    }
    Some(plain)
}

/// What is wrong with a link of a page.
fn fault(page: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let file = if file.is_empty() { Some(page.to_owned()) } else { plain(&page.parent()?.join(file)) };
    let Some(file) = file.filter(|file| root().join(file).exists()) else {
        return Some(format!("{}: {target} does not exist", page.display()));
    };
    let anchor = anchor?;
    let known = anchors(&fs::read_to_string(root().join(&file)).unwrap_or_default());
    (!known.contains(anchor)).then(|| format!("{}: {} has no #{anchor}", page.display(), file.display()))
}

#[test]
fn every_link_leads_somewhere() {
    let mut links = 0;
    let mut faults = Vec::new();
    for page in pages("") {
        for target in targets(&fs::read_to_string(root().join(&page)).unwrap()) {
            links += 1;
            faults.extend(fault(&page, &target));
        }
    }
    assert!(links > 50, "the links are no longer found: {links}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_page_is_in_the_book_once() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let chapters: Vec<PathBuf> =
        targets(&summary).iter().map(|target| plain(&Path::new("docs").join(target)).unwrap()).collect();
    let once: BTreeSet<PathBuf> = chapters.iter().cloned().collect();
    assert_eq!(once.len(), chapters.len(), "a page is there twice: {chapters:?}");
    let mut pages = pages("docs");
    assert!(pages.remove(Path::new("docs/SUMMARY.md")));
    assert_eq!(pages, once, "left: the files of docs/; right: the chapters of docs/SUMMARY.md");
}

#[test]
fn links_and_anchors_are_found_where_they_are() {
    let page = "# A `b` and c, d\n\nSee [x](y.md#z) and `[no](code)`.\n```\n[no](fence)\n# no heading\n```\n## Two\n## Two\n[r]: r.md\n";
    assert_eq!(targets(page), ["y.md#z", "r.md"]);
    assert_eq!(anchors(page), ["a-b-and-c-d", "two", "two-1"].map(str::to_owned).into());
    assert!(fault(Path::new("docs/contract.md"), "../README.md#try-it").is_none());
    assert!(fault(Path::new("README.md"), "https://example.com/nowhere").is_none());
    for broken in ["nowhere.md", "lifecycle.md#nowhere", "#nowhere", "../../outside"] {
        assert!(fault(Path::new("docs/contract.md"), broken).is_some(), "{broken}");
    }
}
