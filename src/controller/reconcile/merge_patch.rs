//! JSON merge patches (RFC 7386).

use serde_json::{Map, Value};

/// The smallest merge patch that makes `new` of `old`; `None` where they are equal. `new` holds no null inside an
/// object: a merge patch could not say that.
pub(crate) fn merge_patch(old: &Value, new: &Value) -> Option<Value> {
    if old == new {
        return None;
    }
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return Some(new.clone()) };
    let mut patch = Map::new();
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, value) in new {
        let change = match old.get(name) {
            Some(before) => merge_patch(before, value),
            None => Some(value.clone()),
        };
        if let Some(change) = change {
            patch.insert(name.clone(), change);
        }
    }
    Some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// RFC 7386, section 2, as it stands there.
    fn apply(target: Value, patch: &Value) -> Value {
        let Value::Object(patch) = patch else { return patch.clone() };
        let mut target = match target {
            Value::Object(target) => target,
            _ => Map::new(),
        };
        for (name, value) in patch {
            if value.is_null() {
                target.remove(name);
            } else {
                let before = target.remove(name).unwrap_or(Value::Null);
                target.insert(name.clone(), apply(before, value));
            }
        }
        Value::Object(target)
    }

    /// Like a serialized status: no null in objects, few names, so that they collide.
    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..3i32).prop_map(Value::from),
            "[a-c]".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map("[a-d]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn applied_to_old_it_gives_new(old in document(), new in document()) {
            match merge_patch(&old, &new) {
                None => prop_assert_eq!(old, new),
                Some(patch) => prop_assert_eq!(apply(old, &patch), new),
            }
        }

        #[test]
        fn what_is_equal_needs_no_patch(document in document()) {
            prop_assert_eq!(merge_patch(&document, &document), None);
        }
    }

    #[test]
    fn it_holds_only_the_difference() {
        let old = json!({"phase": "Pending", "terms": {"revision": 1, "digest": "a"}, "value": {"total": "1"}, "same": [1]});
        let new = json!({"phase": "Escalated", "terms": {"revision": 2, "digest": "a"}, "same": [1]});
        assert_eq!(
            merge_patch(&old, &new),
            Some(json!({"phase": "Escalated", "terms": {"revision": 2}, "value": null}))
        );
    }
}
