//! People and groups as the API server's authentication names them.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A user or a group.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Which of the two.
    pub kind: SubjectKind,
    /// Its name.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
}

/// A user or a group.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubjectKind {
    /// One person.
    User,
    /// Everyone in the group.
    Group,
}
