//! One session on the ancestor's server and on Parlor in Chinese: members receive the same from both, with the exceptions
//! listed here.
//!
//! The session is `ancestor_session.txt`: each action, and below it the lines that the members receive from the ancestor. The
//! file is compared with the ancestor, and Parlor with the ancestor that runs beside it.
//!
//! ```text
//! alice connects
//! alice > 大家好          sends a line and LF
//! alice ends input        closes the sending side, and reads on to the end
//!
//! bob < alice说大家好     bob received this and LF
//! bob <~ alice说大        bob received this without a line end
//! bob is closed           the server closed the connection
//! console: bob退出聊天室  the ancestor's console printed this
//! ```
//!
//! Each action waits until all members have received the results of the one before, so that each chunk holds one message: the
//! ancestor takes a chunk for a message. With `PARLOR_TRANSCRIPTS=write` in the environment, the ancestor's results are
//! written to the file.

use crate::ancestors::node_server;
use crate::namespace::is_inside;
use crate::program::Program;
use crate::support::{Client, Server};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;

/// Lines that Parlor sends and the ancestor does not. Nothing else may differ.
const DIFFERENCES: [(Difference, Test); 2] = [
    (Difference::Note, |line, _| line.starts_with("* ")),
    (Difference::Left, |line, people| {
        line.strip_suffix("退出聊天室").is_some_and(|name| people.contains_key(name))
    }),
];

/// A kind of line that only Parlor sends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Difference {
    Left,
    Note,
}

/// A function that returns whether a line, among these members, is of a kind.
type Test = fn(&str, &People) -> bool;
/// The members so far: the script's name and the server's, which is a port.
type People = BTreeMap<String, String>;

/// An action of the script.
#[derive(Debug)]
enum Action {
    Connect,
    EndInput,
    Say(String),
}

/// An action, with its results.
#[derive(Debug)]
struct Step {
    line: String,
    who: String,
    action: Action,
}

/// A result of an action.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Closed { who: String },
    Console { line: String },
    Heard { who: String, line: String, has_end: bool },
}

impl fmt::Display for Seen {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { who } => write!(to, "{who} is closed"),
            Self::Console { line } => write!(to, "console: {line}"),
            Self::Heard { who, line, has_end: true } => write!(to, "{who} < {line}"),
            Self::Heard { who, line, has_end: false } => write!(to, "{who} <~ {line}"),
        }
    }
}

/// Parses the steps of a script, without their results.
fn steps(script: &str) -> Vec<Step> {
    let step = |line: &str| {
        let (who, what) = line.split_once(' ')?;
        let action = match what {
            "connects" => Action::Connect,
            "ends input" => Action::EndInput,
            _ => Action::Say(what.strip_prefix("> ")?.to_owned()),
        };
        Some(Step { line: line.to_owned(), who: who.to_owned(), action })
    };
    script.lines().filter(|line| !line.starts_with('#')).filter_map(step).collect()
}

/// The clients of one server.
#[derive(Default)]
struct Room {
    present: BTreeMap<String, Client>,
    people: People,
}

impl Room {
    fn act(&mut self, step: &Step, server: SocketAddr) {
        match &step.action {
            Action::Connect => {
                let client = Client::connect(server);
                self.people.insert(step.who.clone(), client.name.clone());
                self.present.insert(step.who.clone(), client);
            }
            Action::EndInput => self.present[&step.who].end_input(),
            Action::Say(text) => {
                self.present.get_mut(&step.who).expect("only who is there speaks").send(format!("{text}\n"));
            }
        }
    }

    /// Returns the lines that a member received until the server closed.
    fn rest(&mut self, who: &str) -> String {
        let rest = self.present.remove(who).expect("only who is there leaves").rest();
        self.named(&rest)
    }

    /// Returns the text with the script's names in place of the server's.
    fn named(&self, text: &str) -> String {
        self.people.iter().fold(text.to_owned(), |text, (name, port)| text.replace(port, name))
    }
}

/// Returns the end of a message of the ancestor, whose welcome has no line end.
pub fn message_end(unread: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(unread);
    let end = if text.starts_with("欢迎") { "进入聊天室" } else { "\n" };
    text.find(end).map(|start| start + end.len())
}

/// Runs the script on the ancestor, and returns the results of each step.
fn through_ancestor(steps: &[Step]) -> Vec<Vec<Seen>> {
    let (server, address) = node_server();
    let mut room = Room::default();
    steps.iter().map(|step| ancestor_step(step, &mut room, &server, address)).collect()
}

fn ancestor_step(step: &Step, room: &mut Room, server: &Program, address: SocketAddr) -> Vec<Seen> {
    let mut seen = Vec::new();
    room.act(step, address);
    if matches!(step.action, Action::EndInput) {
        let rest = room.rest(&step.who);
        let who = step.who.clone();
        if !rest.is_empty() {
            let (line, has_end) = (rest.trim_end_matches('\n').to_owned(), rest.ends_with('\n'));
            seen.push(Seen::Heard { who: who.clone(), line, has_end });
        }
        seen.push(Seen::Closed { who });
        let leaves = room.people.len() - room.present.len();
        let line = server.printed.wait_for_all("退出聊天室", leaves).pop().unwrap();
        seen.push(Seen::Console { line: room.named(&line) });
        return seen;
    }
    let others: Vec<String> = room.present.keys().filter(|who| **who != step.who).cloned().collect();
    for who in others {
        let message = room.present.get_mut(&who).unwrap().take(message_end);
        let message = room.named(&message);
        let (line, has_end) = match message.strip_suffix('\n') {
            Some(line) => (line.to_owned(), true),
            None => (message, false),
        };
        seen.push(Seen::Heard { who, line, has_end });
    }
    seen
}

