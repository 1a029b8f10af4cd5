//! `parlor replay`: repeats a recording, and tells whether the server does the same again.

use super::{Difference, Differs, Done, Observer, Repeat, step};
use crate::locale::text;
use crate::progress::Progress;
use crate::recording::{Ending, ReadError, Record, Recording};
use crate::room_text;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use parlor_protocol::{Hub, Language, Now, RoomName, Seq, Utc};
use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// The exit code if something differs.
const DIFFERENT: u8 = 1;
/// The exit code of a recording that cannot be replayed; clap's for a wrong command line is the same.
const UNREADABLE: u8 = 2;
/// The exit code of a recording that is damaged.
const DAMAGED: u8 = 3;

/// Returns the command line of `parlor replay`.
#[must_use]
pub fn command(language: Language) -> Command {
    let file = Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help(
        text!(language, "The recording, of parlor serve --record", "录制文件，由 parlor serve --record 生成"),
    );
    let until = Arg::new("until")
        .long("until")
        .value_name("SEQ")
        .value_parser(value_parser!(u64))
        .help(text!(language, "Stop after this entry of the log", "重放到日志的第 SEQ 条为止"));
    let step = Arg::new("step").long("step").action(ArgAction::SetTrue).help(text!(
        language,
        "Print each call of the core and what it does; on a terminal, wait for Enter after each",
        "输出对核心的每次调用及其结果；在终端上，每步之后等待回车"
    ));
    let show = Arg::new("show").long("show").value_name("ROOM").help(text!(
        language,
        "Show this room as it was at the end: topic, modes and members",
        "显示该房间最后的状态：话题、模式和成员"
    ));
    Command::new("replay")
        .about(text!(language, "Repeat a recorded run of the server", "重放服务器的录制"))
        .after_help(after_help(language))
        .args([file, until, step, show])
}

fn after_help(language: Language) -> &'static str {
    match language {
        Language::En => {
            "\
The same core is given everything that the recorded one was given. Once a second and at the end, what it has written and its \
state are compared with the recording.

Exit status: 0 the same, also if the recording was cut off; 1 different; 2 wrong command line, or not a recording of this build; \
3 the same up to a place where the recording is damaged."
        }
        Language::Zh => {
            "\
用录制的全部输入重新运行同一个核心。每秒一次以及结束时，将其输出和状态与录制内容比较。

退出状态：0 一致（录制被截断时也是）；1 不一致；2 命令行有误，或不是本构建的录制文件；3 在损坏处之前一致。"
        }
    }
}

/// The arguments of the command line.
struct Wanted {
    file: PathBuf,
    until: Option<Seq>,
    steps: bool,
    show: Option<RoomName>,
}

/// Replays a recording.
#[must_use]
pub fn run(matches: &ArgMatches, language: Language) -> ExitCode {
    let show = matches.get_one::<String>("show").map(|room| RoomName::parse(room));
    let show = match show.transpose() {
        Ok(show) => show,
        Err(error) => return fail(&text!(language, "--show: {error}", "--show：{error}"), UNREADABLE),
    };
    let wanted = Wanted {
        file: matches.get_one::<PathBuf>("file").cloned().unwrap_or_default(),
        until: matches.get_one("until").copied().map(Seq),
        steps: matches.get_flag("step"),
        show,
    };
    match replay(&wanted, language) {
        Ok(code) => code,
        Err(error) => {
            let (file, error) = (wanted.file.display(), error.in_language(language));
            fail(&text!(language, "{file}: {error}", "{file}：{error}"), UNREADABLE)
        }
    }
}

