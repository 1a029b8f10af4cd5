//! The one program: `parlor serve`, `parlor chat`, `parlor bench`, `parlor hash-password`.

use clap::Command;
use parlor_protocol::Language;
use parlor_runtime::{bench, chat, help, locale, password, serve};
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let language = locale::of_this_process();
    let arguments = with_default_command(std::env::args_os().collect());
    let matches = match command(language).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return help::tell(&error, language),
    };
    match matches.subcommand() {
        Some(("bench", matches)) => bench::run(matches),
        Some(("chat", matches)) => chat::run(matches),
        Some(("hash-password", matches)) => password::command::run(matches, language),
        Some(("serve", matches)) => serve::run(matches, language),
        _ => unreachable!("the command line demands one of its commands"),
    }
}

fn command(language: Language) -> Command {
    let command = Command::new("parlor")
        .about("A chat room server and its client")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .subcommand(serve::command(language))
        .subcommand(chat::command())
        .subcommand(bench::command(language))
        .subcommand(password::command::command());
    help::in_language(command, language)
}

/// A bare `parlor` serves, and so does one with nothing but options.
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

    #[test]
    fn a_bare_command_serves() {
        assert_eq!(chosen(&["parlor"]).as_deref(), Some("serve"));
        assert_eq!(chosen(&["parlor", "--echo"]).as_deref(), Some("serve"));
        assert_eq!(chosen(&["parlor", "chat", "--plain"]).as_deref(), Some("chat"));
        assert_eq!(chosen(&["parlor", "--version"]), None);
        assert_eq!(chosen(&["parlor", "sevre"]), None);
    }
}
