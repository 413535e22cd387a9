//! The published definitions: whether a document fits one of them, and whether it says nothing that they do not name.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

/// The folder with TM Forum's files.
const FOLDER: &str = "COUNTERSIGN_TMFORUM_SCHEMAS";

/// One published file.
pub struct Swagger {
    definitions: Value,
}

/// Both files that are mapped to.
pub struct Published {
    pub tmf651: Swagger,
    pub tmf622: Swagger,
}

static PUBLISHED: LazyLock<Option<Published>> = LazyLock::new(|| {
    let folder = PathBuf::from(std::env::var_os(FOLDER)?);
    let read = |file: &str| {
        let file = folder.join(file);
        let text = std::fs::read_to_string(&file);
        let text = text.unwrap_or_else(|error| panic!("{FOLDER}: cannot read {}: {error}", file.display()));
        Swagger::of(&serde_json::from_str(&text).unwrap())
    };
    Some(Published {
        tmf651: read("TMF651-Agreement-v4.0.0.swagger.json"),
        tmf622: read("TMF622-ProductOrder-v4.0.0.swagger.json"),
    })
});

/// What is published, or nothing where nobody says where it is. Then the test says so, past the capture of its output.
pub fn published(test: &str) -> Option<&'static Published> {
    let published = PUBLISHED.as_ref();
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if published.is_none() && SAID.lock().unwrap().insert(test.to_owned()) {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED {test}: set {FOLDER} to the folder with the Swagger files of TMF651 and TMF622, version 4.0.0"
        );
    }
    published
}

impl Swagger {
    pub fn of(file: &Value) -> Self {
        Self { definitions: file["definitions"].clone() }
    }

    /// Swagger 2.0 takes its schemas from JSON Schema's draft 4; what it adds is no keyword there, and is passed over.
    fn validator(&self, definition: &str) -> Validator {
        let schema = json!({
            "definitions": self.definitions,
            "allOf": [{"$ref": format!("#/definitions/{definition}")}],
        });
        let options = jsonschema::options().with_draft(Draft::Draft4).should_validate_formats(true);
        options.build(&schema).unwrap_or_else(|error| panic!("{definition}: {error}"))
    }

    /// Why a document is no such thing. Beyond the schema, it must not say what the schema does not name.
    pub fn faults(&self, definition: &str, document: &Value) -> Vec<String> {
        let validator = self.validator(definition);
        let faults = validator.iter_errors(document);
        let mut all: Vec<String> =
            faults.map(|error| format!("{}: {error}", error.instance_path())).collect();
        let root = self.definitions.get(definition).unwrap();
        self.unnamed(root, document, "", &mut all);
        all
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => &self.definitions[reference.strip_prefix("#/definitions/").unwrap()],
            None => schema,
        }
    }

    fn properties<'a>(&'a self, schema: &'a Value) -> Option<&'a Map<String, Value>> {
        self.resolve(schema)["properties"].as_object()
    }

    fn unnamed(&self, schema: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
        let schema = self.resolve(schema);
        match (value, self.properties(schema)) {
            (Value::Object(fields), Some(properties)) => {
                for (name, value) in fields {
                    match properties.get(name) {
                        Some(schema) => self.unnamed(schema, value, &format!("{path}/{name}"), faults),
                        None => faults.push(format!("{path}/{name}: the schema does not name it")),
                    }
                }
            }
            (Value::Array(items), _) => {
                for (index, item) in items.iter().enumerate() {
                    self.unnamed(&schema["items"], item, &format!("{path}/{index}"), faults);
                }
            }
            _ => {}
        }
    }

    /// What the definition names, at and below the places that are in use, and is never there.
    pub fn unused(&self, definition: &str, used: &BTreeSet<String>) -> BTreeSet<String> {
        let mut unused = BTreeSet::new();
        self.descend(&self.definitions[definition], "", used, &mut unused);
        unused
    }

    fn descend(&self, schema: &Value, path: &str, used: &BTreeSet<String>, unused: &mut BTreeSet<String>) {
        for (name, schema) in self.properties(schema).into_iter().flatten() {
            if name.starts_with('@') {
                continue;
            }
            let list = self.resolve(schema)["type"] == "array";
            let path = format!("{path}{}{name}", if path.is_empty() { "" } else { "." });
            let below = format!("{path}{}", if list { "[]" } else { "" });
            if used.contains(&below) {
                continue;
            }
            if used.iter().any(|own| own.starts_with(&format!("{below}."))) {
                self.descend(if list { &schema["items"] } else { schema }, &below, used, unused);
            } else {
                unused.insert(path);
            }
        }
    }
}

/// Where a document says something: `agreementItem[].product[].id`. What `value` holds is anybody's.
pub fn places(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(document, "", &mut found);
    found
}

fn walk(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    let free = path == "characteristic[].value";
    match value {
        Value::Object(fields) if !free => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                walk(value, &format!("{path}{dot}{name}"), found);
            }
        }
        Value::Array(items) if !free => items.iter().for_each(|item| walk(item, &format!("{path}[]"), found)),
        _ => {
            found.insert(path.to_owned());
        }
    }
}
