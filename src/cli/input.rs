//! The files that an offline command is given.

use std::io::Read;
use std::path::{Path, PathBuf};

/// Name and text of every file. `-` is standard input; of a folder every manifest in it and below counts, by name.
pub(crate) fn texts(paths: &[PathBuf]) -> Result<Vec<(String, String)>, String> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            walk(path, &mut files)?;
            if files.len() == before {
                return Err(format!("no file in {} ends in .yaml, .yml or .json", path.display()));
            }
        } else {
            files.push(path.clone());
        }
    }
    files.iter().map(|file| Ok((file.display().to_string(), text(file)?))).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let cannot = |error| format!("cannot read {}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(cannot)?;
    let mut entries: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(cannot)?;
    entries.sort();
    for entry in entries {
        // What is hidden belongs to a tool.
        let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let manifest =
            entry.extension().is_some_and(|end| ["yaml", "yml", "json"].iter().any(|own| end == *own));
        match entry {
            _ if hidden => {}
            folder if folder.is_dir() => walk(&folder, files)?,
            file if manifest => files.push(file),
            _ => {}
        }
    }
    Ok(())
}

fn text(file: &Path) -> Result<String, String> {
    let name = file.display();
    let mut bytes = Vec::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(file).map(|content| bytes = content)
    };
    read.map_err(|error| format!("cannot read {name}: {error}"))?;
    String::from_utf8(bytes).map_err(|error| format!("{name} is not UTF-8: {error}"))
}
