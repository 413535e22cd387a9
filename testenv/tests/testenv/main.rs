//! The control plane and the tools for tests: they are found or built, they serve, and nothing of them is left over.

mod binaries;
mod cleanup;
mod failures;
mod serves;
mod support;
mod tools;
