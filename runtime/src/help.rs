//! The help of the command line in Chinese.
//!
//! The English texts stand where the arguments are made. What clap itself says, such as its messages about a wrong command
//! line, is in English: it has no other language.

mod chinese;
mod wrap;

use crate::bench;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command};
use parlor_protocol::Language;
use std::io::{self, Write};
use std::process::ExitCode;
use wrap::wrapped;

/// Columns of the help of an argument, which clap puts behind ten more.
const ARGUMENT_COLUMNS: usize = 66;

/// Columns of what stands above and below the arguments.
const TEXT_COLUMNS: usize = 76;

/// Clap's own template, with its heading in Chinese.
const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

/// What a setting means, in Chinese.
pub(crate) fn setting(name: &str) -> Option<&'static str> {
    chinese::SETTINGS.iter().find(|(it, _)| *it == name).map(|&(_, about)| about)
}

/// What a workload of `parlor bench` is, in Chinese.
pub(crate) fn workload(name: &str) -> Option<&'static str> {
    chinese::WORKLOADS.iter().find(|(it, _)| *it == name).map(|&(_, about)| about)
}

/// A command and its subcommands with their help in that language.
#[must_use]
pub fn in_language(command: Command, language: Language) -> Command {
    match language {
        Language::En => command,
        Language::Zh => in_chinese(command),
    }
}

/// Shows what clap has to say instead of what a command line asks for: the help, the version, or what is wrong with it.
#[must_use]
pub fn tell(error: &clap::Error, language: Language) -> ExitCode {
    let is_help =
        matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
    // Where nobody reads it, the exit code still tells.
    if language == Language::Zh && is_help {
        let help = with_claps_words(&error.render().to_string());
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

/// Help with what clap puts into it by itself in Chinese as well.
fn with_claps_words(help: &str) -> String {
    let mut text = String::new();
    for line in help.lines() {
        match line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            Some(heading) => text += &format!("{heading}：\n"),
            None => text += &format!("{line}\n"),
        }
    }
    chinese::CLAPS_WORDS.iter().fold(text, |text, (english, chinese)| text.replace(english, chinese))
}

fn in_chinese(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let mut command = command
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令")
        .next_line_help(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .mut_args(|argument| argument_in_chinese(&name, argument));
    // Those of clap speak English.
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
    if let Some((_, about, after)) = chinese::COMMANDS.iter().find(|(it, ..)| *it == name) {
        command = command.about(wrapped(about, TEXT_COLUMNS)).after_help(wrapped(after, TEXT_COLUMNS));
    }
    command.mut_subcommands(in_chinese)
}

fn argument_in_chinese(command: &str, argument: Arg) -> Arg {
    let id = argument.get_id().as_str().to_owned();
    let known =
        chinese::ARGUMENTS.iter().find(|(of, it, _)| *of == command && *it == id).map(|(.., help)| *help);
    // Settings bring theirs along.
    let help =
        known.map(str::to_owned).or_else(|| argument.get_help().map(ToString::to_string)).unwrap_or_default();
    let heading = match argument.get_help_heading() {
        None if argument.is_positional() => "参数".to_owned(),
        None => "选项".to_owned(),
        Some(bench::WORKLOAD_HEADING) => "修改负载".to_owned(),
        Some(heading) => heading.to_owned(),
    };
    argument.help(wrapped(&help, ARGUMENT_COLUMNS)).help_heading(heading)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SETTINGS;
    use crate::{chat, password, serve};

    fn is_chinese(text: &str) -> bool {
        text.contains(|character| ('\u{4E00}'..='\u{9FFF}').contains(&character))
    }

    #[test]
    fn every_command_and_argument_has_help_in_chinese() {
        let language = Language::Zh;
        let commands = [
            serve::command(language),
            chat::command(),
            bench::command(language),
            password::command::command(),
        ];
        for command in commands.map(|command| in_language(command, language)) {
            let name = command.get_name();
            let texts = [command.get_about(), command.get_after_help()];
            for text in texts.map(|text| text.map(ToString::to_string).unwrap_or_default()) {
                assert!(is_chinese(&text), "{name}: {text}");
            }
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                let id = argument.get_id();
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(is_chinese(&help), "{name}: {id}: {help}");
                let heading = argument.get_help_heading().unwrap_or_default();
                assert!(is_chinese(heading) || heading == "IRC", "{name}: {id}: {heading}");
                for value in argument.get_possible_values() {
                    let help = value.get_help().map(ToString::to_string);
                    assert!(help.is_none_or(|help| is_chinese(&help)), "{name}: {id}: {}", value.get_name());
                }
            }
        }
    }

    #[test]
    fn every_setting_is_explained_in_chinese_and_no_other_is() {
        let names: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
        let explained: Vec<&str> = chinese::SETTINGS.iter().map(|(name, _)| *name).collect();
        for name in &names {
            assert!(explained.contains(name), "{name}");
        }
        assert_eq!(explained.len(), names.len(), "{explained:?}");
    }
}
