//! The requests that the client makes of the server before the user's first line, and their answers.
//!
//! Only the server's confirmation grants a request. A refusal is recognised without knowing its words: after a note that is
//! not a confirmation, the client sends a *probe*, a `/who` for a room with a name of its own making, which the answer
//! repeats. Answers keep the order of the lines, so if the answer to the probe comes before a confirmation, the request was
//! refused. A server without notes, such as the ancestor of Parlor, is never probed; there the caller's deadline decides.

use super::notes;
use parlor_protocol::{Key, Language, Name, RoomName};
use std::collections::VecDeque;
use std::fmt;

/// The requests of one conversation.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    /// The language of the server's texts. Its answer is not waited for, because nothing that others read depends on it.
    pub(super) language: Option<Language>,
    pub(super) name: Option<Name>,
    pub(super) room: Option<Room>,
}

/// A room, and the key that it may require.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) name: RoomName,
    pub(super) key: Option<Key>,
}

/// A request that the server grants or refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Name(Name),
    Room(Room),
}

impl Request {
    /// Returns the line that makes the request.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Name(name) => format!("/nick {name}\n"),
            Self::Room(Room { name, key }) => {
                let key = key.as_ref().map(|key| format!(" {}", key.as_str())).unwrap_or_default();
                format!("/join {name}{key}\n")
            }
        }
    }

    /// Returns whether this line from the server grants the request.
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
pub(super) struct RefusedRequest {
    pub(super) request: Request,
    /// The server's note without its mark, if there was one.
    pub(super) reason: Option<String>,
}

/// The progress of the requests.
#[derive(Debug)]
pub(super) struct Handshake {
    /// The requests that are not granted yet. The first one has been made.
    requests: VecDeque<Request>,
    /// The lines that go to the server next.
    outgoing: String,
    /// The name of the room in a probe; nobody is in it.
    probe_room: String,
    /// Whether a probe has been sent and not answered.
    is_probing: bool,
    /// Whether the current request was granted before the answer to the probe.
    is_granted: bool,
    /// The note that most likely refuses the current request.
    reason: Option<String>,
    refused: Option<RefusedRequest>,
}

impl Handshake {
    pub(super) fn new(requests: Requests) -> Self {
        let Requests { language, name, room } = requests;
        let requests = name.map(Request::Name).into_iter().chain(room.map(Request::Room));
        let mut handshake = Self {
            requests: requests.collect(),
            // First, so that the answers to the others are in it.
            outgoing: language.map(|language| format!("/lang {language}\n")).unwrap_or_default(),
            probe_room: format!("parlor-chat-{}", std::process::id()),
            is_probing: false,
            is_granted: false,
            reason: None,
            refused: None,
        };
        handshake.ask();
        handshake
    }

    /// Returns whether every request is granted, and the user's lines may be sent.
    pub(super) fn is_complete(&self) -> bool {
        self.requests.is_empty()
    }

    /// Returns the request that the server refused.
    pub(super) const fn refused(&self) -> Option<&RefusedRequest> {
        self.refused.as_ref()
    }

    /// Returns the request that the server has neither granted nor refused.
    pub(super) fn unanswered(&self) -> Option<RefusedRequest> {
        let request = self.requests.front()?.clone();
        Some(RefusedRequest { request, reason: self.reason.clone() })
    }

    /// Returns whether a line may be the answer to a probe, which is not shown to the user.
    pub(super) const fn is_probing(&self) -> bool {
        self.is_probing
    }

    /// Repeats the refused request.
    pub(super) fn ask_again(&mut self) {
        self.refused = None;
        self.reason = None;
        (self.is_probing, self.is_granted) = (false, false);
        self.ask();
    }

    /// Takes the lines that go to the server next.
    pub(super) fn take_outgoing(&mut self) -> String {
        std::mem::take(&mut self.outgoing)
    }