/// Runs the script on Parlor, and returns the lines that each member received. Each step waits for the members that received
/// something from the ancestor.
fn through_parlor(steps: &[Step], ancestor: &[Vec<Seen>]) -> (BTreeMap<String, Vec<String>>, People) {
    let server = Server::start(&["--lang", "zh"]);
    let mut room = Room::default();
    let mut heard = BTreeMap::<String, Vec<String>>::new();
    for (step, seen) in steps.iter().zip(ancestor) {
        room.act(step, server.address);
        if matches!(step.action, Action::EndInput) {
            let rest = room.rest(&step.who);
            assert!(rest.is_empty() || rest.ends_with('\n'), "a line ends with LF: {rest:?}");
            heard.entry(step.who.clone()).or_default().extend(rest.lines().map(str::to_owned));
            continue;
        }
        for seen in seen {
            let Seen::Heard { who, .. } = seen else { continue };
            let lines = heard.entry(who.clone()).or_default();
            loop {
                let line = room.present.get_mut(who).unwrap().line();
                let line = room.named(&line);
                let is_named = difference(&line, &room.people).is_some();
                lines.push(line);
                if !is_named {
                    break;
                }
            }
        }
    }
    assert!(room.present.is_empty(), "at the end of the script everyone has left");
    (heard, room.people)
}

/// Returns the kind of a line that only Parlor sends.
fn difference(line: &str, people: &People) -> Option<Difference> {
    DIFFERENCES.iter().find(|(_, is_one)| is_one(line, people)).map(|(kind, _)| *kind)
}

/// Returns the script as text, with the results below each step. Blank lines and comments stay in place.
fn written(script: &str, steps: &[Step], seen: &[Vec<Seen>]) -> String {
    let mut text = String::new();
    let mut seen = steps.iter().zip(seen).peekable();
    for line in script.lines() {
        let is_step = seen.peek().is_some_and(|(step, _)| step.line == line);
        if is_step {
            let (_, seen) = seen.next().unwrap();
            let seen: String = seen.iter().map(|seen| format!("{seen}\n")).collect();
            text += &format!("{line}\n{seen}");
        } else if line.is_empty() || line.starts_with('#') {
            text += &format!("{line}\n");
        }
    }
    text
}

#[test]
#[ignore = "needs node and the ancestors' programs"]
fn everyone_hears_the_same_from_parlor_as_from_its_ancestor() {
    if !is_inside("ancestors_session::everyone_hears_the_same_from_parlor_as_from_its_ancestor") {
        return;
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/serve/ancestor_session.txt");
    let script = std::fs::read_to_string(path).unwrap();
    let steps = steps(&script);
    let seen = through_ancestor(&steps);
    let written = written(&script, &steps, &seen);
    if std::env::var("PARLOR_TRANSCRIPTS").is_ok_and(|mode| mode == "write") {
        std::fs::write(path, &written).unwrap();
    } else {
        assert!(written == script, "the ancestor did what {path} does not say:\n{written}");
    }

    let (heard, people) = through_parlor(&steps, &seen);
    assert!(people.keys().eq(heard.keys()), "everyone was heard of");
    let leaves = leaves(&steps);
    for (who, lines) in &heard {
        let (named, from_parlor): (Vec<&String>, Vec<&String>) =
            lines.iter().partition(|line| difference(line, &people).is_some());
        let from_ancestor: Vec<&String> = seen
            .iter()
            .flatten()
            .filter_map(|seen| match seen {
                Seen::Heard { who: hearer, line, .. } if hearer == who => Some(line),
                _ => None,
            })
            .collect();
        assert_eq!(from_parlor, from_ancestor, "{who} hears, but for what is named\n{lines:#?}");
        let (notes, left): (Vec<&String>, Vec<&String>) =
            named.into_iter().partition(|line| difference(line, &people) == Some(Difference::Note));
        assert!(notes.len() == 1 && notes[0].contains(who), "{who} is greeted, no more: {notes:#?}");
        assert_eq!(left, leaves[who].iter().collect::<Vec<_>>(), "{who} hears who left");
    }
}

/// Returns the departures that each member is present for, in Parlor's words.
fn leaves(steps: &[Step]) -> BTreeMap<String, Vec<String>> {
    let mut leaves = BTreeMap::<String, Vec<String>>::new();
    let mut present = BTreeSet::new();
    for Step { who, action, .. } in steps {
        match action {
            Action::Connect => {
                present.insert(who);
                leaves.insert(who.clone(), Vec::new());
            }
            Action::EndInput => {
                present.remove(who);
                for other in &present {
                    leaves.get_mut(*other).unwrap().push(format!("{who}退出聊天室"));
                }
            }
            Action::Say(_) => {}
        }
    }
    leaves
}
