//! The program `parlor`: `parlor serve`, `parlor chat`, `parlor admin`, `parlor bench`, `parlor hash-password`, `parlor log`, `parlor replay`.

use clap::Command;
use parlor_protocol::Language;
use parlor_runtime::{admin, bench, chat, help, locale, log_command, password, replay, serve};
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let language = locale::process_language();
    let arguments = with_default_command(std::env::args_os().collect());
    let matches = match command(language).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return help::print(&error, language),
    };
    match matches.subcommand() {
        Some(("admin", matches)) => admin::command::run(matches, language),
        Some(("bench", matches)) => bench::run(matches),
        Some(("chat", matches)) => chat::run(matches),
        Some(("hash-password", matches)) => password::command::run(matches, language),
        Some(("log", matches)) => log_command::run(matches, language),
        Some(("replay", matches)) => replay::command::run(matches, language),
        Some(("serve", matches)) => serve::run(matches, language),
        _ => unreachable!("the command line requires a subcommand"),
    }
}

fn command(language: Language) -> Command {
    let about = match language {
        Language::En => "A chat room server and its client",
        Language::Zh => "聊天室服务器及其客户端",
    };
    let command = Command::new("parlor")
        .about(about)
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .subcommand(serve::command(language))
        .subcommand(chat::command(language))
        .subcommand(admin::command::command(language))
        .subcommand(bench::command(language))
        .subcommand(password::command::command(language))
        .subcommand(log_command::command(language))
        .subcommand(replay::command::command(language));
    let command = match language {
        Language::En => command,
        Language::Zh => command.after_help("不带命令时启动服务器：parlor 等同于 parlor serve。"),
    };
    help::in_language(command, language)
}

/// Inserts `serve` if the arguments name no command: `parlor` and `parlor --echo` start the server.
fn with_default_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let about_itself = ["-h", "--help", "-V", "--version"];
    let first = arguments.get(1).map(|argument| argument.to_string_lossy().into_owned());
    if first.is_none_or(|first| first.starts_with('-') && !about_itself.contains(&first.as_str())) {
        arguments.insert(1.min(arguments.len()), "serve".into());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(arguments: &[&str]) -> Option<String> {
        let arguments = arguments.iter().map(OsString::from).collect();
        let matches = command(Language::En).try_get_matches_from(with_default_command(arguments)).ok()?;
        matches.subcommand_name().map(str::to_owned)
    }

    #[test]
    fn the_command_line_is_sound() {
        command(Language::En).debug_assert();
        command(Language::Zh).debug_assert();
    }

    /// The subcommands, and theirs.
    fn with_nested(command: &Command) -> Vec<Command> {
        let each = command.get_subcommands().cloned();
        each.flat_map(|command| std::iter::once(command.clone()).chain(with_nested(&command))).collect()
    }

    #[test]
    fn every_command_and_argument_has_help_in_chinese() {
        let is_chinese =
            |text: &str| text.contains(|character| ('\u{4E00}'..='\u{9FFF}').contains(&character));
        for command in with_nested(&command(Language::Zh)) {
            let name = command.get_name();
            // Those of a group of commands are in the help of the group.
            let after = command.get_after_help().or(command.get_about());
            let texts = [command.get_about(), after];
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
    fn a_bare_command_serves() {
        assert_eq!(chosen(&["parlor"]).as_deref(), Some("serve"));
        assert_eq!(chosen(&["parlor", "--echo"]).as_deref(), Some("serve"));
        assert_eq!(chosen(&["parlor", "chat", "--plain"]).as_deref(), Some("chat"));
        assert_eq!(chosen(&["parlor", "--version"]), None);
        assert_eq!(chosen(&["parlor", "sevre"]), None);
    }
}
