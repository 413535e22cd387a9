//! How it is shown: as text, and as Markdown.

use countersign_core::preview::{Input, markdown, terminal};
use serde_json::json;
use testkit::world::World;

use super::{manifest, rules};

/// Three agreements, and one in which everything is as long, wide and hostile as it may be.
fn shown() -> Input {
    let hostile = "\u{1b}[31m日本語|`*_<script>@everyone #1 [x](https://evil.example) www.evil.example\n\n# Approved \u{202e}";
    let mut world = World::fleet();
    world.agreement.metadata.name = Some("n".repeat(253));
    world.agreement.spec.title = hostile.repeat(2).chars().take(256).collect();
    world.agreement.spec.customer.representatives[0].name = hostile.repeat(2).chars().take(256).collect();
    world.agreement.spec.terms[0].reason = Some(hostile.to_owned());
    world.agreement.spec.terms.push(
        serde_json::from_value(json!({"id": "t".repeat(63), "text": hostile.repeat(20), "reason": hostile}))
            .unwrap(),
    );
    world.agreement.spec.orders[0].id = "o".repeat(63);
    world.rules(|policy| {
        let first = policy.spec.holders.iter_mut().find(|own| own.function == "finance").unwrap();
        first.subjects[0].name = hostile.chars().take(256).collect();
    });
    let mut input = Input::default();
    for (file, world) in
        [("a", &World::fibre()), ("b", &World::cafe()), ("c", &World::fleet()), ("d", &world)]
    {
        input.read(file, &manifest(&world.agreement).to_string());
    }
    input.read("rules.yaml", &rules(&world));
    input
}

/// No line is longer than eighty columns and none turns the terminal around.
#[test]
fn no_line_exceeds_eighty_columns_or_turns_the_terminal_around() {
    let out = terminal::of(&shown().previews("default", World::fleet().now));
    assert!(out.lines().count() > 80);
    for line in out.lines() {
        assert!(textwrap::core::display_width(line) <= 80, "{line:?}");
        assert!(!line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{line:?}");
    }
}

#[test]
fn people_s_words_make_no_markup_call_nobody_and_add_no_heading() {
    let out = markdown::of(&shown().previews("default", World::fleet().now));
    assert!(out.contains("everyone"), "the words are there");
    for evil in [
        "<script",
        "@everyone",
        "](https://",
        "https://evil",
        "www.evil",
        "\n# ",
        " #1",
        "\u{1b}",
        "\u{202e}",
    ] {
        assert!(!out.contains(evil), "{evil:?} in {out}");
    }
    let headings = out.lines().filter(|line| line.starts_with('#')).count();
    assert_eq!(headings, 5, "one for all and one for each");
    for row in out.lines().filter(|line| line.starts_with('|')) {
        let cells = row.replace("\\|", "").matches('|').count();
        assert_eq!(cells, 6, "five columns: {row}");
    }
}

#[test]
fn a_comment_never_grows_beyond_what_forges_take() {
    let world = World::fleet();
    let mut input = Input::default();
    for at in 0..200 {
        let mut file = manifest(&world.agreement);
        file["metadata"]["name"] = json!(format!("fleet-{at}"));
        input.read("all.yaml", &file.to_string());
    }
    input.read("rules.yaml", &rules(&world));
    let out = markdown::of(&input.previews("default", world.now));
    assert!(out.len() < 65_000, "{}", out.len());
    assert!(out.contains("more would not fit"), "it says that something is missing");
}
