//! What Argo CD and Flux make of agreements: their own interpreters, on what the operator writes in every part of a life.

mod argocd;
mod examples;
mod flux;
mod lives;

use std::fs;
use std::path::Path;

/// A file of the repository.
fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}
