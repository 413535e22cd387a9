//! A program as a command: what goes in, what comes out.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs the executable to its end, with something on standard input.
pub fn run(executable: &str, arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(executable)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever refuses the arguments does not read to the end.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}
