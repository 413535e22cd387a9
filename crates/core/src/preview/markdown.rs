//! A preview as Markdown, for the comment of a pull request.

use super::change::Change;
use super::input::Previewed;
use super::outcome::{Preview, Verdict};
use super::sentences;
use super::terms::{OrderLine, TermLine};
use crate::text;

/// Bytes of one comment: GitHub takes 65,536 characters.
const MOST: usize = 60_000;

/// Every preview, one after the other, below one heading.
#[must_use]
pub fn of(previewed: &[Previewed]) -> String {
    let mut page = "## What these agreements would take\n".to_owned();
    for (at, one) in previewed.iter().enumerate() {
        let next = section(&one.file, &one.preview);
        if page.len() + next.len() > MOST {
            page.push_str(&format!("\n{} more would not fit into this comment.\n", previewed.len() - at));
            break;
        }
        page.push_str(&next);
    }
    page
}

fn section(file: &str, preview: &Preview) -> String {
    let mark = match preview.verdict {
        Verdict::WithinAuthority => ":white_check_mark:",
        Verdict::Escalation => ":raised_hand:",
        Verdict::Invalid | Verdict::BeyondTop => ":x:",
    };
    let mut out = format!(
        "\n### {mark} {}/{}\n\n{} <br>{}\n\n**{}**",
        plain(&preview.namespace),
        plain(&preview.name),
        plain(&preview.title),
        code(file),
        plain(&sentences::outcome(preview)),
    );
    if let Some(value) = &preview.value {
        out.push_str(&format!(" Worth {}, {}.", plain(&sentences::value(value)), sentences::measures(value)));
    }
    out.push_str("\n\n");
    if let Some(change) = &preview.change {
        out.push_str(&changed(change));
    }
    out.push_str(&list("To fix", &preview.faults));
    out.push_str(&list("Mind", &preview.warnings));
    out.push_str(&deviations(preview));
    out.push_str(&steps(preview));
    out.push_str(&orders(preview));
    out
}

fn changed(change: &Change) -> String {
    let mut out = format!("**Change**: {}\n\n", plain(&sentences::effect(change)));
    let value = |value: &serde_json::Value| match value {
        serde_json::Value::Null => "nothing".to_owned(),
        other => code(&text::value(&other.to_string())),
    };
    for field in change.fields.iter().take(50) {
        out.push_str(&format!(
            "- {}: {} becomes {}\n",
            code(&field.field),
            value(&field.before),
            value(&field.after)
        ));
    }
    if change.fields.len() > 50 {
        out.push_str(&format!("- and {} more\n", change.fields.len() - 50));
    }
    for void in &change.voided {
        out.push_str(&format!(
            "- void: {} {} ({})\n",
            plain(&void.username),
            plain(&void.what),
            code(&void.decision)
        ));
    }
    out.push('\n');
    out
}

fn list(label: &str, items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let lines: String = items.iter().map(|item| format!("- {}\n", plain(item))).collect();
    format!("**{label}**\n\n{lines}\n")
}

fn deviations(preview: &Preview) -> String {
    let deviating = preview.terms.iter().filter(|term| !term.deviations.is_empty());
    let row = |term: &TermLine| {
        let value = term.value.as_deref().or(term.text.as_deref()).unwrap_or_default();
        let who: Vec<String> = term.deviations.iter().map(sentences::deviation).collect();
        let reason = term.reason.as_deref().unwrap_or_default();
        format!(
            "| {} | {} | {} | {} | {} |\n",
            code(&term.id),
            plain(&text::excerpt(value)),
            plain(term.standard.as_deref().unwrap_or_default()),
            plain(&who.join("; ")),
            plain(&text::excerpt(reason))
        )
    };
    let rows: String = deviating.map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("| term | value | standard | who may allow it | reason |\n|---|---|---|---|---|\n{rows}\n")
}

fn steps(preview: &Preview) -> String {
    if preview.steps.is_empty() {
        return String::new();
    }
    let mut out = "| turn | asked | who | because | time |\n|---|---|---|---|---|\n".to_owned();
    for step in &preview.steps {
        let who = match sentences::subjects(step) {
            Some(subjects) => format!("{} <br>{}", plain(&step.who), plain(&subjects)),
            None => plain(&step.who),
        };
        let because: Vec<String> = step.because.iter().map(|reason| plain(reason)).collect();
        out.push_str(&format!(
            "| {} | {} | {who} | {} | {} |\n",
            step.turn,
            sentences::action(step.action),
            because.join(" <br>"),
            sentences::time(step)
        ));
    }
    for authority in &preview.exercised {
        out.push_str(&format!(
            "\nThe person who countersigns must hold {} {}.\n",
            plain(&authority.function),
            plain(&authority.level)
        ));
    }
    out.push('\n');
    out
}

fn orders(preview: &Preview) -> String {
    let order = |order: &OrderLine| {
        let value = match (&order.value, &order.currency) {
            (Some(value), Some(currency)) => format!(", {currency} {value}"),
            _ => String::new(),
        };
        let category =
            order.category.as_deref().map(|category| format!(", {}", plain(category))).unwrap_or_default();
        format!("{} ({}{category}{value})", code(&order.id), text::count(order.items, "item"))
    };
    let orders: Vec<String> = preview.orders.iter().map(order).collect();
    match orders.is_empty() {
        true => "Passed on as requests: nothing, it has no orders.\n".to_owned(),
        false => format!("Passed on as requests, if the customer confirms them: {}.\n", orders.join(", ")),
    }
}

/// Text of others as plain text: it makes no link, no markup and no new row, and mentions nobody.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text::passage(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A mention, or a reference to an issue, would notify people who have nothing to do with it.
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

fn code(text: &str) -> String {
    format!("`{}`", text::excerpt(text).replace('`', "'").replace('|', "\\|"))
}
