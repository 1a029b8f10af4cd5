//! The state of a conversation with a server, on a terminal or in a pipe.

use super::Outcome;
use super::handshake::{Handshake, RefusedRequest, Requests};
use super::notes::{self, Closing};
use super::presence::Presence;
use super::quit::QuitDetector;

/// Bytes of a server's line that are examined. Every note with a meaning here is shorter.
const LINE_BYTES_MAX: usize = 1_024;

/// A conversation: the requests made at its start, the name and room since, and the signs of its end.
#[derive(Debug)]
pub(super) struct Conversation {
    handshake: Handshake,
    quit: QuitDetector,
    presence: Presence,
    /// Whether the server has sent a note. The ancestor of Parlor has neither notes nor commands.
    has_notes: bool,
    /// The beginning of the server's current line.
    line: Vec<u8>,
    /// The current line, as long as it may be the answer to a probe and so not for the user.
    held: Vec<u8>,
    /// The reason for closing that the server's last line gave.
    closing: Option<Closing>,
}

impl Conversation {
    pub(super) fn new(requests: Requests) -> Self {
        Self {
            presence: Presence::new(&requests),
            handshake: Handshake::new(requests),
            quit: QuitDetector::default(),
            has_notes: false,
            line: Vec::new(),
            held: Vec::new(),
            closing: None,
        }
    }

