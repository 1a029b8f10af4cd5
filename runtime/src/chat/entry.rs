//! What the command line asks of the server before anything is said, and whether the server granted it.
//!
//! A request is granted by the server's own confirmation, and by nothing else. Whether it was refused is known
//! without knowing the words of any refusal: when a note comes that is no confirmation, a question goes after
//! the request whose answer repeats a word of ours. Answers keep the order of the lines, so where that one comes
//! first, no confirmation will. A server that says no notes at all, such as the room's ancestor, is never asked
//! that question, and its silence ends with the caller's deadline.

use super::notes;
use parlor_protocol::{Key, Language, Name, RoomName};
use std::collections::VecDeque;
use std::fmt;

/// What to ask of the server.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    /// The language of its texts. Nobody waits for the answer: it changes nothing of what others hear.
    pub(super) language: Option<Language>,
    pub(super) name: Option<Name>,
    pub(super) room: Option<Room>,
}

/// A room and the key to enter it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) name: RoomName,
    pub(super) key: Option<Key>,
}

/// One request that is granted or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Name(Name),
    Room(Room),
}

impl Request {
    /// The line that makes it.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Name(name) => format!("/nick {name}\n"),
            Self::Room(Room { name, key }) => {
                let key = key.as_ref().map(|key| format!(" {}", key.as_str())).unwrap_or_default();
                format!("/join {name}{key}\n")
            }
        }
    }

    /// Whether this line from the server grants it.
    pub(super) fn is_granted_by(&self, line: &str) -> bool {
        match self {
            Self::Name(name) => notes::is_now_named(line, name),
            Self::Room(room) => notes::is_in_room(line, &room.name),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Room(room) => room.name.fmt(f),
        }
    }
}

/// A request that the server did not grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) request: Request,
    /// The server's words, if it had any.
    pub(super) reason: Option<String>,
}

/// How far the requests are.
#[derive(Debug)]
pub(super) struct Entry {
    /// Those that are not granted yet. The first one is under way.
    requests: VecDeque<Request>,
    /// What goes to the server next.
    to_send: String,
    /// The room that nobody is in, asked for by [`Entry::probe`].
    probe_room: String,
    /// The question has been sent, and not answered.
    is_probing: bool,
    /// The request under way was granted while that question was.
    is_granted: bool,
    /// The note that may say why the request under way is refused.
    reason: Option<String>,
    refused: Option<Refused>,
}

impl Entry {
    pub(super) fn new(requests: Requests) -> Self {
        let Requests { language, name, room } = requests;
        let requests = name.map(Request::Name).into_iter().chain(room.map(Request::Room));
        let mut entry = Self {
            requests: requests.collect(),
            // First, so that the answers to the others are in it.
            to_send: language.map(|language| format!("/lang {language}\n")).unwrap_or_default(),
            probe_room: format!("parlor-chat-{}", std::process::id()),
            is_probing: false,
            is_granted: false,
            reason: None,
            refused: None,
        };
        entry.ask();
        entry
    }

    /// Whether every request is granted: what the user says may go to the server.
    pub(super) fn is_done(&self) -> bool {
        self.requests.is_empty()
    }

    /// The request that the server refused.
    pub(super) const fn refused(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }

    /// The request that the server has neither granted nor refused.
    pub(super) fn unanswered(&self) -> Option<Refused> {
        let request = self.requests.front()?.clone();
        Some(Refused { request, reason: self.reason.clone() })
    }

    /// Whether the next lines may be the answer to a question of ours, which is shown to nobody.
    pub(super) const fn is_probing(&self) -> bool {
        self.is_probing
    }

    /// Asks for what was refused once more.
    pub(super) fn ask_again(&mut self) {
        self.refused = None;
        self.reason = None;
        (self.is_probing, self.is_granted) = (false, false);
        self.ask();
    }

    /// What goes to the server now.
    pub(super) fn take_to_send(&mut self) -> String {
        std::mem::take(&mut self.to_send)
    }

    /// The server said this line. Returns whether it is for the user.
    pub(super) fn hear(&mut self, line: &str) -> bool {
        let Some(request) = self.requests.front() else { return true };
        if self.refused.is_some() || !notes::is_note(line) {
            return true;
        }
        if self.is_probing && line.contains(&self.probe_room) {
            self.is_probing = false;
            if self.is_granted {
                self.granted();
            } else {
                self.refused = self.unanswered();
            }
            return false;
        }
        if request.is_granted_by(line) {
            if self.is_probing {
                self.is_granted = true;
            } else {
                self.granted();
            }
        } else if !notes::is_greeting(line) && !notes::is_language(line) && notes::closing(line).is_none() {
            self.probe(line);
        }
        true
    }

    /// A note came that may refuse the request under way, or tell of something else.
    fn probe(&mut self, note: &str) {
        let names_it = |note: &str| {
            let word = self.requests.front().map(Request::to_string).unwrap_or_default().to_lowercase();
            note.to_lowercase().contains(&word)
        };
        let is_better = self.reason.as_ref().is_none_or(|reason| !names_it(reason) && names_it(note));
        if is_better {
            self.reason = Some(notes::words(note).to_owned());
        }
        if !self.is_probing {
            self.is_probing = true;
            self.to_send += &format!("/who {}\n", self.probe_room);
        }
    }

