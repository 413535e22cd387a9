//! Countersign.
pub mod api;
pub mod controller;
pub mod decide;
pub mod serve;
