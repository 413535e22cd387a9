//! Lines of 80 columns, with labels on the left.

/// Columns of a narrow terminal.
pub(super) const WIDTH: usize = 80;
/// Column of the text behind a label.
const COLUMN: usize = 15;

#[derive(Default)]
pub(super) struct Page(String);

impl Page {
    pub(super) fn text(self) -> String {
        self.0
    }

    pub(super) fn list(&mut self, label: &str, items: &[String]) {
        if items.is_empty() {
            return;
        }
        self.blank();
        self.line(2, label);
        for item in items {
            let options = textwrap::Options::new(WIDTH).initial_indent("  - ").subsequent_indent("    ");
            self.fill(item, options);
        }
    }

    /// A label and its text; a long label has a line of its own.
    pub(super) fn label(&mut self, label: &str, words: &str) {
        if textwrap::core::display_width(label) + 3 > COLUMN {
            self.line(2, label);
            self.entry("", words);
        } else {
            self.entry(label, words);
        }
    }

    pub(super) fn entry(&mut self, label: &str, words: &str) {
        let first = format!("  {label:width$}", width = COLUMN - 2);
        let rest = " ".repeat(COLUMN);
        self.fill(words, textwrap::Options::new(WIDTH).initial_indent(&first).subsequent_indent(&rest));
    }

    pub(super) fn item(&mut self, words: &str) {
        let (first, rest) = (format!("{}- ", " ".repeat(COLUMN)), " ".repeat(COLUMN + 2));
        self.fill(words, textwrap::Options::new(WIDTH).initial_indent(&first).subsequent_indent(&rest));
    }

    pub(super) fn line(&mut self, indent: usize, words: &str) {
        let indent = " ".repeat(indent);
        self.fill(words, textwrap::Options::new(WIDTH).initial_indent(&indent).subsequent_indent(&indent));
    }

    fn fill(&mut self, words: &str, options: textwrap::Options<'_>) {
        if words.is_empty() {
            return;
        }
        for line in textwrap::wrap(words, options) {
            self.0.push_str(line.trim_end());
            self.0.push('\n');
        }
    }

    pub(super) fn blank(&mut self) {
        if !self.0.ends_with("\n\n") {
            self.0.push('\n');
        }
    }
}
