//! Walking the generated schemas, so that tests find by themselves what they have to try.

use serde_json::{Map, Value};

/// One place in a schema. `path` is `spec.orders[].items[].id`; what a map holds is `{}`.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// Where.
    pub path: String,
    /// The schema there.
    pub schema: &'a Map<String, Value>,
}

impl<'a> Place<'a> {
    /// A keyword of the schema.
    pub fn keyword(&self, name: &str) -> Option<&'a Value> {
        self.schema.get(name)
    }

    /// A keyword that is a word.
    pub fn word(&self, name: &str) -> Option<&'a str> {
        self.keyword(name).and_then(Value::as_str)
    }

    /// A keyword that is a whole number; schemars writes some of them as 1.0.
    pub fn number(&self, name: &str) -> Option<i64> {
        let value = self.keyword(name)?;
        #[expect(clippy::cast_possible_truncation, reason = "bounds in our schemas are below 2^53")]
        value.as_i64().or_else(|| value.as_f64().map(|float| float as i64))
    }
}

/// The root schema of a definition.
pub fn root(definition: &Value) -> Option<&Map<String, Value>> {
    definition.pointer("/spec/versions/0/schema/openAPIV3Schema").and_then(Value::as_object)
}

/// A word of a definition.
pub fn word<'a>(definition: &'a Value, pointer: &str) -> &'a str {
    definition.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Every place in the schema of a definition, the root included.
pub fn places(definition: &Value) -> Vec<Place<'_>> {
    let mut found = Vec::new();
    if let Some(root) = root(definition) {
        descend(String::new(), root, &mut found);
    }
    found
}

fn descend<'a>(path: String, schema: &'a Map<String, Value>, found: &mut Vec<Place<'a>>) {
    for (name, child) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if let Value::Object(child) = child {
            descend(join(&path, name), child, found);
        }
    }
    if let Some(Value::Object(items)) = schema.get("items") {
        descend(format!("{path}[]"), items, found);
    }
    if let Some(Value::Object(values)) = schema.get("additionalProperties") {
        descend(format!("{path}{{}}"), values, found);
    }
    found.push(Place { path, schema });
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Where the places are found in an object, as JSON pointers: a place in a list once for every element that has it.
pub fn pointers(definition: &Value, object: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for place in places(definition) {
        let steps = steps(&place.path);
        let mut at = vec![(String::new(), object)];
        for step in &steps {
            at = at.into_iter().flat_map(|(pointer, value)| below(&pointer, value, step)).collect();
        }
        found.extend(at.into_iter().map(|(pointer, _)| (place.path.clone(), pointer)));
    }
    found
}

fn below<'a>(pointer: &str, value: &'a Value, step: &str) -> Vec<(String, &'a Value)> {
    let to = |key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
    match (step, value) {
        ("[]", Value::Array(items)) => {
            items.iter().enumerate().map(|(index, item)| (to(&index.to_string()), item)).collect()
        }
        ("{}", Value::Object(map)) => map.iter().map(|(key, item)| (to(key), item)).collect(),
        (name, Value::Object(map)) => map.get(name).map(|item| (to(name), item)).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn steps(path: &str) -> Vec<String> {
    let mut steps = Vec::new();
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let mut rest = name;
        let mut ends = Vec::new();
        while let Some(shorter) = rest.strip_suffix("[]").or_else(|| rest.strip_suffix("{}")) {
            ends.push(rest.get(shorter.len()..).unwrap_or_default().to_owned());
            rest = shorter;
        }
        steps.push(rest.to_owned());
        steps.extend(ends.into_iter().rev());
    }
    steps
}

/// `spec.terms[3].id` as a schema has it: `spec.terms[].id`.
pub fn without_indices(field: &str) -> String {
    let mut inside = false;
    field
        .chars()
        .filter(|&c| {
            match c {
                '[' => inside = true,
                ']' => inside = false,
                _ => return !inside,
            }
            true
        })
        .collect()
}

/// The object with one place set, or taken out where `value` is null.
pub fn with(object: &Value, pointer: &str, value: &Value) -> Value {
    let mut changed = object.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    let key = key.replace("~1", "/").replace("~0", "~");
    match changed.pointer_mut(parent) {
        Some(Value::Object(map)) if value.is_null() => {
            map.remove(&key);
        }
        Some(Value::Object(map)) => {
            map.insert(key, value.clone());
        }
        Some(Value::Array(items)) => match key.parse::<usize>() {
            Ok(index) if index < items.len() => {
                if let Some(item) = items.get_mut(index) {
                    item.clone_from(value);
                }
            }
            _ => items.push(value.clone()),
        },
        _ => {}
    }
    changed
}
