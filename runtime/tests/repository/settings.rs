//! The table of settings in the documentation is made from the table in the code.

use crate::{read, root};
use parlor_runtime::config::{Config, SETTINGS};
use std::fmt::Write;

const DOCUMENT: &str = "docs/CONFIGURATION.md";
const BEGIN: &str =
    "<!-- The tables are made by the test `the_documented_settings_are_those_that_there_are`. -->\n";

fn tables() -> String {
    let mut tables = String::new();
    let defaults = Config::default();
    let mut topic = None;
    for setting in SETTINGS {
        if topic.replace(setting.topic) != Some(setting.topic) {
            let head = "| name | default | flag | what it means, and what happens there |\n|---|--:|---|---|";
            writeln!(tables, "\n## {}\n\n{head}", setting.topic.title()).unwrap();
        }
        let default = match setting.name {
            "connections_max" => "from the file limit".to_owned(),
            "lang" => "from the locale, else `en`".to_owned(),
            _ => format!("`{}`", (setting.get)(&defaults).trim_matches(['[', ']', '"'])),
        };
        let value = setting.value.replace('|', "\\|");
        writeln!(
            tables,
            "| `{}` | {default} | `{} {value}` | {} |",
            setting.name,
            setting.flag(),
            setting.about
        )
        .unwrap();
    }
    tables
}

/// With `PARLOR_DOCS=write` in the environment, this writes them.
#[test]
fn the_documented_settings_are_those_that_there_are() {
    let document = read(DOCUMENT);
    let (before, tables_there) = document.split_once(BEGIN).unwrap();
    let tables = tables();
    if std::env::var("PARLOR_DOCS").is_ok_and(|mode| mode == "write") {
        std::fs::write(root().join(DOCUMENT), format!("{before}{BEGIN}{tables}")).unwrap();
        return;
    }
    assert_eq!(tables_there, tables, "run the test again with PARLOR_DOCS=write to make the tables anew");
}