    /// Takes bytes from the server, and appends those that are for the user to `shown`.
    pub(super) fn receive(&mut self, bytes: &[u8], shown: &mut Vec<u8>) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let place = LINE_BYTES_MAX.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(place)]);
            if self.handshake.is_probing() && self.line.len() < LINE_BYTES_MAX {
                self.held.extend_from_slice(piece);
            } else {
                shown.append(&mut self.held);
                shown.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                if self.finish_line() {
                    shown.append(&mut self.held);
                }
                self.held.clear();
            }
        }
    }

    /// Takes the end of the server's bytes, and appends the rest of an unfinished line to `shown`.
    pub(super) fn receive_end(&mut self, shown: &mut Vec<u8>) {
        shown.append(&mut self.held);
        if !self.line.is_empty() {
            self.finish_line();
        }
    }

    /// Takes note of bytes of the user that are sent to the server.
    pub(super) fn sending(&mut self, bytes: &[u8]) {
        self.quit.sending(bytes);
    }

    /// Takes note of a line that the user sends from a terminal.
    pub(super) fn sending_line(&mut self, line: &str) {
        self.quit.sending(line.as_bytes());
        self.quit.sending(b"\n");
        self.presence.sending(line);
    }

    /// Returns the requests that restore the current name, room and language after a reconnect.
    pub(super) fn requests_to_restore(&self) -> &Requests {
        self.presence.confirmed()
    }

    /// Returns whether the server has sent a note, and so supports commands.
    pub(super) const fn has_notes(&self) -> bool {
        self.has_notes
    }

    /// Repeats the refused request.
    pub(super) fn ask_again(&mut self) {
        self.handshake.ask_again();
    }

    /// Takes the lines of the client's own that go to the server next.
    pub(super) fn take_outgoing(&mut self) -> String {
        self.handshake.take_outgoing()
    }

    /// Returns whether every request is granted. Until then, nothing of the user's may be sent.
    pub(super) fn is_granted(&self) -> bool {
        self.handshake.is_complete()
    }

    /// Returns the outcome if the server has refused a request.
    pub(super) fn refused(&self) -> Option<Outcome> {
        self.handshake.refused().cloned().map(Outcome::Refused)
    }

    /// Returns the outcome if the time for granting the requests is over.
    pub(super) fn unanswered(&self) -> Option<Outcome> {
        self.handshake.unanswered().map(|RefusedRequest { request, .. }| Outcome::Unanswered(request))
    }

    /// Returns the outcome of a conversation that the server closed properly. `was_closed` says whether this side had
    /// closed before.
    pub(super) fn closed(&self, was_closed: bool) -> Outcome {
        let has_left = match self.closing {
            Some(Closing::Rejected(reason)) => return Outcome::Rejected(reason),
            Some(Closing::ForGood) => return Outcome::ServerClosedForGood,
            Some(Closing::Lost) => false,
            Some(Closing::Quit) => true,
            None => was_closed || self.quit.is_sent(),
        };
        if has_left && self.is_granted() { Outcome::Left } else { Outcome::ServerClosed }
    }

    /// Examines a whole line, and returns whether it is for the user.
    fn finish_line(&mut self) -> bool {
        let line = String::from_utf8_lossy(&self.line);
        let line = line.trim_end_matches(['\r', '\n']);
        self.closing = notes::closing(line);
        self.has_notes |= notes::is_note(line);
        self.presence.receive(line);
        let is_shown = self.handshake.receive(line);
        self.line.clear();
        is_shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_protocol::{CloseReason, Name};

    fn conversation(name: Option<&str>) -> Conversation {
        let name = name.map(|name| Name::parse(name).unwrap());
        Conversation::new(Requests { name, ..Requests::default() })
    }

    /// Returns the part of the chunks that is for the user.
    fn shown(conversation: &mut Conversation, chunks: &[&[u8]]) -> String {
        let mut shown = Vec::new();
        chunks.iter().for_each(|chunk| conversation.receive(chunk, &mut shown));
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn only_the_answer_to_a_probe_is_hidden_from_the_user() {
        let answer = format!("* nobody is in parlor-chat-{}\n", std::process::id());
        let texts = ["* the name Alice is taken\n", "bob: hello\n", &answer, "bob: bye\nhalf"];
        let bytes = texts.concat().into_bytes();
        for size in 1..bytes.len() {
            let mut conversation = conversation(Some("alice"));
            let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
            let expected = "* the name Alice is taken\nbob: hello\nbob: bye\nhalf";
            assert_eq!(shown(&mut conversation, &chunks), expected, "chunks of {size}");
            assert!(matches!(conversation.refused(), Some(Outcome::Refused(_))));
        }
    }

    #[test]
    fn text_without_a_line_end_is_shown_at_once() {
        let mut conversation = conversation(Some("alice"));
        assert_eq!(shown(&mut conversation, &["欢迎1进入聊天室".as_bytes()]), "欢迎1进入聊天室");
    }

    #[test]
    fn a_line_too_long_to_be_an_answer_is_not_held() {
        let mut conversation = conversation(Some("alice"));
        shown(&mut conversation, &[b"* no\n"]);
        assert_eq!(shown(&mut conversation, &[b"x"]), "", "it may be the answer");
        let long = [b'x'; 3 * LINE_BYTES_MAX];
        assert_eq!(shown(&mut conversation, &[&long, &long, &long]).len(), 1 + 3 * long.len());
        assert!(conversation.line.len() <= LINE_BYTES_MAX && conversation.held.is_empty());
    }

    #[test]
    fn the_last_line_decides_the_outcome() {
        for (said, was_closed, ended) in [
            ("", true, "Left"),
            ("", false, "ServerClosed"),
            ("hello\n", true, "Left"),
            ("* closed: the server is shutting down\n", true, "ServerClosed"),
            ("* closed: the server is shutting down\n", false, "ServerClosed"),
            ("* closed: an operator ended your connection: spam\n", true, "ServerClosedForGood"),
            ("* closed: the server is full; try again later", true, "Rejected(ServerFull)"),
            ("* 连接关闭：本服务器需要密码，只有 IRC 客户端能发送密码\n", true, "Rejected(Password)"),
            ("* closed: the server is shutting down\nbob left\n", true, "Left"),
        ] {
            let mut conversation = conversation(None);
            shown(&mut conversation, &[said.as_bytes()]);
            conversation.receive_end(&mut Vec::new());
            assert_eq!(format!("{:?}", conversation.closed(was_closed)), ended, "{said:?} {was_closed}");
        }
        let mut quitting = conversation(None);
        quitting.sending(b"/quit\n");
        shown(&mut quitting, &["* goodbye\n".as_bytes()]);
        assert!(matches!(quitting.closed(false), Outcome::Left));
        // The server may read more lines as `/quit` than this client does. Its farewell shows that it did.
        for goodbye in ["* goodbye\n", "* 再见\n"] {
            let mut quitting = conversation(None);
            shown(&mut quitting, &[goodbye.as_bytes()]);
            assert!(matches!(quitting.closed(false), Outcome::Left), "{goodbye}");
        }
        let mut entering = conversation(Some("alice"));
        assert!(matches!(entering.closed(true), Outcome::ServerClosed), "what was asked for was not granted");
        shown(
            &mut entering,
            &["* closed: too many connections from your address; try again later\n".as_bytes()],
        );
        assert!(matches!(entering.closed(true), Outcome::Rejected(CloseReason::AddressFull)));
    }
}
