//! What somebody exports of a world, and what is tampered with in it.

use countersign_core::verify::{Export, Report, verify};
use serde_json::{Value, json};

use crate::world::World;

/// Objects as `kubectl get` gives them.
pub fn objects(world: &World) -> Vec<Value> {
    let mut all = vec![json!(world.agreement)];
    all.extend(world.related.iter().map(|other| json!(**other)));
    all.extend(world.decisions.iter().map(|decision| json!(**decision)));
    all.extend(world.orders.iter().map(|order| json!(**order)));
    all.extend(world.policies.iter().map(|policy| json!(**policy)));
    all.extend(world.terms.iter().map(|terms| json!(terms)));
    all
}

pub fn list(objects: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()
}

/// Objects as `kubectl get -o json` gives them.
#[derive(Clone)]
pub struct Papers(pub Vec<Value>);

impl Papers {
    pub fn of(world: &World) -> Self {
        Self(objects(world))
    }

    /// The one object of a kind, or the one with a name.
    pub fn get(&mut self, kind: &str, name: &str) -> &mut Value {
        let found = self
            .0
            .iter_mut()
            .find(|object| object["kind"] == kind && (name.is_empty() || object["metadata"]["name"] == name));
        found.unwrap_or_else(|| panic!("no {kind} {name:?}"))
    }

    pub fn agreement(&mut self) -> &mut Value {
        self.get("CustomerAgreement", "")
    }

    pub fn set(&mut self, kind: &str, name: &str, pointer: &str, value: impl Into<Value>) {
        let object = self.get(kind, name);
        *object.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer} in {kind}")) = value.into();
    }

    pub fn remove(&mut self, kind: &str, name: &str) {
        let before = self.0.len();
        self.0.retain(|object| {
            object["kind"] != kind || !(name.is_empty() || object["metadata"]["name"] == name)
        });
        assert!(self.0.len() < before, "no {kind} {name:?}");
    }

    pub fn json(&self) -> String {
        list(&self.0)
    }

    pub fn report(&self) -> Report {
        read(&self.json())
    }
}

pub fn read(text: &str) -> Report {
    let mut export = Export::default();
    export.read("export.yaml", text);
    verify(&export)
}
