//! `countersign verify`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use countersign_core::verify::{self, Export};

use super::input;

/// What the exit status of `verify` says.
const EXIT_STATUS: &str = "\
Exit status:
  0  no statement fails (with --strict: and none is left unchecked)
  1  a statement fails, or an object could not be read
  2  the input cannot be used: a file cannot be read, or no agreement is in it";

#[derive(Args)]
#[command(after_help = EXIT_STATUS)]
pub(crate) struct Verify {
    /// Exports of `kubectl get cagr,adec,oreq,sterms,dpol -A -o yaml` (or json), or folders of them; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How the report is written.
    #[arg(short, long, default_value = "text")]
    output: ReportFormat,
    /// Let what could not be checked count as a failure.
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum ReportFormat {
    Text,
    Json,
}

pub(crate) fn verify(arguments: &Verify) -> Result<ExitCode, String> {
    let mut export = Export::default();
    for (name, text) in input::texts(&arguments.files)? {
        export.read(&name, &text);
    }
    let report = verify::verify(&export);
    let text = match arguments.output {
        ReportFormat::Text => report.to_string(),
        ReportFormat::Json => {
            serde_json::to_string_pretty(&report).map_err(|e| format!("cannot write the report: {e}"))? + "\n"
        }
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(|e| format!("cannot write the report: {e}"))?;
    if !export.has_agreements() {
        return Err("no CustomerAgreement that can be read is in the input".to_owned());
    }
    let holds = if arguments.strict { report.holds_whole() } else { report.holds() };
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
