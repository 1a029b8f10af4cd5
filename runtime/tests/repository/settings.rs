//! The table of settings in the documentation is generated from the table in the code.

use crate::expect_end;
use parlor_protocol::Language;
use parlor_runtime::config::{Config, SETTINGS, reloadable_names};
use std::fmt::Write;

const BEGIN: &str =
    "<!-- The tables are made by the test `the_documented_settings_are_those_that_there_are`. -->\n";

fn tables() -> String {
    let mut tables = String::new();
    let defaults = Config::default();
    let mut topic = None;
    for setting in SETTINGS {
        if topic.replace(setting.topic) != Some(setting.topic) {
            let head = "| name | default | flag | meaning |\n|---|--:|---|---|";
            writeln!(tables, "\n## {}\n\n{head}", setting.topic.title(Language::En)).unwrap();
        }
        let default = match setting.name {
            "connections_max" => "from the file limit".to_owned(),
            "lang" => "from the locale, else `en`".to_owned(),
            _ => match shown(&(setting.get)(&defaults)).as_str() {
                "" => "none".to_owned(),
                default => format!("`{default}`"),
            },
        };
        writeln!(
            tables,
            "| `{}` | {default} | `{}` | {} |",
            setting.name,
            setting.usage().replace('|', "\\|"),
            setting.about.en
        )
        .unwrap();
    }
    writeln!(tables, "\n## What a reload changes\n").unwrap();
    for name in reloadable_names() {
        writeln!(tables, "- `{name}`").unwrap();
    }
    writeln!(tables, "\n## What must hold between them\n").unwrap();
    for relation in defaults.limits.relations() {
        writeln!(tables, "- {}", relation.en).unwrap();
    }
    tables
}

/// Returns a TOML value as a flag takes it; the items of a list are separated by commas.
fn shown(value: &str) -> String {
    value.trim_matches(['[', ']', '"']).replace("\", \"", ",")
}

/// The program accepts each flag as documented.
#[test]
fn the_documented_flags_are_taken() {
    let defaults = Config::default();
    for setting in SETTINGS {
        let value = (setting.get)(&defaults);
        let value = shown(&value);
        let usage = setting.usage();
        let written: Vec<String> = match usage.split_once("[=") {
            Some((flag, _)) => vec![flag.to_owned(), format!("{flag}={value}")],
            None => vec![usage.replace(setting.value, &value)],
        };
        for written in written {
            // A value may have spaces.
            let words = std::iter::once("serve").chain(written.splitn(2, ' '));
            let matches = parlor_runtime::serve::command(Language::En).try_get_matches_from(words);
            assert!(matches.is_ok_and(|it| it.contains_id(setting.name)), "{written}");
        }
    }
}

#[test]
fn the_documented_settings_are_those_that_there_are() {
    expect_end("docs/CONFIGURATION.md", BEGIN, &tables());
}
