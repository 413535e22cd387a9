//! The `countersign` binary.

use std::io::{IsTerminal, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use countersign::controller::{self, Options};
use countersign::verify::{self, Export};
use countersign::{admission, api, serve};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Obtains customer agreements: confirmation, escalation, sign-off, and the order requests that follow.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the operator.
    Run(Run),
    /// Print the five CustomResourceDefinitions as YAML.
    Crds,
    /// Print the admission policies that keep decisions from being forged as YAML.
    Admission {
        /// Username of the operator, which alone writes outcomes.
        #[arg(long, default_value = admission::OPERATOR)]
        operator: String,
    },
    /// Say of an export whether its statuses follow from its objects. Needs no cluster.
    Verify(Verify),
}

/// What the exit status of `verify` says.
const EXIT_STATUS: &str = "\
Exit status:
  0  no statement fails (with --strict: and none is left unchecked)
  1  a statement fails, or an object could not be read
  2  the input cannot be used: a file cannot be read, or no agreement is in it";

#[derive(Args)]
#[command(after_help = EXIT_STATUS)]
struct Verify {
    /// Exports of `kubectl get cagr,adec,oreq,sterms,dpol -A -o yaml` (or json); `-` is standard input.
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

#[derive(Args)]
struct Run {
    /// Address for probes and metrics; port 0 picks a free one, which is logged.
    #[arg(long, env = "COUNTERSIGN_LISTEN", default_value = "0.0.0.0:8080")]
    listen: SocketAddr,
    /// Serve only this namespace; may be given several times. All by default.
    #[arg(
        long = "namespace",
        value_name = "NAMESPACE",
        env = "COUNTERSIGN_NAMESPACES",
        value_delimiter = ','
    )]
    namespaces: Vec<String>,
    /// How logs are written. By default readable on a terminal, JSON elsewhere.
    #[arg(long, env = "COUNTERSIGN_LOG_FORMAT")]
    log_format: Option<LogFormat>,
    /// Path to a kubeconfig. By default as kubectl does it, and in a pod its service account.
    #[arg(long)]
    kubeconfig: Option<std::path::PathBuf>,
    /// Context in the kubeconfig.
    #[arg(long)]
    context: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Json,
    Text,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(run) => start(run),
        Command::Crds => print_crds(),
        Command::Admission { operator } => print_admission(&operator),
        Command::Verify(verify) => match check(&verify) {
            Ok(code) => return code,
            Err(error) => {
                say(&error);
                return ExitCode::from(CANNOT_BE_USED);
            }
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// On standard error. Nothing is left to do if nobody listens.
fn say(error: &str) {
    let _ = writeln!(std::io::stderr(), "countersign: {error}");
}

/// The exit status of `verify` where the input cannot be used, as that of arguments that cannot.
const CANNOT_BE_USED: u8 = 2;

fn check(arguments: &Verify) -> Result<ExitCode, String> {
    let mut export = Export::default();
    for file in &arguments.files {
        let name = file.display().to_string();
        let mut bytes = Vec::new();
        let read = if name == "-" {
            std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
        } else {
            std::fs::read(file).map(|content| bytes = content)
        };
        read.map_err(|e| format!("cannot read {name}: {e}"))?;
        let text = String::from_utf8(bytes).map_err(|e| format!("{name} is not UTF-8: {e}"))?;
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

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn print_crds() -> Outcome {
    let mut out = std::io::stdout().lock();
    for crd in api::crd::all() {
        writeln!(out, "---\n{}", serde_saphyr::to_string(&crd)?.trim_end())?;
    }
    Ok(())
}

fn print_admission(operator: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    for (_, text) in admission::files(operator) {
        writeln!(out, "---\n{}", text.trim_end())?;
    }
    Ok(())
}

fn start(run: Run) -> Outcome {
    start_logs(run.log_format);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(operate(run))
}

async fn operate(run: Run) -> Outcome {
    let listener =
        serve::listen(run.listen).await.map_err(|e| format!("cannot listen on {}: {e}", run.listen))?;
    let config = connection(run.kubeconfig, run.context).await?;
    let options = Options { namespaces: run.namespaces, instance: instance(), ..Options::default() };
    let subject = serve::Subject {
        health: options.health.clone(),
        metrics: options.metrics.clone(),
        clock: options.clock.clone(),
    };
    let stop = stop_signal()?;
    tokio::select! {
        served = serve::serve(listener, subject) => {
            served.map_err(|e| format!("probes and metrics ended: {e}"))?;
            Err("probes and metrics ended".into())
        }
        operated = controller::run(options, config, stop) => Ok(operated?),
    }
}

async fn connection(path: Option<std::path::PathBuf>, context: Option<String>) -> Result<Config, String> {
    let choice = KubeConfigOptions { context, ..KubeConfigOptions::default() };
    match path {
        Some(path) => {
            let kubeconfig =
                Kubeconfig::read_from(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
            Config::from_custom_kubeconfig(kubeconfig, &choice)
                .await
                .map_err(|e| format!("{}: {e}", path.display()))
        }
        None if choice.context.is_some() => Config::from_kubeconfig(&choice)
            .await
            .map_err(|e| format!("no use can be made of the kubeconfig: {e}")),
        None => Config::infer().await.map_err(|e| format!("no API server is known: {e}")),
    }
}

/// In a pod its name, elsewhere that of the machine.
fn instance() -> String {
    let name = std::env::var("POD_NAME").or_else(|_| std::env::var("HOSTNAME"));
    name.or_else(|_| std::fs::read_to_string("/etc/hostname").map(|name| name.trim().to_owned()))
        .unwrap_or_else(|_| "countersign".to_owned())
}

fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn start_logs(format: Option<LogFormat>) {
    let terminal = std::io::stderr().is_terminal();
    let format = format.unwrap_or(if terminal { LogFormat::Text } else { LogFormat::Json });
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => logs.json().flatten_event(true).init(),
        LogFormat::Text => logs.with_ansi(terminal).init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(panic = panic.to_string(), "Panicked");
    }));
}
