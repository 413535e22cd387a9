//! `countersign plan`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use countersign_core::preview::{Input, Previewed, Verdict, markdown, terminal};
use jiff::Timestamp;

use super::input;
use super::outcome::{CANNOT_BE_USED, say};

/// What the exit status of `plan` says.
const EXIT_STATUS: &str = "\
Exit status:
  0  nothing that --fail-on names was found
  1  something was
  2  the input cannot be used, whatever --fail-on names: something in it cannot be read, a catalogue
     or a policy has faults, or no agreement is in it

Examples:
  countersign plan agreements/ rules/
  countersign plan -o markdown --fail-on invalid,escalation agreements/ rules/
  kubectl get cagr,sterms,dpol -A -o yaml | countersign plan agreement.yaml --against -";

#[derive(Args)]
#[command(after_help = EXIT_STATUS)]
pub(crate) struct Plan {
    /// Files or folders with agreements, the catalogue and the policy; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What a cluster has (`kubectl get cagr,sterms,dpol -A -o yaml`): says what the change does to agreements on their way.
    #[arg(long, value_name = "PATH")]
    against: Vec<PathBuf>,
    /// Namespace of agreements that name none.
    #[arg(short, long, default_value = "default")]
    namespace: String,
    /// Labels of that namespace, by which policies select it, where the files have no Namespace.
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = label)]
    namespace_labels: Vec<(String, String)>,
    /// As if submitted at this time, such as 2027-01-31T09:00:00Z. By default now.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// How the preview is written.
    #[arg(short, long, default_value = "text")]
    output: Format,
    /// What makes the exit status 1. What cannot be read, and a catalogue or a policy with faults, always make it 2.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', default_value = "invalid")]
    fail_on: Vec<FailOn>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Something has to be mended, or nobody may approve it.
    Invalid,
    /// A delegated manager must approve.
    Escalation,
    /// It exceeds everybody's authority.
    BeyondTop,
    /// Nothing does.
    Never,
}

impl FailOn {
    const fn is_met_by(self, verdict: Verdict) -> bool {
        match self {
            Self::Invalid => matches!(verdict, Verdict::Invalid | Verdict::BeyondTop),
            Self::Escalation => matches!(verdict, Verdict::Escalation),
            Self::BeyondTop => matches!(verdict, Verdict::BeyondTop),
            Self::Never => false,
        }
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
    pair.map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| "it must be KEY=VALUE, such as tier=gold".to_owned())
}

pub(crate) fn plan(arguments: &Plan) -> Result<ExitCode, String> {
    let mut files = Input::default();
    for (name, text) in input::texts(&arguments.paths)? {
        files.read(&name, &text);
    }
    for (name, text) in input::texts(&arguments.against)? {
        files.read_running(&name, &text);
    }
    if !arguments.namespace_labels.is_empty() {
        let labels: BTreeMap<String, String> = arguments.namespace_labels.iter().cloned().collect();
        files.label(&arguments.namespace, labels);
    }
    for unreadable in files.unreadable() {
        say(&unreadable.to_string());
    }
    if !files.has_agreements() {
        return Err("no CustomerAgreement is in the files; give the files that have them".to_owned());
    }
    let previewed = files.previews(&arguments.namespace, arguments.at.unwrap_or_else(now));
    let out = match arguments.output {
        Format::Text => terminal::of(&previewed),
        Format::Markdown => markdown::of(&previewed),
        Format::Json => {
            serde_json::to_string_pretty(&previewed).map_err(|e| format!("cannot write the preview: {e}"))?
                + "\n"
        }
    };
    std::io::stdout().write_all(out.as_bytes()).map_err(|e| format!("cannot write the preview: {e}"))?;
    let fails = |what: &FailOn| previewed.iter().any(|one: &Previewed| what.is_met_by(one.preview.verdict));
    Ok(if !files.unreadable().is_empty() {
        ExitCode::from(CANNOT_BE_USED)
    } else if arguments.fail_on.iter().any(fails) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

#[expect(clippy::disallowed_methods, reason = "the command line is where time comes in")]
fn now() -> Timestamp {
    Timestamp::now()
}
