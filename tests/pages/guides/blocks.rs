//! What a guide's blocks are.

use anyhow::{Context, Result, bail, ensure};

/// A fenced block of a guide.
#[derive(Debug)]
pub struct Block {
    /// The line on which it begins.
    pub line: usize,
    /// What is in it.
    pub text: String,
    /// What it is for.
    pub kind: Kind,
}

/// What a block is for.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file with this name.
    File(String),
    /// A part of a file of the repository, below a JSON pointer.
    Part { file: String, pointer: String },
    /// Commands, by whom, and what they show where that is said.
    Command { by: Option<String>, shows: Option<String> },
    /// For readers alone.
    NotRun,
    /// Others do something, in words.
    Meanwhile(String),
}

impl Block {
    /// Whether something is run.
    pub fn is_command(&self) -> bool {
        matches!(self.kind, Kind::Command { .. })
    }
}

fn told<'t>(comment: &Option<&'t str>, word: &str) -> Option<&'t str> {
    comment.and_then(|text| text.strip_prefix(word)).map(str::trim)
}

/// The blocks of a page, in order.
pub fn read(page: &str) -> Result<Vec<Block>> {
    let mut blocks: Vec<Block> = Vec::new();
    // The comment right before a block, and whether nothing but empty lines stand after the last block.
    let (mut comment, mut right_after) = (None, false);
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let line_number = at + 1;
        if let Some(text) = line.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->")) {
            let text = text.trim();
            if let Some(what) = told(&Some(text), "meanwhile:") {
                blocks.push(Block {
                    line: line_number,
                    text: String::new(),
                    kind: Kind::Meanwhile(what.to_owned()),
                });
            } else {
                comment = Some(text);
            }
            continue;
        }
        let Some(language) = line.strip_prefix("```") else {
            ensure!(
                line.is_empty() || comment.is_none(),
                "line {line_number}: a comment belongs before a block"
            );
            right_after &= line.is_empty();
            continue;
        };
        let mut text = String::new();
        loop {
            let (_, line) = lines.next().with_context(|| format!("line {line_number}: it does not end"))?;
            if line == "```" {
                break;
            }
            text.push_str(line);
            text.push('\n');
        }
        let kind = match language {
            "yaml" => match told(&comment, "part of") {
                Some(place) => {
                    let (file, pointer) = place.split_once(" at ").context("FILE at /POINTER")?;
                    Kind::Part { file: file.to_owned(), pointer: pointer.trim_end_matches('/').to_owned() }
                }
                None => {
                    let name = text.lines().next().and_then(|first| first.strip_prefix("# "));
                    let name = name.filter(|name| name.ends_with(".yaml") && !name.contains([' ', '/']));
                    Kind::File(
                        name.with_context(|| format!("line {line_number}: it does not begin with a name"))?
                            .to_owned(),
                    )
                }
            },
            "sh" => Kind::Command { by: told(&comment, "as:").map(str::to_owned), shows: None },
            "text" if told(&comment, "not run:").is_some() => Kind::NotRun,
            "text" if right_after => {
                let Some(Block { kind: Kind::Command { shows, .. }, .. }) = blocks.last_mut() else {
                    bail!("line {line_number}: output of nothing");
                };
                ensure!(shows.replace(text).is_none(), "line {line_number}: output of nothing");
                right_after = false;
                comment = None;
                continue;
            }
            other => bail!("line {line_number}: a block of {other:?} is neither run nor said not to be"),
        };
        let understood = match &kind {
            Kind::Command { by, .. } => comment.is_none() || by.is_some(),
            Kind::File(_) => comment.is_none(),
            _ => true,
        };
        ensure!(understood, "line {line_number}: what does {comment:?} mean here?");
        right_after = matches!(kind, Kind::Command { .. });
        comment = None;
        blocks.push(Block { line: line_number, text, kind });
    }
    ensure!(comment.is_none(), "the last comment belongs to nothing");
    Ok(blocks)
}

/// Whether something was shown as a page says: `…` stands for anything in a line, and alone for any lines. How wide a
/// column is depends on what else is in it, so two spaces are as good as more.
pub fn is_shown(expected: &str, shown: &str) -> bool {
    let squeezed = |line: &str| {
        let mut line = line.trim_end().to_owned();
        while line.contains("   ") {
            line = line.replace("   ", "  ");
        }
        line.chars().collect()
    };
    let lines = |text: &str| -> Vec<Vec<char>> { text.trim_end().lines().map(squeezed).collect() };
    let any_line = |line: &Vec<char>| *line == ['…'];
    let same_line =
        |line: &Vec<char>, own: &Vec<char>| fits(line, own, |char| *char == '…', |char, own| char == own);
    fits(&lines(expected), &lines(shown), any_line, same_line)
}

/// Whether one list fits another, where some entries of the first stand for any number of the second's.
fn fits<T>(
    expected: &[T],
    shown: &[T],
    any: impl Fn(&T) -> bool + Copy,
    same: impl Fn(&T, &T) -> bool + Copy,
) -> bool {
    match expected.split_first() {
        None => shown.is_empty(),
        Some((first, rest)) if any(first) => {
            (0..=shown.len()).any(|skipped| fits(rest, &shown[skipped..], any, same))
        }
        Some((first, rest)) => {
            shown.split_first().is_some_and(|(own, others)| same(first, own) && fits(rest, others, any, same))
        }
    }
}

#[test]
fn a_page_is_read_as_it_is_meant() {
    let page = "Text.\n\n```yaml\n# a.yaml\nkind: A\n```\n\n<!-- as: eva -->\n```sh\nkubectl get a\n```\n\n```text\nA\n```\n\
                <!-- meanwhile: others sign -->\n<!-- not run: a flag -->\n```text\n--flag\n```\n\
                <!-- part of b.yaml at / -->\n```yaml\nspec: {}\n```\n";
    let kinds: Vec<Kind> = read(page).unwrap().into_iter().map(|block| block.kind).collect();
    let command = Kind::Command { by: Some("eva".to_owned()), shows: Some("A\n".to_owned()) };
    let part = Kind::Part { file: "b.yaml".to_owned(), pointer: String::new() };
    let meanwhile = Kind::Meanwhile("others sign".to_owned());
    assert_eq!(kinds, [Kind::File("a.yaml".to_owned()), command, meanwhile, Kind::NotRun, part]);
    for wrong in [
        "```console\n$ ls\n```\n",
        "```text\nof nothing\n```\n",
        "```sh\nls\n```\nSo:\n```text\na\n```\n",
        "```yaml\nkind: A\n```\n",
        "<!-- who: eva -->\n```sh\nls\n```\n",
        "<!-- as: eva -->\nText.\n```sh\nls\n```\n",
        "```sh\nls\n",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_ellipsis_stands_for_anything_and_nothing_else_does() {
    for (expected, shown) in [
        ("a…c\n", "abbc\n"),
        ("…\nb", "a\na\nb\n"),
        ("a\n…", "a"),
        ("a  \n", "a\n"),
        ("x-…-y…", "x-1-y"),
        ("a     b", "a   b"),
    ] {
        assert!(is_shown(expected, shown), "{expected:?} {shown:?}");
    }
    for (expected, shown) in
        [("a…c", "abb"), ("a", "a\nb"), ("a\nb", "a"), ("a…\nb", "a\nx\nb"), ("", "a"), ("a  b", "a b")]
    {
        assert!(!is_shown(expected, shown), "{expected:?} {shown:?}");
    }
}
