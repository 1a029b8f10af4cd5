//! `parlor log`: looks at the log of a server, checks it, and copies it.

mod check;
mod entries;
mod fields;
mod time;

use crate::locale::text;
use crate::progress::Progress;
use crate::room_text;
use crate::store::{self, Reader, StoreError};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use parlor_protocol::{Language, RoomName};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The exit code of a log that cannot be used, or of output that cannot be written; clap's for a wrong command line is the same.
const FAILED: u8 = 2;

/// The environment variable of the setting `data`.
const DATA_VARIABLE: &str = "PARLOR_DATA";

/// Entries that `tail` shows.
const TAIL_LINES: &str = "10";

/// The reason why a command fails.
#[derive(Debug)]
enum Failure {
    /// The log or another file cannot be used.
    Store(StoreError),
    /// A message of its own, in the language of the process.
    Text(String),
    /// The output cannot be written.
    Output(io::Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Returns the command line of `parlor log`.
#[must_use]
pub fn command(language: Language) -> Command {
    Command::new("log")
        .about(text!(
            language,
            "Look at the log of a server, check it, and copy it",
            "查看、检查和备份服务器的日志"
        ))
        .after_help(after_help(language))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(data_argument(language))
        .subcommands([
            tail(language),
            show(language),
            export(language),
            check(language),
            recover(language),
            backup(language),
        ])
}

/// Returns the option for the data directory.
pub(crate) fn data_argument(language: Language) -> Arg {
    let value = value_parser!(PathBuf);
    Arg::new("data").long("data").value_name("DIR").global(true).value_parser(value).help(text!(
        language,
        "The directory of the log, as for parlor serve; also {DATA_VARIABLE}",
        "日志所在的目录，与 parlor serve 相同；也可以用 {DATA_VARIABLE} 指定"
    ))
}

fn after_help(language: Language) -> &'static str {
    match language {
        Language::En => {
            "\
All of them can be used while the server runs, and change nothing in its directory. DIR may be a backup, too. The output holds whatever people have said, \
also in private.

Exit status: 0 success; 1 the log is damaged (check), or a part of it is lost (recover); 2 wrong command line, or the log cannot be \
read."
        }
        Language::Zh => {
            "\
服务器运行时也可以使用，且不会改动其目录中的内容。DIR 也可以是备份文件。输出内容包括所有人说的话，私聊也在内。

退出状态：0 成功；1 日志已损坏（check），或有一部分丢失（recover）；2 命令行有误，或无法读取日志。"
        }
    }
}

fn tail(language: Language) -> Command {
    let lines = Arg::new("lines")
        .short('n')
        .long("lines")
        .value_name("N")
        .default_value(TAIL_LINES)
        .value_parser(value_parser!(u64))
        .help(text!(language, "Number of entries", "条数"));
    let follow = Arg::new("follow").short('f').long("follow").action(ArgAction::SetTrue).help(text!(
        language,
        "Go on with each new entry, until Ctrl-C",
        "持续显示新的条目，按 Ctrl-C 结束"
    ));
    Command::new("tail")
        .about(text!(language, "Print the newest entries, one a line", "显示最新的条目，每行一条"))
        .args([lines, follow])
}

fn show(language: Language) -> Command {
    let room = Arg::new("room").value_name("ROOM").required(true).help(text!(
        language,
        "The name of the room",
        "房间名"
    ));
    let at = Arg::new("at").long("at").value_name("TIME").help(text!(
        language,
        "Show it as it was then: 2026-11-24T14:27Z, 2026-11-24 (in UTC), or 90m for 90 minutes ago",
        "显示当时的状态：2026-11-24T14:27Z、2026-11-24（UTC），或 90m（90 分钟前）"
    ));
    Command::new("show")
        .about(text!(language, "Show a room: topic, modes and members", "显示房间：话题、模式和成员"))
        .args([room, at])
}

fn export(language: Language) -> Command {
    Command::new("export").about(text!(
        language,
        "Print all entries as JSON, one a line (docs/STORAGE.md has the fields)",
        "以 JSON 输出所有条目，每行一条（字段见 docs/STORAGE.md）"
    ))
}

fn check(language: Language) -> Command {
    Command::new("check").about(text!(
        language,
        "Read everything, and say what is damaged and where",
        "读取全部内容，说明损坏的内容和位置"
    ))
}

fn recover(language: Language) -> Command {
    let into = Arg::new("into").value_name("INTO").required(true).value_parser(value_parser!(PathBuf)).help(
        text!(language, "The new directory, for parlor serve --data", "新目录，供 parlor serve --data 使用"),
    );
    Command::new("recover")
        .about(text!(
            language,
            "Copy what can be used of a damaged log into a new directory, and say what is lost",
            "把损坏的日志中可用的部分复制到新目录，并说明丢失的内容"
        ))
        .arg(into)
}

fn backup(language: Language) -> Command {
    let file = Arg::new("file")
        .value_name("FILE")
        .required(true)
        .value_parser(value_parser!(PathBuf))
        .help(text!(language, "The new file. Nothing is overwritten", "新文件，不会覆盖已有文件"));
    Command::new("backup")
        .about(text!(language, "Copy the log as it is now into a file", "把日志此刻的内容复制到文件"))
        .arg(file)
}

/// Runs one of the commands.
#[must_use]
pub fn run(matches: &ArgMatches, language: Language) -> ExitCode {
    let Some((name, matches)) = matches.subcommand() else {
        unreachable!("the command line requires a subcommand")
    };
    let data = data_directory(matches, language).map_err(Failure::Text);
    let done = data.and_then(|data| run_one(name, matches, &data, language));
    match done {
        Ok(code) => code,
        // Whoever read the output has had enough, as `head` has.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            let text = match failure {
                Failure::Output(error) => text!(language, "cannot write: {error}", "无法输出：{error}"),
                Failure::Store(error) => error.in_language(language),
                Failure::Text(text) => text,
            };
            // If standard error is closed, the exit code still reports the failure.
            drop(writeln!(io::stderr(), "parlor: {text}"));
            ExitCode::from(FAILED)
        }
    }
}

