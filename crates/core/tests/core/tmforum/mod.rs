//! `countersign export`: each document fits the published schema, says what the objects say, and no more.

//!
//! The schemas are TM Forum's own files. `COUNTERSIGN_TMFORUM_SCHEMAS` names their folder; without it the tests that need
//! them say that they were skipped.
mod documents;
mod page;
mod papers;
mod swagger;
mod valid;
