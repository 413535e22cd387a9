//! `countersign export`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, ValueEnum};
use countersign_core::Audience;
use countersign_core::tmforum::{self, Documents, Kind, Options};
use countersign_core::verify::Export;

use super::input;
use super::outcome::say;

/// What the exit status of `export` says.
const EXIT_STATUS: &str = "\
Exit status:
  0  everything is in the documents
  1  something is left out, or an object could not be read; standard error says what, and the rest is written
  2  the input cannot be used: a file cannot be read, or nothing in it becomes a document";

#[derive(Args)]
#[command(after_help = EXIT_STATUS)]
pub(crate) struct ExportTo {
    /// Exports of `kubectl get cagr,adec,oreq,sterms,dpol -A -o yaml` (or json), or folders of them; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write only documents of this kind; may be given several times. All by default.
    #[arg(long, value_name = "KIND")]
    only: Vec<DocumentKind>,
    /// Who gets the documents. A customer does not see what the provider keeps to itself.
    #[arg(
        long = "for",
        value_name = "AUDIENCE",
        default_value = "customer",
        value_parser = PossibleValuesParser::new(["customer", "provider"]).try_map(|word| word.parse::<Audience>())
    )]
    audience: Audience,
    /// Where the APIs are, such as `https://api.example.com/tmf-api`; without it no document has a `href`.
    #[arg(long, value_name = "URL", value_parser = base_url)]
    base_url: Option<String>,
    /// How documents are written: as one list, or one on a line.
    #[arg(short, long, default_value = "json")]
    output: Form,
}

#[derive(Clone, Copy, ValueEnum)]
enum DocumentKind {
    Agreement,
    Specification,
    ProductOrder,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Json,
    Jsonl,
}

/// A URL that paths can be put behind.
fn base_url(text: &str) -> Result<String, String> {
    let fault = || {
        "must be an absolute http or https URL without query and fragment, such as \
         https://api.example.com/tmf-api"
            .to_owned()
    };
    let url: http::Uri = text.parse().map_err(|_| fault())?;
    let absolute = matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some();
    if absolute && !text.contains(['?', '#']) { Ok(text.to_owned()) } else { Err(fault()) }
}

pub(crate) fn export(arguments: &ExportTo) -> Result<ExitCode, String> {
    let mut export = Export::default();
    for (name, text) in input::texts(&arguments.files)? {
        export.read(&name, &text);
    }
    let made = tmforum::documents(&export, &options(arguments));
    let text = written(&made, arguments.output).map_err(|e| format!("cannot write the documents: {e}"))?;
    std::io::stdout().write_all(text.as_bytes()).map_err(|e| format!("cannot write the documents: {e}"))?;
    export.unreadable().iter().for_each(|unreadable| say(&unreadable.to_string()));
    made.left_out.iter().for_each(|left_out| say(&left_out.to_string()));
    if made.documents.is_empty() && made.left_out.is_empty() {
        return Err("nothing that can be read in the input becomes a document".to_owned());
    }
    let whole = made.left_out.is_empty() && export.unreadable().is_empty();
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn options(arguments: &ExportTo) -> Options {
    let kinds = arguments.only.iter().map(|kind| match kind {
        DocumentKind::Agreement => Kind::Agreement,
        DocumentKind::Specification => Kind::AgreementSpecification,
        DocumentKind::ProductOrder => Kind::ProductOrder,
    });
    Options {
        audience: arguments.audience,
        kinds: kinds.collect::<BTreeSet<Kind>>(),
        base_url: arguments.base_url.clone(),
    }
}

fn written(made: &Documents, form: Form) -> serde_json::Result<String> {
    match form {
        Form::Json => Ok(serde_json::to_string_pretty(&made.documents)? + "\n"),
        Form::Jsonl => {
            made.documents.iter().map(|document| Ok(serde_json::to_string(document)? + "\n")).collect()
        }
    }
}