    fn granted(&mut self) {
        self.requests.pop_front();
        self.is_granted = false;
        self.reason = None;
        self.ask();
    }

    fn ask(&mut self) {
        self.to_send += &self.requests.front().map(Request::line).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: Option<&str>, room: Option<&str>) -> Entry {
        let name = name.map(|name| Name::parse(name).unwrap());
        let room = room.map(|room| Room { name: RoomName::parse(room).unwrap(), key: None });
        Entry::new(Requests { language: None, name, room })
    }

    fn probe() -> String {
        format!("/who parlor-chat-{}\n", std::process::id())
    }

    /// What a server of any version answers to the question: the room's name is in it.
    fn answer() -> String {
        format!("* nobody is in parlor-chat-{}", std::process::id())
    }

    #[test]
    fn requests_go_one_after_the_other_as_they_are_granted() {
        let mut entry = Entry::new(Requests {
            language: Some(Language::Zh),
            name: Name::parse("小明").ok(),
            room: Some(Room { name: RoomName::parse("茶").unwrap(), key: Key::parse("secret") }),
        });
        assert_eq!(entry.take_to_send(), "/lang zh\n/nick 小明\n");
        for line in [
            "* your name is 54321 and you are alone in lobby; /help lists the commands",
            "* 已切换为中文",
            "欢迎1进入聊天室",
        ] {
            assert!(entry.hear(line));
            assert_eq!(entry.take_to_send(), "", "{line}");
        }
        assert!(entry.hear("* 您已改名为 小明"));
        assert_eq!(entry.take_to_send(), "/join 茶 secret\n");
        assert!(!entry.is_done());
        assert!(entry.hear("* 您已进入房间 茶，另有 2 人"));
        assert!(entry.is_done() && entry.take_to_send().is_empty());
        assert_eq!((entry.refused(), entry.unanswered()), (None, None));
    }

    #[test]
    fn a_refusal_is_known_in_any_words() {
        for note in
            ["* the name Alice is taken", "* somebody else is alice", "* 名字 alice 已有人使用", "* nein"]
        {
            let mut entry = entry(Some("alice"), Some("tea"));
            entry.take_to_send();
            assert!(entry.hear(note));
            assert_eq!(entry.take_to_send(), probe(), "{note}");
            assert_eq!(entry.refused(), None);
            assert!(!entry.hear(&answer()), "our own question's answer is not shown");
            let refused = entry.refused().unwrap();
            assert_eq!(refused.request.to_string(), "alice");
            assert_eq!(refused.reason.as_deref(), note.strip_prefix("* "));
            assert!(!entry.is_done() && entry.take_to_send().is_empty(), "nothing more is asked for");
        }
    }

    #[test]
    fn what_others_do_meanwhile_refuses_nothing() {
        let mut entry = entry(None, Some("tea"));
        assert_eq!(entry.take_to_send(), "/join tea\n");
        assert!(entry.hear("* bob is now carol"));
        assert_eq!(entry.take_to_send(), probe());
        assert!(entry.hear("* carol set the topic: hot"));
        assert!(entry.hear("* you have entered tea; nobody else is here"));
        assert!(!entry.is_done(), "the answer is still to come, and not for the user");
        assert!(!entry.hear(&answer()));
        assert!(entry.is_done());
    }

    #[test]
    fn the_reason_is_the_note_that_names_what_was_asked_for() {
        let mut entry = entry(None, Some("tea"));
        for note in ["* bob is now carol", "* Tea is full", "* carol is now tea"] {
            entry.hear(note);
        }
        entry.hear(&answer());
        assert_eq!(entry.refused().unwrap().reason.as_deref(), Some("Tea is full"));
    }

    #[test]
    fn a_line_that_a_member_said_grants_nothing() {
        let mut entry = entry(Some("alice"), None);
        entry.take_to_send();
        for line in
            ["bob: * you are now alice", "you are now alice", "bob说您已改名为 alice", "** you are now alice"]
        {
            entry.hear(line);
            assert!(!entry.is_done(), "{line}");
        }
        assert_eq!(entry.unanswered().unwrap().reason, None);
    }

    #[test]
    fn the_reason_of_a_server_that_closes_is_no_refusal_of_a_request() {
        let mut entry = entry(Some("alice"), None);
        entry.take_to_send();
        assert!(entry.hear("* closed: the server is full; try again later"));
        assert_eq!((entry.take_to_send(), entry.refused()), (String::new(), None));
    }

    #[test]
    fn what_was_refused_can_be_asked_for_again() {
        let mut entry = entry(Some("alice"), None);
        entry.take_to_send();
        entry.hear("* the name alice is taken");
        entry.take_to_send();
        entry.hear(&answer());
        entry.ask_again();
        assert_eq!(entry.refused(), None);
        assert_eq!(entry.take_to_send(), "/nick alice\n");
        entry.hear("* you are now alice");
        assert!(entry.is_done());
    }

    #[test]
    fn nothing_is_sent_where_nothing_is_asked_for() {
        let mut entry = entry(None, None);
        assert!(entry.is_done());
        assert_eq!(entry.take_to_send(), "");
        assert!(entry.hear("* anything"));
        assert_eq!(entry.take_to_send(), "");
    }
}
