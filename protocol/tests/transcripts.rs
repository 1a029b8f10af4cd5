//! Plays the transcripts in `transcripts/*.txt`: actions of people, and every line that each of them is sent.
//!
//! Blank lines and lines that begin with `#` are comments. The others are settings, actions, and what is seen after the
//! action above them:
//!
//! ```text
//! set lang zh                    (or en)
//! set greeting off               (or on); set echo on; set relay raw
//! set motd Be kind.              one line; also: set admin; set operator alice PASSWORD; set password PASSWORD
//! set rehash motd Be kinder.     the value when the configuration is reloaded
//! set proxies 192.0.2.0/24       the addresses that may connect as a proxy
//! set limit line_bytes_max 128   any limit of `Limits` and `WorldLimits` by its name; rate_lines, rate_burst
//!
//! alice connects from 10.0.0.1:5001 [to room tea | to no room] [as a proxy] [and stays, when the server closes]
//! alice > hello                  alice sends a line with LF
//! alice sends hel                alice sends these bytes in one read
//! alice ends input               alice closes its writing side and reads on
//! alice vanishes                 the connection fails
//! alice stops reading            the socket is full from here on; `alice takes 10 bytes`, `alice reads on`
//! repeat 3: bob > hello          the action is repeated
//! clock +1500ms                  time passes, and timers that are due fire
//! log stalls (or fills, fails, runs)
//! histories fail (or work)       the environment cannot read histories; otherwise the server reads its own
//! server stops
//!
//! bob < 5001: hello              bob receives this line
//! bob <~ 5001: he                bob receives this beginning of a line
//! bob is closed                  the server has written everything and closed its writing side
//! bob is aborted                 the server has aborted the connection
//! bob is paused                  nothing is read from bob until `bob is resumed`
//! bob is not let in              there is no slot even to refuse the connection, so it waits
//! console: bob wants the configuration to be read again
//! console: 5001 entered from 10.0.0.1:5001
//! console: 5001 left (quit)
//! console: 10.0.0.9:5009 refused (server_full)
//! ```
//!
//! In texts that are sent and received, `\r`, `\t`, `\\`, `\xff`, `\u{feff}` and `\{4000*x}` (a repeated character) are
//! escapes.
//!
//! Exactly what is seen must be stated: in order for each reader, and in any order among readers. Each transcript is played
//! twice: as it is written, and with every byte in a separate read, which must look the same to everyone. The invariants of
//! the core are checked after each step. At the end, the log must replay to the same world.
//!
//! `PARLOR_TRANSCRIPTS=write cargo test -p parlor-protocol --test transcripts` writes what was seen into the files. Check
//! what it wrote before you commit it.

#[path = "transcripts/script.rs"]
mod script;
#[path = "transcripts/stage.rs"]
mod stage;

use script::Script;
use stage::{Chunking, Stage};
use std::path::{Path, PathBuf};
use std::{fs, panic};

