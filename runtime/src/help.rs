//! The help of the command line in Chinese.
//!
//! The commands bring their own texts in the language of the process. This module translates what clap adds to the
//! help by itself, and wraps Chinese lines. Clap's errors about a wrong command line stay in English: it has no other
//! language.

mod wrap;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command};
use parlor_protocol::Language;
use std::io::{self, Write};
use std::process::ExitCode;
use wrap::wrapped;

/// Columns of an argument's help, which clap indents by ten more.
const ARGUMENT_COLUMNS: usize = 66;

/// Columns of the text above and below the arguments.
const TEXT_COLUMNS: usize = 76;

/// Clap's own template, with its heading in Chinese.
const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

/// The words that clap adds to the help by itself.
const CLAP_WORDS: &[(&str, &str)] = &[
    ("Print this message or the help of the given subcommand(s)", "显示本帮助，或某个命令的帮助"),
    ("[OPTIONS]", "[选项]"),
    ("[COMMAND]", "[命令]"),
    ("<COMMAND>", "<命令>"),
    ("Possible values:", "可选值："),
    ("[possible values: ", "[可选值："),
    ("[default: ", "[默认值："),
];

/// Returns the command and its subcommands with the layout of the help in that language.
#[must_use]
pub fn in_language(command: Command, language: Language) -> Command {
    match language {
        Language::En => command,
        Language::Zh => in_chinese(command),
    }
}

/// Prints the help, the version or the error that clap returned instead of matches, and returns the exit code.
#[must_use]
pub fn print(error: &clap::Error, language: Language) -> ExitCode {
    let is_help =
        matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
    // If the output is closed, the exit code still reports the error.
    if language == Language::Zh && is_help {
        let help = translated(&error.render().to_string());
        drop(if error.use_stderr() {
            write!(io::stderr(), "{help}")
        } else {
            write!(io::stdout(), "{help}")
        });
    } else {
        drop(error.print());
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(u8::MAX))
}

/// Returns the help with clap's own words in Chinese.
fn translated(help: &str) -> String {
    let mut text = String::new();
    for line in help.lines() {
        match line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            Some(heading) => text += &format!("{heading}：\n"),
            None => text += &format!("{line}\n"),
        }
    }
    CLAP_WORDS.iter().fold(text, |text, (english, chinese)| text.replace(english, chinese))
}

fn in_chinese(command: Command) -> Command {
    let mut command = command
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令")
        .next_line_help(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .mut_args(argument_in_chinese);
    // In place of clap's own, whose help is in English.
    command = command.arg(
        Arg::new("help")
            .short('h')
            .long("help")
            .action(ArgAction::Help)
            .help("显示帮助")
            .help_heading("选项"),
    );
    if command.get_version().is_some() {
        let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
        command = command.arg(version.help("显示版本").help_heading("选项"));
    }
    if let Some(about) = command.get_about().map(|text| wrapped(&text.to_string(), TEXT_COLUMNS)) {
        command = command.about(about);
    }
    if let Some(after) = command.get_after_help().map(|text| wrapped(&text.to_string(), TEXT_COLUMNS)) {
        command = command.after_help(after);
    }
    command.mut_subcommands(in_chinese)
}

fn argument_in_chinese(argument: Arg) -> Arg {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let heading = match argument.get_help_heading() {
        None if argument.is_positional() => "参数".to_owned(),
        None => "选项".to_owned(),
        Some(heading) => heading.to_owned(),
    };
    argument.help(wrapped(&help, ARGUMENT_COLUMNS)).help_heading(heading)
}