fn replay(wanted: &Wanted, language: Language) -> Result<ExitCode, ReadError> {
    let file = File::open(&wanted.file)?;
    let bytes = file.metadata()?.len();
    let mut recording = Recording::open(BufReader::new(file))?;
    // Each byte is read twice.
    let mut progress = Progress::new(2 * bytes);
    let ending = recording.survey(|at| progress.set(at))?;
    let mut repeat = Repeat::begin(&recording.header).ok_or(ReadError::Damaged)?;
    if wanted.steps {
        repeat.watch();
        progress.end();
    }
    let mut stepper = Stepper::new(wanted);
    let mut result = Ok(true);
    while result == Ok(true)
        && let Some(block) = recording.next_block()?
    {
        // The survey has read them all.
        let Ok(records) = Recording::<BufReader<File>>::records(&block) else { break };
        result = repeat.block(&mut recording, &records, &mut stepper);
        if !wanted.steps {
            progress.set(bytes + recording.position());
        }
    }
    progress.end();
    let mut text = String::new();
    if let Some(name) = &wanted.show {
        let shown = room_text::room(repeat.hub().world(), name, language);
        text += &shown.unwrap_or_else(|| room_text::no_room(name, language));
    }
    let (line, code) = outcome(&repeat, result, ending, language);
    text += &line;
    if let Err(error) = io::stdout().write_all(text.as_bytes()) {
        return Ok(fail(&text!(language, "cannot write: {error}", "无法输出：{error}"), UNREADABLE));
    }
    Ok(code)
}

/// Returns what is told at the end, and the exit code.
fn outcome(
    repeat: &Repeat,
    result: Result<bool, Difference>,
    ending: Ending,
    language: Language,
) -> (String, ExitCode) {
    if let Err(Difference { second, unix_ms, what }) = result {
        let at = Utc::from_unix_ms(unix_ms);
        let position = repeat.hub().world().position().0;
        let what = match what {
            Differs::Call => {
                text!(language, "a call that this server cannot be given", "出现了该服务器不可能收到的调用")
            }
            Differs::Outputs => text!(language, "other outputs, and the same state", "输出不同，状态相同"),
            Differs::World => text!(language, "another state", "状态不同"),
        };
        let line = text!(
            language,
            "different in second {second} ({at}, entry {position}): {what}\n",
            "第 {second} 秒（{at}，第 {position} 条）不一致：{what}\n"
        );
        return (line, ExitCode::from(DIFFERENT));
    }
    let (seconds, calls, position) = (repeat.second(), repeat.calls(), repeat.hub().world().position().0);
    let mut line = text!(
        language,
        "the same: {seconds} seconds, {calls} calls, {position} entries\n",
        "一致：{seconds} 秒，{calls} 次调用，{position} 条记录\n"
    );
    let mut code = ExitCode::SUCCESS;
    match ending {
        _ if result == Ok(false) => {}
        Ending::Damaged(at) => {
            line += &text!(
                language,
                "the recording is damaged at byte {at}; what follows was not replayed\n",
                "录制文件在第 {at} 字节处损坏，其后的内容未重放\n"
            );
            code = ExitCode::from(DAMAGED);
        }
        Ending::Torn(_) => {
            line += &text!(
                language,
                "the recording was cut off: the server was killed, or is still running\n",
                "录制被截断：服务器被终止，或仍在运行\n"
            );
        }
        Ending::Whole => {}
    }
    (line, code)
}

/// Prints the calls, and stops where the command line says.
struct Stepper {
    until: Option<Seq>,
    steps: bool,
    waits: bool,
    number: u64,
}

impl Stepper {
    fn new(wanted: &Wanted) -> Self {
        let waits = wanted.steps && io::stdin().is_terminal() && io::stdout().is_terminal();
        Self { until: wanted.until, steps: wanted.steps, waits, number: 0 }
    }
}

impl Observer for Stepper {
    fn before(&mut self, record: &Record<'_>, now: Now, hub: &Hub) -> bool {
        if self.until.is_some_and(|until| hub.world().position() >= until) {
            return false;
        }
        self.number += 1;
        // If nobody reads any more, the replay need not go on.
        !self.steps || writeln!(io::stdout(), "{}", step::call(record, self.number, now, hub)).is_ok()
    }

    fn after(&mut self, done: Vec<Done>, _: &Hub) {
        if !self.steps {
            return;
        }
        for done in &done {
            drop(writeln!(io::stdout(), "{}", step::done(done)));
        }
        if self.waits {
            // At the end of the input, the rest is printed without a pause.
            self.waits = io::stdin().read_line(&mut String::new()).is_ok_and(|bytes| bytes > 0);
        }
    }
}

/// Writes one line to standard error and returns the exit code.
fn fail(error: &str, code: u8) -> ExitCode {
    // If standard error is closed, the exit code still reports the failure.
    drop(writeln!(io::stderr(), "parlor: {error}"));
    ExitCode::from(code)
}