#[test]
fn every_transcript_is_played_as_it_is_written() {
    let writes = std::env::var("PARLOR_TRANSCRIPTS").is_ok_and(|mode| mode == "write");
    let mut failures = String::new();
    let paths = paths();
    assert!(!paths.is_empty(), "there are transcripts");
    for path in &paths {
        let text = fs::read_to_string(path).expect("a transcript is UTF-8");
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let script = match Script::parse(&text) {
            Ok(script) => script,
            Err(error) => {
                add_line(&mut failures, &format!("\n{name}: {error}"));
                continue;
            }
        };
        for chunking in [Chunking::Whole, Chunking::Bytewise] {
            let Ok(played) = panic::catch_unwind(|| play(&script, chunking)) else {
                add_line(&mut failures, &format!("\n{name}, {chunking:?}: the panic is above"));
                break;
            };
            if played.differs && writes && chunking == Chunking::Whole {
                fs::write(path, played.actual).expect("the transcript can be written");
                break;
            }
            if played.differs {
                let compared = played.compared;
                let heading = format!("\n{name}, {chunking:?} (- expected, + actual):");
                add_line(&mut failures, &format!("{heading}\n{compared}"));
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// The model of the simulator takes the texts of answers from the core, so only a transcript finds one that is wrong.
#[test]
fn each_numeric_is_in_a_transcript() {
    let transcripts = whole_text();
    let table = source("src/dialect/irc/numeric.rs");
    let rows = table.lines().map(str::trim).filter(|row| row.starts_with("RPL_") || row.starts_with("ERR_"));
    let codes: Vec<&str> = rows.filter_map(|row| row.split('"').nth(1)).collect();
    assert!(codes.len() > 100, "the table is found");
    // `slow_log.rs` has 263: a transcript cannot state that a password is not checked.
    let is_missing =
        |code: &&str| *code != "263" && !transcripts.contains(&format!(" :parlor.localhost {code} "));
    let missing: Vec<&str> = codes.into_iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "no transcript has {missing:?}");
}

/// Texts of the plain dialect that no transcript can have: they answer what no line of that dialect asks for, or a password
/// that was not checked.
const NOT_IN_TRANSCRIPTS: [&str; 10] = [
    "CTCP is not allowed in {room}",
    "a {what} cannot be empty",
    "too many password attempts; yours was not checked, try again later",
    "you are not in {room}",
    "you have joined too many rooms",
    "{what}不能为空",
    "密码尝试次数过多，您的密码尚未验证，请稍后再试",
    "您不在房间 {room}",
    "您加入的房间已达上限",
    "房间 {room} 不允许 CTCP",
];

#[test]
fn each_text_of_the_plain_dialect_is_in_a_transcript() {
    let transcripts = whole_text();
    let mut missing = Vec::new();
    let mut count = 0;
    for path in ["src/dialect/plain/chinese.rs", "src/dialect/plain/english.rs"] {
        let source = source(path);
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for text in code.split('"').skip(1).step_by(2) {
            count += 1;
            // What lies between the placeholders.
            let parts = text
                .split('{')
                .flat_map(|part| part.split_once('}').map_or(part, |(_, rest)| rest).split('\\'));
            if parts.filter(|part| part.chars().count() > 3).any(|part| !transcripts.contains(part)) {
                missing.push(text.to_owned());
            }
        }
    }
    assert!(count > 200, "{count} texts are found");
    missing.sort();
    assert_eq!(missing, NOT_IN_TRANSCRIPTS, "the texts that no transcript has");
}

/// Returns the text of all transcripts.
fn whole_text() -> String {
    paths().iter().map(|path| fs::read_to_string(path).expect("a transcript is UTF-8")).collect()
}

fn source(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a file of the source")
}

fn paths() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let entries = fs::read_dir(directory).expect("the directory of the transcripts");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry of the directory").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    paths.sort();
    paths
}

/// The outcome of a transcript.
#[derive(Default)]
struct Played {
    differs: bool,
    /// The transcript with what was seen instead of what was stated.
    actual: String,
    /// The transcript with `-` before lines that were stated and not seen, and `+` before lines that were seen and not
    /// stated.
    compared: String,
}

fn play(script: &Script, chunking: Chunking) -> Played {
    let mut stage = Stage::new(script, chunking);
    let mut played = Played::default();
    played.both(' ', &script.header);
    for step in &script.steps {
        let seen = stage.act(&step.action);
        played.both(' ', &step.before);
        played.both(' ', std::slice::from_ref(&step.line));
        if by_reader(&step.stated) == by_reader(&seen) {
            played.both(' ', &step.stated);
            continue;
        }
        played.differs = true;
        for line in &seen {
            add_line(&mut played.actual, line);
        }
        let (missing, new): (Vec<_>, Vec<_>) = (without(&step.stated, &seen), without(&seen, &step.stated));
        if missing.is_empty() && new.is_empty() {
            played.compare('-', &step.stated);
            played.compare('+', &seen);
        } else {
            let stated = &step.stated;
            stated
                .iter()
                .for_each(|line| played.compare(if missing.contains(line) { '-' } else { ' ' }, [line]));
            played.compare('+', &new);
        }
    }
    played.both(' ', &script.footer);
    stage.check_replay();
    played
}

impl Played {
    fn both(&mut self, mark: char, lines: &[String]) {
        lines.iter().for_each(|line| add_line(&mut self.actual, line));
        self.compare(mark, lines);
    }

    fn compare<'l>(&mut self, mark: char, lines: impl IntoIterator<Item = &'l String>) {
        lines.into_iter().for_each(|line| add_line(&mut self.compared, &format!("  {mark} {line}")));
    }
}

fn add_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Sorts what was seen by its reader, since nobody can see the order among readers.
fn by_reader(seen: &[String]) -> Vec<(String, Vec<u8>)> {
    let mut seen: Vec<(String, Vec<u8>)> = seen.iter().map(|line| script::meaning(line)).collect();
    seen.sort_by(|(one, _), (other, _)| one.cmp(other));
    seen
}

/// Returns the lines whose meaning is not in `others`.
fn without(lines: &[String], others: &[String]) -> Vec<String> {
    let mut others: Vec<_> = others.iter().map(|line| script::meaning(line)).collect();
    let mut is_new = |line: &&String| {
        let meaning = script::meaning(line);
        let found = others.iter().position(|other| *other == meaning);
        found.map(|index| others.swap_remove(index)).is_none()
    };
    lines.iter().filter(|line| is_new(line)).cloned().collect()
}
