//! The answers to `/help`, generated from the table of commands.

use super::Notes;
use super::commands::command;
use super::note::HelpOn;
use super::table::COMMANDS;
use super::words::{Group, PlainCommand};
use crate::base::language::Language;
use alloc::string::String;
use alloc::vec::Vec;

/// The texts of `/help` beside those of the commands.
pub(super) struct HelpTexts {
    /// The introduction of `/help`.
    pub(super) everyday: &'static str,
    /// The usage of `//TEXT`, and its explanation.
    pub(super) slashes: (&'static str, &'static str),
    /// The introduction of `/help moderation`.
    pub(super) moderation: &'static str,
    /// The other uses of `/help`.
    pub(super) more: &'static str,
    /// The words before the aliases of a command.
    pub(super) also: &'static str,
}

/// Writes a help text.
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
            write_table(commands_of(Group::Everyday, language).chain([slashes]).collect(), to);
            to.notes(texts.more);
        }
        HelpOn::Moderation => {
            to.notes(texts.moderation);
            write_table(commands_of(Group::Moderation, language).collect(), to);
        }
    }
}

/// Writes the help on one command: its line of the list, its details and its aliases.
fn explain(command: &PlainCommand, texts: &HelpTexts, language: Language, to: &mut Notes<'_>) {
    to.note(format_args!("{}  {}", command.usage(language), command.about.get(language)));
    to.notes(command.details.get(language));
    if !command.aliases.is_empty() {
        let aliases: Vec<String> = command.aliases.iter().map(|it| alloc::format!("/{it}")).collect();
        to.note(format_args!("{}{}", texts.also, aliases.join(" ")));
    }
}

/// Returns the usage and the explanation of each command of a group.
fn commands_of(group: Group, language: Language) -> impl Iterator<Item = (String, &'static str)> {
    let commands = COMMANDS.iter().filter(move |command| command.group == group);
    commands.map(move |command| (command.usage(language), command.about.get(language)))
}

/// Writes one line for each command, with the explanations in a column.
fn write_table(lines: Vec<(String, &'static str)>, to: &mut Notes<'_>) {
    let columns = lines.iter().map(|(usage, _)| width(usage)).max().unwrap_or_default();
    for (usage, about) in lines {
        let gap = columns + 2 - width(&usage);
        to.note(format_args!("{usage}{:gap$}{about}", ""));
    }
}

/// Returns the number of terminal columns of a text: two for a Chinese character.
fn width(text: &str) -> usize {
    text.chars().map(|it| if it.is_ascii() { 1 } else { 2 }).sum()
}
