//! `parlor admin`: asks a running server.

use super::SOCKET;
use crate::locale::text;
use crate::log_command::data_directory;
use crate::progress::Progress;
use clap::{Arg, ArgMatches, Command, value_parser};
use parlor_protocol::Language;
use serde_json::Value;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// The exit code of a request that failed.
const FAILED: u8 = 1;

/// The time for which the server may be silent. A backup is silent while the disk takes it.
const STATUS_TIMEOUT: Duration = Duration::from_secs(30);

/// Returns the command line of `parlor admin`.
#[must_use]
pub fn command(language: Language) -> Command {
    let file =
        Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help(text!(
            language,
            "The new file, which the server writes. Nothing is overwritten",
            "由服务器写入的新文件，不会覆盖已有文件"
        ));
    let backup = Command::new("backup")
        .about(text!(language, "Copy the log as it is now into a file", "把日志此刻的内容复制到文件"))
        .arg(file);
    let status = Command::new("status").about(text!(
        language,
        "Show the version, the uptime, and how much there is",
        "显示版本、运行时间和各项数量"
    ));
    Command::new("admin")
        .about(text!(language, "Ask a running server", "查询正在运行的服务器"))
        .after_help(after_help(language))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(crate::log_command::data_argument(language))
        .subcommands([status, backup])
}

fn after_help(language: Language) -> &'static str {
    match language {
        Language::En => {
            "\
The server is asked over a socket in its data directory, which only its user can use.

Exit status: 0 success; 1 the server cannot be asked, or the request failed; 2 wrong command line."
        }
        Language::Zh => {
            "\
通过数据目录中的套接字查询服务器，只有运行服务器的用户可以使用。

退出状态：0 成功；1 无法查询服务器，或请求失败；2 命令行有误。"
        }
    }
}

/// Asks the server, and prints its answer.
#[must_use]
pub fn run(matches: &ArgMatches, language: Language) -> ExitCode {
    let Some((name, matches)) = matches.subcommand() else {
        unreachable!("the command line requires a subcommand")
    };
    let asked = data_directory(matches, language).and_then(|data| match name {
        "backup" => {
            let file = matches.get_one::<PathBuf>("file").cloned().unwrap_or_default();
            back_up(&data, &file, language)
        }
        _ => ask(&data, "status", language, |_| ()).map(|answer| status_text(&answer, language)),
    });
    let printed = asked.and_then(|text| {
        let cannot = |error| text!(language, "cannot write: {error}", "无法输出：{error}");
        io::stdout().write_all(text.as_bytes()).map_err(cannot)
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, the exit code still reports the failure.
            drop(writeln!(io::stderr(), "parlor: {error}"));
            ExitCode::from(FAILED)
        }
    }
}

fn back_up(data: &Path, file: &Path, language: Language) -> Result<String, String> {
    // The server has another current directory.
    let file = std::path::absolute(file).map_err(|error| error.to_string())?;
    let name = file.to_str().filter(|name| !name.contains('\n')).ok_or_else(|| {
        text!(
            language,
            "the name of the file is not UTF-8, or has a line end",
            "文件名不是 UTF-8 编码，或含有换行符"
        )
    })?;
    let mut progress = Progress::new(1);
    let answer = ask(data, &format!("backup {name}"), language, |update| {
        if let (Some(done), Some(of)) = (update["done"].as_u64(), update["of"].as_u64()) {
            progress.set_of(done, of);
        }
    });
    progress.end();
    answer.map(|_| String::new())
}

/// Sends a request, and returns the last object of the answer. `update` is called with each.
fn ask(
    data: &Path,
    request: &str,
    language: Language,
    mut update: impl FnMut(&Value),
) -> Result<Value, String> {
    let path = data.display();
    let broken = || {
        text!(
            language,
            "the server in {path} has ended, or does not answer",
            "{path} 中的服务器已结束或没有回应"
        )
    };
    let mut stream = UnixStream::connect(data.join(SOCKET)).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            text!(language, "no server runs in {path}", "{path} 中没有正在运行的服务器")
        }
        _ => {
            text!(language, "cannot ask the server in {path}: {error}", "无法查询 {path} 中的服务器：{error}")
        }
    })?;
    let timeout = (request == "status").then_some(STATUS_TIMEOUT);
    stream.set_read_timeout(timeout).map_err(|_| broken())?;
    // A server that takes no more connections has closed this one already, and its answer can be read all the same.
    writeln!(stream, "{request}").ok();
    let mut last = None;
    for line in BufReader::new(stream).lines() {
        let line = line.map_err(|_| broken())?;
        let object: Value = serde_json::from_str(&line).map_err(|_| broken())?;
        if let Some(error) = object["error"].as_str() {
            return Err(error.to_owned());
        }
        update(&object);
        last = Some(object);
    }
    last.filter(|object| request == "status" || !object["backup"].is_null()).ok_or_else(broken)
}

fn status_text(status: &Value, language: Language) -> String {
    let field = |name: &str| match &status[name] {
        Value::Null => text!(language, "none", "无"),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let uptime = uptime(status["uptime_s"].as_u64().unwrap_or_default(), language);
    let rows = [
        (text!(language, "version", "版本"), field("version")),
        (text!(language, "uptime", "运行时间"), uptime),
        (text!(language, "connections", "连接"), field("connections")),
        (text!(language, "members", "成员"), field("members")),
        (text!(language, "rooms", "房间"), field("rooms")),
        (text!(language, "log position", "日志位置"), field("position")),
        (text!(language, "synced position", "已写入磁盘的位置"), field("synced")),
        (text!(language, "size in bytes", "字节数"), field("bytes")),
        (text!(language, "newest snapshot", "最新快照"), field("snapshot")),
    ];
    let rows = rows.iter().map(|(name, value)| text!(language, "{name}: {value}\n", "{name}：{value}\n"));
    rows.collect()
}

/// Returns a time in days, hours, minutes and seconds, without those at its beginning that are none.
fn uptime(seconds: u64, language: Language) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let seconds = seconds % 60;
    match (days, hours, minutes) {
        (0, 0, 0) => text!(language, "{seconds} s", "{seconds} 秒"),
        (0, 0, _) => text!(language, "{minutes} min {seconds} s", "{minutes} 分 {seconds} 秒"),
        (0, ..) => text!(language, "{hours} h {minutes} min", "{hours} 小时 {minutes} 分"),
        _ => text!(language, "{days} d {hours} h", "{days} 天 {hours} 小时"),
    }
}