/// Returns the directory of the command line, or of the environment. The error is a text.
pub(crate) fn data_directory(matches: &ArgMatches, language: Language) -> Result<PathBuf, String> {
    let named = matches.get_one::<PathBuf>("data").cloned();
    let variable = || std::env::var_os(DATA_VARIABLE).filter(|it| !it.is_empty()).map(PathBuf::from);
    named.or_else(variable).ok_or_else(|| {
        text!(
            language,
            "which log? Name its directory with --data or {DATA_VARIABLE}",
            "请用 --data 或 {DATA_VARIABLE} 指定日志所在的目录"
        )
    })
}

fn run_one(name: &str, matches: &ArgMatches, data: &Path, language: Language) -> Result<ExitCode, Failure> {
    let reader = Reader::open(data)?;
    match name {
        "backup" => {
            let file = matches.get_one::<PathBuf>("file").cloned().unwrap_or_default();
            let mut progress = Progress::new(1);
            let copied = store::backup(&reader, &file, &mut |done, all| {
                progress.set_of(done, all);
                true
            });
            progress.end();
            copied?;
        }
        "check" => return check::check(&reader, language),
        "recover" => {
            let into = matches.get_one::<PathBuf>("into").cloned().unwrap_or_default();
            return check::recover(&reader, &into, language);
        }
        "export" => entries::export(&reader)?,
        "show" => show_room(&reader, matches, language)?,
        _ => {
            let lines = matches.get_one("lines").copied().unwrap_or_default();
            entries::tail(&reader, lines, matches.get_flag("follow"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows a room as it was at a time, or is now.
fn show_room(reader: &Reader, matches: &ArgMatches, language: Language) -> Result<(), Failure> {
    let name = matches.get_one::<String>("room").map_or("", String::as_str);
    let name = RoomName::parse(name).map_err(|error| Failure::Text(format!("{name}: {error}")))?;
    let at = matches.get_one::<String>("at").map(|at| {
        time::unix_ms(at).ok_or_else(|| {
            Failure::Text(text!(
                language,
                "--at {at}: not a time such as 2026-11-24T14:27Z, 2026-11-24 or 90m",
                "--at {at}：时间应为 2026-11-24T14:27Z、2026-11-24 或 90m 这样的形式"
            ))
        })
    });
    let range = reader.range()?;
    let length = range.map_or(0, |(first, last)| last.0 - first.0 + 1);
    let mut progress = Progress::new(2 * length);
    let position = match at.transpose()? {
        Some(at) => reader.position_at(at, |done| progress.set(done))?,
        None => range.map_or_else(Default::default, |(_, last)| last),
    };
    let mut walk = reader.walk(position);
    let walked = walk.run(position, &mut |_, read| {
        progress.set(length + read.entry.seq.0);
        true
    });
    progress.end();
    walked?;
    let shown = room_text::room(walk.world(), &name, language);
    let text = shown.unwrap_or_else(|| room_text::no_room(&name, language));
    io::stdout().write_all(text.as_bytes()).map_err(Failure::Output)
}
