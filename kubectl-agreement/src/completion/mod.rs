//! Completion for kubectl, which asks its plugins for candidates, and for shells, whose scripts ask in the same way.

use clap::{Args, ValueEnum};
use countersign_api::CustomerAgreement;
use kube::api::ListParams;

use crate::connection::Connection;
use crate::failure::Outcome;
use crate::fetch::list;
use crate::output::say;

/// kubectl runs the executable of this name with the words after `kubectl agreement`.
pub const ASKED_BY_KUBECTL: &str = "kubectl_complete-agreement";

/// The last line of an answer: complete nothing else, no file names.
const NO_FILES: &str = ":4";
/// The last line of an answer: complete file names.
const FILES: &str = ":0";

/// The arguments of `completion`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl agreement completion kubectl > ~/.local/bin/kubectl_complete-agreement
  chmod +x ~/.local/bin/kubectl_complete-agreement
  source <(kubectl agreement completion bash)              # for kubectl-agreement itself")]
pub struct Completion {
    /// kubectl, or a shell.
    #[arg(value_enum)]
    whom: Whom,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Whom {
    Kubectl,
    Bash,
    Zsh,
    Fish,
}

impl Completion {
    pub fn run(&self) {
        say(match self.whom {
            Whom::Kubectl => include_str!("kubectl.sh"),
            Whom::Bash => include_str!("bash.sh"),
            Whom::Zsh => include_str!("zsh.zsh"),
            Whom::Fish => include_str!("fish.fish"),
        });
    }
}

/// Answers kubectl's request for completions: one candidate a line, with its description after a tab.
pub async fn complete(command: clap::Command, words: &[String]) -> Outcome {
    let (done, begun) = match words.split_last() {
        Some((last, done)) => (done, last.as_str()),
        None => (words, ""),
    };
    let possible = possible(command, done, begun);
    let mut out: String = possible.words.iter().map(|word| format!("{word}\n")).collect();
    if let Some(connection) = possible.agreements
        && let Ok(server) = connection.connect_quietly().await
        && let Ok(agreements) = list(&server.here::<CustomerAgreement>(), &ListParams::default()).await
    {
        let names = agreements.iter().filter_map(|agreement| {
            let name = agreement.metadata.name.as_deref()?;
            let phase =
                agreement.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("Pending");
            name.starts_with(begun).then(|| format!("{name}\t{phase}\n"))
        });
        out.extend(names);
    }
    say(&format!("{out}{}\n", if possible.files { FILES } else { NO_FILES }));
    Ok(())
}

/// The candidates.
#[derive(Default)]
struct Possible {
    words: Vec<String>,
    /// Names of agreements, on this connection.
    agreements: Option<Connection>,
    /// File names.
    files: bool,
}

fn possible(mut command: clap::Command, done: &[String], begun: &str) -> Possible {
    command.build();
    let mut current = &command;
    let mut connection = Connection::default();
    let mut named = false;
    let mut words = done.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if let Some((flag, value)) = flag_of(current, word) {
            let value = match (flag.get_action().takes_values(), value) {
                (true, None) => words.next().map(str::to_owned),
                (_, value) => value,
            };
            connection.take(flag.get_id().as_str(), value);
            continue;
        }
        match current.find_subcommand(word) {
            Some(next) => current = next,
            None => named = true,
        }
    }
    // The value of the last flag, or a flag.
    let last = done.last().and_then(|word| flag_of(current, word));
    if let Some((flag, None)) = last
        && flag.get_action().takes_values()
    {
        let values = flag.get_possible_values();
        let values = values.iter().map(|value| value.get_name().to_owned());
        return Possible {
            words: values.filter(|value| value.starts_with(begun)).collect(),
            agreements: None,
            files: flag
                .get_value_names()
                .is_some_and(|names| names.iter().any(|name| name.as_str() == "FILE")),
        };
    }
    if begun.starts_with('-') {
        let long = current.get_arguments().filter(|own| !own.is_hide_set()).filter_map(clap::Arg::get_long);
        let long = long.map(|long| format!("--{long}")).filter(|long| long.starts_with(begun));
        return Possible { words: long.collect(), ..Possible::default() };
    }
    let subcommands =
        current.get_subcommands().filter(|own| !own.is_hide_set() && own.get_name().starts_with(begun));
    let described = |own: &clap::Command| {
        let about = own.get_about().map(ToString::to_string).unwrap_or_default();
        format!("{}\t{about}", own.get_name())
    };
    let takes_agreement = current.get_positionals().any(|own| {
        own.get_value_names().is_some_and(|names| names.iter().any(|name| name.as_str() == "AGREEMENT"))
    });
    Possible {
        words: subcommands.map(described).collect(),
        agreements: (takes_agreement && !named).then_some(connection),
        files: false,
    }
}

