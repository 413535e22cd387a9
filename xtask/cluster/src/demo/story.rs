//! How it is told: 80 columns, and colours on a terminal that supports them.
//!
//! Output goes through `anstream`, which removes the colours for files and pipes, and
//! if `NO_COLOR` is set.

use anstyle::{AnsiColor, Style};

const WIDTH: usize = 80;
const INDENT: &str = "  ";

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const HEADING: Style = AnsiColor::Cyan.on_default().bold();
const REFUSAL: Style = AnsiColor::Yellow.on_default();

pub(super) fn title(text: &str) {
    anstream::println!("{BOLD}{text}{BOLD:#}");
}

pub(super) fn heading(text: &str) {
    anstream::println!("\n{HEADING}{text}{HEADING:#}");
}

/// A paragraph of the story.
pub(super) fn says(text: &str) {
    paragraph(text, Style::new(), INDENT, INDENT);
}

/// A person does something.
pub(super) fn acts(who: &str, what: &str) {
    anstream::println!();
    paragraph(&format!("{who} {what}"), BOLD, "> ", INDENT);
}

/// What a person types.
pub(super) fn types(line: &str) {
    paragraph(line, Style::new(), "    $ ", "        ");
}

/// The API server says no, in its own words.
pub(super) fn refused(words: &str) {
    paragraph(words, REFUSAL, "    refused: ", "    ");
}

/// A text that keeps its lines.
pub(super) fn verbatim(text: &str) {
    for line in text.lines() {
        anstream::println!("    {line}");
    }
}

/// A table; a word before each row says what kind of row it is.
pub(super) fn table(rows: &[(Emphasis, Vec<String>)]) {
    for (emphasis, line) in rows.iter().map(|(emphasis, _)| emphasis).zip(aligned(rows)) {
        let style = match emphasis {
            Emphasis::Heading | Emphasis::Past => DIM,
            Emphasis::Plain => Style::new(),
            Emphasis::Now => BOLD,
        };
        let mark = if matches!(emphasis, Emphasis::Now) { "  > " } else { "    " };
        anstream::println!("{style}{mark}{line}{style:#}");
    }
}

/// The kind of a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Emphasis {
    Heading,
    Plain,
    Past,
    Now,
}

/// A row that names the columns.
pub(super) fn head<const N: usize>(columns: [&str; N]) -> (Emphasis, Vec<String>) {
    (Emphasis::Heading, columns.map(str::to_owned).to_vec())
}

fn paragraph(text: &str, style: Style, first: &str, others: &str) {
    for (index, line) in wrapped(text, first, others).into_iter().enumerate() {
        let indent = if index == 0 { first } else { others };
        anstream::println!("{indent}{style}{line}{style:#}");
    }
}

/// Breaks between words; a word that is longer than a line has one of its own.
fn wrapped(text: &str, first: &str, others: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let indent = if lines.is_empty() { first } else { others };
        let width = indent.len() + line.chars().count() + 1 + word.chars().count();
        if width > WIDTH && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

fn aligned(rows: &[(Emphasis, Vec<String>)]) -> Vec<String> {
    const GAP: &str = "   ";
    let columns = rows.iter().map(|(_, cells)| cells.len()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|(_, cells)| cells.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        })
        .collect();
    rows.iter()
        .map(|(_, cells)| {
            let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            padded.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_screen_unless_one_word_is() {
        let digest = format!("sha256:{}", "0".repeat(90));
        let text = format!("{} {digest} {}", "word ".repeat(40), "Sågverksgatan ".repeat(20));
        let lines = wrapped(&text, "    refused: ", "    ");
        assert!(lines.contains(&digest));
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| **line != digest) {
            let indent = if index == 0 { "    refused: " } else { "    " };
            assert!(indent.len() + line.chars().count() <= WIDTH, "{line}");
        }
        assert_eq!(lines.join(" "), text.split_whitespace().collect::<Vec<_>>().join(" "));
    }

    #[test]
    fn columns_stand_below_each_other() {
        let row = |cells: [&str; 2]| (Emphasis::Plain, cells.map(str::to_owned).to_vec());
        let lines = aligned(&[head(["NAME", "REV"]), row(["ål", "1"]), row(["longer", ""])]);
        assert_eq!(lines, ["NAME     REV", "ål       1", "longer"]);
    }
}
