//! `countersign plan`: what it says is what the operator does, and it says it so that nobody is misled.

mod changes;
mod faults;
mod operator;
mod shown;
mod warnings;

use countersign_api::CustomerAgreement;
use countersign_core::preview::{Input, Preview};
use serde_json::{Value, json};
use testkit::world::World;

/// The files that somebody would have: no UID, no status.
fn manifest(agreement: &CustomerAgreement) -> Value {
    let mut value = json!(agreement);
    value.as_object_mut().unwrap().remove("status");
    value["metadata"] = json!({"name": agreement.metadata.name, "namespace": agreement.metadata.namespace});
    value
}

fn rules(world: &World) -> String {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "commerce", "labels": world.labels}});
    let policies: Vec<Value> = world.policies.iter().map(|policy| json!(**policy)).collect();
    json!([namespace, world.terms, policies]).to_string()
}

fn preview_of(world: &World) -> Preview {
    let mut input = Input::default();
    input.read("agreement.yaml", &manifest(&world.agreement).to_string());
    input.read("rules.yaml", &rules(world));
    only(&input, world)
}

fn only(input: &Input, world: &World) -> Preview {
    assert_eq!(input.unreadable(), [], "all of it can be read");
    previewed(input, world)
}

fn previewed(input: &Input, world: &World) -> Preview {
    let mut previews = input.previews("default", world.now);
    assert_eq!(previews.len(), 1);
    previews.remove(0).preview
}

/// The file of `world`, changed, against what runs there.
fn against(world: &World, change: impl FnOnce(&mut Value)) -> Preview {
    let mut file = manifest(&world.agreement);
    change(&mut file);
    let mut input = Input::default();
    input.read("agreement.yaml", &file.to_string());
    input.read_running("cluster.yaml", &json!(world.agreement).to_string());
    input.read_running("rules.yaml", &rules(world));
    only(&input, world)
}

fn time(text: &str) -> k8s_openapi::apimachinery::pkg::apis::meta::v1::Time {
    k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(text.parse().unwrap())
}
