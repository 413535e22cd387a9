//! Runs Cargo, and what it built, in the root of the repository.

use std::{
    env,
    ffi::OsString,
    path::PathBuf,
    process::{Command, ExitStatus},
};

use anyhow::{Context, Result, bail};

/// A command line for Cargo.
pub fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<Command> {
    let mut command = in_root(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))?;
    command.args(arguments);
    Ok(command)
}

/// A command line for an executable that Cargo put beside this one.
pub fn built(name: &str) -> Result<Command> {
    let own = env::current_exe().context("could not find out where this program is")?;
    in_root(own.with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX)).into())
}

/// Runs it to the end, and fails unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start `{}`", shown(command)))?;
    check(command, status)
}

/// Fails unless it succeeded.
pub fn check(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// The command as you would type it.
pub fn shown(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str()).to_owned();
    let words = std::iter::once(program.as_os_str()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn in_root(program: OsString) -> Result<Command> {
    let own_package = env::var_os("CARGO_MANIFEST_DIR").context("start this as `cargo xtask`")?;
    let root = PathBuf::from(own_package).parent().context("no folder above xtask")?.to_owned();
    let mut command = Command::new(program);
    command.current_dir(root);
    // Cargo describes this package in variables that build scripts read: if we left them set, some
    // scripts would run again, and what depends on them would compile again.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    Ok(command)
}
