//! Asking before a decision is made.

use std::io::{IsTerminal, Write};

use countersign_api::Action;

use super::arguments::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Form, say};

/// Shows what the decision is about, and asks for confirmation unless told not to. Returns whether it asked.
pub fn ask(common: &Common, shown: &str, action: Action) -> Outcome<bool> {
    let for_machines = common.output.is_some_and(Form::is_for_machines);
    let asks = !common.yes && common.dry_run.is_none();
    if asks && !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "there is no terminal to ask on: read the agreement first (`kubectl agreement show`), then decide with --yes; \
             --digest makes sure that it is what you read"
                .to_owned(),
        ));
    }
    if !for_machines {
        say(shown);
    }
    if !asks {
        return Ok(false);
    }
    // stdout is for programs then, but the user still sits at the terminal.
    let mut terminal = anstream::stderr();
    if for_machines {
        terminal.write_all(shown.as_bytes()).ok();
    }
    let finality = match action {
        Action::Decline | Action::Refuse | Action::Withdraw => "This is final. ",
        _ => "",
    };
    write!(terminal, "{finality}Make this decision? [y/N] ").ok();
    terminal.flush().ok();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| format!("no answer could be read: {error}"))?;
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(true),
        _ => Err(Failure::SaidNo),
    }
}
