//! The `countersign` binary.
use countersign as _;
fn main() {
    for crd in countersign::api::crd::all() {
        println!("---\n{}", serde_saphyr::to_string(&crd).unwrap_or_default());
    }
}