/// The flag that a word is, with its value if the word contains it.
fn flag_of<'c>(command: &'c clap::Command, word: &str) -> Option<(&'c clap::Arg, Option<String>)> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (word, None),
    };
    let found = match (name.strip_prefix("--"), name.strip_prefix('-')) {
        (Some(long), _) => command.get_arguments().find(|own| own.get_long() == Some(long)),
        (None, Some(short)) => {
            let mut letters = short.chars();
            let letter = letters.next()?;
            let found = command.get_arguments().find(|own| own.get_short() == Some(letter));
            let rest: String = letters.collect();
            return found.map(|own| (own, value.or((!rest.is_empty()).then_some(rest))));
        }
        (None, None) => None,
    };
    found.map(|own| (own, value))
}

impl Connection {
    fn take(&mut self, flag: &str, value: Option<String>) {
        match flag {
            "kubeconfig" => self.kubeconfig = value.map(Into::into),
            "context" => self.context = value,
            "cluster" => self.cluster = value,
            "user" => self.user = value,
            "namespace" => self.namespace = value.into_iter().collect(),
            "server" => self.server = value,
            "token" => self.token = value,
            "impersonate" => self.impersonate = value,
            "impersonate_groups" => self.impersonate_groups.extend(value),
            "impersonate_uid" => self.impersonate_uid = value,
            "client_certificate" => self.client_certificate = value.map(Into::into),
            "client_key" => self.client_key = value.map(Into::into),
            "tls_server_name" => self.tls_server_name = value,
            "certificate_authority" => self.certificate_authority = value.map(Into::into),
            "insecure_skip_tls_verify" => self.insecure_skip_tls_verify = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(words: &[&str]) -> Possible {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let (begun, done) = words.split_last().unwrap();
        possible(<crate::Cli as clap::CommandFactory>::command(), done, begun)
    }

    #[test]
    fn what_can_come_next_is_offered_and_nothing_else() {
        let first = at(&["co"]);
        let names: Vec<&str> = first.words.iter().map(|word| word.split('\t').next().unwrap()).collect();
        assert_eq!(names, ["confirm", "countersign", "completion"]);
        assert!(first.agreements.is_none());

        let named = at(&["approve", "-n", "havlink", "hav"]);
        assert!(named.words.is_empty(), "{:?}", named.words);
        assert_eq!(named.agreements.unwrap().namespace, ["havlink"]);
        assert!(at(&["approve", "havlink-fleet", ""]).agreements.is_none());

        assert_eq!(at(&["inbox", "-o", "ya"]).words, ["yaml"]);
        assert_eq!(at(&["approve", "--on-b"]).words, ["--on-behalf-of"]);
        assert!(at(&["approve", "--on-behalf-of", ""]).agreements.is_none());
        assert!(at(&["confirm", "-f", ""]).files && !at(&["confirm", "-o", ""]).files);
        assert_eq!(at(&["attest", "si"]).words.len(), 1);
        assert!(at(&["attest", "sign", ""]).agreements.is_some());
    }
}
