//! Why credentials cannot be used, in plain words.

use kube::Error;
use kube::client::AuthError;
use kube::config::ExecConfig;

use crate::explain::causes;
use countersign_core::text;

/// Why there is no client. `exec` is the credential plugin that the kubeconfig names.
pub fn unusable(error: &Error, exec: Option<&ExecConfig>) -> String {
    let program = exec.and_then(|exec| exec.command.as_deref()).unwrap_or("of the kubeconfig");
    let hint =
        exec.and_then(|exec| exec.install_hint.as_deref()).map(|hint| format!("\n{}", text::passage(hint)));
    match error {
        Error::Auth(AuthError::AuthExecStart(error)) => {
            format!("the credential plugin {program} cannot be started: {error}{}", hint.unwrap_or_default())
        }
        // Its stdout is not repeated: it may contain a token.
        Error::Auth(AuthError::AuthExecRun { out, .. }) => {
            let said = text::passage(String::from_utf8_lossy(&out.stderr).trim());
            let said = if said.is_empty() { String::new() } else { format!(": {said}") };
            format!("the credential plugin {program} gave no credential ({}){said}; log in again", out.status)
        }
        Error::Auth(AuthError::AuthExecParse(error)) => {
            let error = text::passage(&error.without_snippet().to_string());
            format!(
                "the credential plugin {program} printed something that is not an ExecCredential: {error}"
            )
        }
        Error::Auth(error) => {
            format!("your credentials cannot be used: {}; log in again", text::passage(&causes(error)))
        }
        other => format!("the connection cannot be set up: {}", text::passage(&causes(other))),
    }
}
