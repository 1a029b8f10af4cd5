//! The page on the plain commands is generated from their table in the code.

use crate::expect_end;
use parlor_protocol::Language::En;
use parlor_protocol::plain::{COMMANDS, Group};
use std::fmt::Write;

const BEGIN: &str =
    "<!-- The tables are made by the test `the_documented_commands_are_those_that_there_are`. -->\n";

fn tables() -> String {
    let mut tables = String::new();
    for (title, group) in [("For everybody", Group::Everyday), ("For operators of a room", Group::Moderation)]
    {
        writeln!(tables, "\n## {title}\n\n| command | other names | what it does |\n|---|---|---|").unwrap();
        for command in COMMANDS.iter().filter(|command| command.group == group) {
            let aliases: Vec<String> = command.aliases.iter().map(|it| format!("`/{it}`")).collect();
            let mut about = command.about.get(En).to_owned();
            for detail in command.details.get(En).lines() {
                // Aligned in a terminal, a list here.
                let detail = match detail.split_once("  ") {
                    Some((usage, about)) => format!("`{usage}`: {}", about.trim()),
                    None => detail.to_owned(),
                };
                write!(about, "<br>{detail}").unwrap();
            }
            let row = format!("| `{}` | {} | {about} |", command.usage(En), aliases.join(", "));
            writeln!(tables, "{}", row.replace("on|off", "on\\|off").replace("zh|en", "zh\\|en")).unwrap();
        }
    }
    tables.replace("KEY|off", "KEY\\|off").replace("NUMBER|off", "NUMBER\\|off")
}

#[test]
fn the_documented_commands_are_those_that_there_are() {
    expect_end("docs/COMMANDS.md", BEGIN, &tables());
}