    /// Takes a line from the server, and returns whether it is for the user.
    pub(super) fn receive(&mut self, line: &str) -> bool {
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

    /// Takes a note that may refuse the current request, and sends a probe to find out.
    fn probe(&mut self, note: &str) {
        let names_it = |note: &str| {
            let word = self.requests.front().map(Request::to_string).unwrap_or_default().to_lowercase();
            note.to_lowercase().contains(&word)
        };
        let is_better = self.reason.as_ref().is_none_or(|reason| !names_it(reason) && names_it(note));
        if is_better {
            self.reason = Some(notes::without_mark(note).to_owned());
        }
        if !self.is_probing {
            self.is_probing = true;
            self.outgoing += &format!("/who {}\n", self.probe_room);
        }
    }

    fn granted(&mut self) {
        self.requests.pop_front();
        self.is_granted = false;
        self.reason = None;
        self.ask();
    }

    fn ask(&mut self) {
        self.outgoing += &self.requests.front().map(Request::line).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(name: Option<&str>, room: Option<&str>) -> Handshake {
        let name = name.map(|name| Name::parse(name).unwrap());
        let room = room.map(|room| Room { name: RoomName::parse(room).unwrap(), key: None });
        Handshake::new(Requests { language: None, name, room })
    }

    fn probe() -> String {
        format!("/who parlor-chat-{}\n", std::process::id())
    }

    /// Returns an answer to the probe. Every version of the server repeats the room's name in it.
    fn answer() -> String {
        format!("* nobody is in parlor-chat-{}", std::process::id())
    }

    #[test]
    fn each_request_is_made_when_the_one_before_is_granted() {
        let mut handshake = Handshake::new(Requests {
            language: Some(Language::Zh),
            name: Name::parse("小明").ok(),
            room: Some(Room { name: RoomName::parse("茶").unwrap(), key: Key::parse("secret") }),
        });
        assert_eq!(handshake.take_outgoing(), "/lang zh\n/nick 小明\n");
        for line in [
            "* your name is 54321 and you are alone in lobby; /help lists the commands",
            "* 已切换为中文",
            "欢迎1进入聊天室",
        ] {
            assert!(handshake.receive(line));
            assert_eq!(handshake.take_outgoing(), "", "{line}");
        }
        assert!(handshake.receive("* 您已改名为 小明"));
        assert_eq!(handshake.take_outgoing(), "/join 茶 secret\n");
        assert!(!handshake.is_complete());
        assert!(handshake.receive("* 您已进入房间 茶，另有 2 人"));
        assert!(handshake.is_complete() && handshake.take_outgoing().is_empty());
        assert_eq!((handshake.refused(), handshake.unanswered()), (None, None));
    }

    #[test]
    fn a_refusal_is_recognised_in_any_words() {
        for note in
            ["* the name Alice is taken", "* somebody else is alice", "* 名字 alice 已有人使用", "* nein"]
        {
            let mut handshake = handshake(Some("alice"), Some("tea"));
            handshake.take_outgoing();
            assert!(handshake.receive(note));
            assert_eq!(handshake.take_outgoing(), probe(), "{note}");
            assert_eq!(handshake.refused(), None);
            assert!(!handshake.receive(&answer()), "the answer to the probe is not shown");
            let refused = handshake.refused().unwrap();
            assert_eq!(refused.request.to_string(), "alice");
            assert_eq!(refused.reason.as_deref(), note.strip_prefix("* "));
            assert!(
                !handshake.is_complete() && handshake.take_outgoing().is_empty(),
                "nothing more is asked for"
            );
        }
    }

    #[test]
    fn notes_about_others_refuse_nothing() {
        let mut handshake = handshake(None, Some("tea"));
        assert_eq!(handshake.take_outgoing(), "/join tea\n");
        assert!(handshake.receive("* bob is now carol"));
        assert_eq!(handshake.take_outgoing(), probe());
        assert!(handshake.receive("* carol set the topic: hot"));
        assert!(handshake.receive("* you have entered tea; nobody else is here"));
        assert!(!handshake.is_complete(), "the answer is still to come, and not for the user");
        assert!(!handshake.receive(&answer()));
        assert!(handshake.is_complete());
    }

    #[test]
    fn the_reason_is_the_note_that_names_the_request() {
        let mut handshake = handshake(None, Some("tea"));
        for note in ["* bob is now carol", "* Tea is full", "* carol is now tea"] {
            handshake.receive(note);
        }
        handshake.receive(&answer());
        assert_eq!(handshake.refused().unwrap().reason.as_deref(), Some("Tea is full"));
    }

    #[test]
    fn a_members_message_grants_nothing() {
        let mut handshake = handshake(Some("alice"), None);
        handshake.take_outgoing();
        for line in
            ["bob: * you are now alice", "you are now alice", "bob说您已改名为 alice", "** you are now alice"]
        {
            handshake.receive(line);
            assert!(!handshake.is_complete(), "{line}");
        }
        assert_eq!(handshake.unanswered().unwrap().reason, None);
    }

    #[test]
    fn the_note_of_a_server_that_closes_is_not_a_refusal() {
        let mut handshake = handshake(Some("alice"), None);
        handshake.take_outgoing();
        assert!(handshake.receive("* closed: the server is full; try again later"));
        assert_eq!((handshake.take_outgoing(), handshake.refused()), (String::new(), None));
    }

    #[test]
    fn a_refused_request_can_be_repeated() {
        let mut handshake = handshake(Some("alice"), None);
        handshake.take_outgoing();
        handshake.receive("* the name alice is taken");
        handshake.take_outgoing();
        handshake.receive(&answer());
        handshake.ask_again();
        assert_eq!(handshake.refused(), None);
        assert_eq!(handshake.take_outgoing(), "/nick alice\n");
        handshake.receive("* you are now alice");
        assert!(handshake.is_complete());
    }

    #[test]
    fn without_requests_nothing_is_sent() {
        let mut handshake = handshake(None, None);
        assert!(handshake.is_complete());
        assert_eq!(handshake.take_outgoing(), "");
        assert!(handshake.receive("* anything"));
        assert_eq!(handshake.take_outgoing(), "");
    }
}
