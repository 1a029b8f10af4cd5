//! The answers to `/help`, made from the table of commands.

use super::Notes;
use super::commands::command;
use super::note::HelpOn;
use super::table::COMMANDS;
use super::words::{Group, PlainCommand};
use crate::base::language::Language;
use alloc::string::String;
use alloc::vec::Vec;

/// The texts of `/help` that are not about one command.
pub(super) struct HelpTexts {
    pub(super) everyday: &'static str,
    /// The form of a line that sends a leading `/`, and its explanation.
    pub(super) slashes: (&'static str, &'static str),
    pub(super) moderation: &'static str,
    /// The other forms of `/help`.
    pub(super) more: &'static str,
    pub(super) also: &'static str,
}

/// Explains commands.
pub(super) fn help(on: HelpOn, texts: &HelpTexts, language: Language, to: &mut Notes<'_>) {
    match on {
        HelpOn::Command(name) => {
            if let Some(command) = command(name) {
                explain(command, texts, language, to);
            }
        }
        HelpOn::Everyday => {
            to.notes(texts.everyday);
            let slashes = (String::from(texts.slashes.0), texts.slashes.1);
            table(of(Group::Everyday, language).chain([slashes]).collect(), to);
            to.notes(texts.more);
        }
        HelpOn::Moderation => {
            to.notes(texts.moderation);
            table(of(Group::Moderation, language).collect(), to);
        }
    }
}

/// Explains one command: its line of the list, its details and its other names.
fn explain(command: &PlainCommand, texts: &HelpTexts, language: Language, to: &mut Notes<'_>) {
    to.note(format_args!("{}  {}", command.usage(language), command.about.get(language)));
    to.notes(command.details.get(language));
    if !command.aliases.is_empty() {
        let aliases: Vec<String> = command.aliases.iter().map(|it| alloc::format!("/{it}")).collect();
        to.note(format_args!("{}{}", texts.also, aliases.join(" ")));
    }
}

fn of(group: Group, language: Language) -> impl Iterator<Item = (String, &'static str)> {
    let commands = COMMANDS.iter().filter(move |command| command.group == group);
    commands.map(move |command| (command.usage(language), command.about.get(language)))
}

/// Lists commands, one a line, with their explanations in one column.
fn table(lines: Vec<(String, &'static str)>, to: &mut Notes<'_>) {
    let columns = lines.iter().map(|(usage, _)| width(usage)).max().unwrap_or_default();
    for (usage, about) in lines {
        let gap = columns + 2 - width(&usage);
        to.note(format_args!("{usage}{:gap$}{about}", ""));
    }
}

/// Columns that a text of the table takes in a terminal: two for a Chinese character.
fn width(text: &str) -> usize {
    text.chars().map(|it| if it.is_ascii() { 1 } else { 2 }).sum()
}
