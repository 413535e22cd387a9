//! The examples for Argo CD and Flux.
