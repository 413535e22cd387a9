//! Text within 80 columns: paragraphs, and tables whose last columns are shortened first.

use anstyle::Style;
use textwrap::{Options, WordSeparator, WordSplitter};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How wide a line may be.
pub const WIDTH: usize = 80;
/// For the most important part of a line.
pub const BOLD: Style = Style::new().bold();
/// For details.
pub const DIM: Style = Style::new().dimmed();

const GAP: &str = "  ";

/// How many columns a text takes on a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Shortened to at most so many columns, with an ellipsis if something was cut off.
pub fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or_default();
        if used > most {
            break;
        }
        out.push(c);
    }
    if most > 0 {
        out.push('…');
    }
    out
}

/// A text broken between words, behind an indent; a word that is longer than a line is broken too.
pub fn paragraph(text: &str, first: &str, others: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let options = Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(others)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(&words.join(" "), options).iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A table. The first column names the row; if it is too long, it has a line of its own above the others.
#[derive(Debug, Default)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

#[derive(Debug)]
struct Column {
    title: &'static str,
    /// The width below which it is not shortened; `None`: it is never shortened.
    least: Option<usize>,
}

/// From this width on, the first column has a line of its own.
const LONG: usize = 40;

impl Table {
    /// A column that is never shortened.
    pub fn whole(mut self, title: &'static str) -> Self {
        self.columns.push(Column { title, least: None });
        self
    }

    /// A column that may be shortened, down to `least` columns; the last one first.
    pub fn giving_way(mut self, title: &'static str, least: usize) -> Self {
        self.columns.push(Column { title, least: Some(least) });
        self
    }

    /// Adds a row: a cell for each column.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// As text; `wide` shortens nothing.
    pub fn render(&self, wide: bool) -> String {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| width(column.title)).collect();
        for row in &self.rows {
            for (at, (own, cell)) in widths.iter_mut().zip(row).enumerate() {
                let cell = width(cell);
                if at > 0 || wide || cell <= LONG {
                    *own = cell.max(*own);
                }
            }
        }
        if !wide {
            self.narrow(&mut widths);
        }
        let key = widths.first().copied().unwrap_or_default();
        let head: Vec<String> = self.columns.iter().map(|column| column.title.to_owned()).collect();
        let mut out = format!("{DIM}{}{DIM:#}\n", line(&head, &widths));
        for row in &self.rows {
            match row.split_first() {
                Some((first, rest)) if width(first) > key => {
                    out.push_str(&cut(first, WIDTH));
                    out.push('\n');
                    let rest: Vec<String> =
                        std::iter::once(String::new()).chain(rest.iter().cloned()).collect();
                    out.push_str(&line(&rest, &widths));
                }
                _ => out.push_str(&line(row, &widths)),
            }
            out.push('\n');
        }
        out
    }

    fn narrow(&self, widths: &mut [usize]) {
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        for _ in 0..2 {
            for (at, column) in self.columns.iter().enumerate().rev() {
                let total: usize = widths.iter().sum::<usize>() + gaps;
                let over = total.saturating_sub(WIDTH);
                if let (Some(own), Some(least)) = (widths.get_mut(at), column.least) {
                    *own = own.saturating_sub(over).max(least.min(*own));
                }
            }
            // If it is still too wide, the first column gets a line of its own.
            let total: usize = widths.iter().sum::<usize>() + gaps;
            if let Some(first) = widths.first_mut() {
                *first = first.saturating_sub(total.saturating_sub(WIDTH)).max(4.min(*first));
            }
        }
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut out = String::new();
    for (at, (cell, own)) in cells.iter().zip(widths).enumerate() {
        let cell = cut(cell, *own);
        if at > 0 {
            out.push_str(GAP);
        }
        let fill = own.saturating_sub(width(&cell));
        out.push_str(&cell);
        out.push_str(&" ".repeat(fill));
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    fn inbox() -> Table {
        Table::default()
            .giving_way("AGREEMENT", 4)
            .whole("TO DO")
            .giving_way("LEFT", 12)
            .giving_way("CUSTOMER", 8)
    }

    #[test]
    fn no_line_is_wider_than_80_columns_and_what_to_do_is_never_cut() {
        let wide_name = "日本".repeat(40);
        let mut table = inbox();
        for name in ["short", &"x".repeat(63), &"y".repeat(253), wide_name.as_str()] {
            table.row(vec![
                name.to_owned(),
                "approve as finance L3".into(),
                "12 d 23 h left".into(),
                wide_name.clone(),
            ]);
        }
        let text = plain(&table.render(false));
        for line in text.lines() {
            let columns = UnicodeWidthStr::width(line);
            assert!(columns <= WIDTH, "{columns}: {line}");
        }
        assert_eq!(text.matches("approve as finance L3").count(), 4, "{text}");
        assert!(text.contains(&"x".repeat(63)), "{text}");
    }

    #[test]
    fn columns_stand_below_each_other_by_their_width_on_the_screen() {
        let mut table = inbox();
        table.row(vec!["日本".into(), "sign".into(), "1 d left".into(), String::new()]);
        table.row(vec!["a".into(), "sign".into(), "1 d left".into(), "c".into()]);
        assert_eq!(
            plain(&table.render(false)),
            "AGREEMENT  TO DO  LEFT      CUSTOMER\n日本       sign   1 d left\na          sign   1 d left  c\n"
        );
    }

    #[test]
    fn a_paragraph_breaks_between_words_and_a_word_that_is_too_long_within() {
        let digest = format!("sha256:{}", "0".repeat(100));
        let text = paragraph(&format!("one {} {digest} end", "word ".repeat(30)), "> ", "  ");
        for line in text.lines() {
            assert!(width(line) <= WIDTH, "{line}");
        }
        let joined: String = text.split_whitespace().collect();
        assert!(joined.contains(&digest), "{text}");
        assert!(text.starts_with("> one word") && text.contains("\n  word"), "{text}");
    }
}
