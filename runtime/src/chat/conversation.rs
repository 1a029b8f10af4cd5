//! What is known of a conversation with a server, on a terminal as in a pipe.

use super::Ended;
use super::entry::{Entry, Refused, Requests};
use super::farewell::Farewell;
use super::here::Here;
use super::notes::{self, Closing};

/// Bytes of a server's line that are looked at. Every note that means something here is shorter.
const LINE_BYTES_MAX: usize = 1_024;

/// A conversation: what was asked for, what was said, and how it may end.
#[derive(Debug)]
pub(super) struct Conversation {
    entry: Entry,
    farewell: Farewell,
    here: Here,
    /// The server has said a note: it is no ancestor of ours.
    has_notes: bool,
    /// The beginning of the server's line under way.
    line: Vec<u8>,
    /// The line under way, as long as it may be one that is not for the user.
    held: Vec<u8>,
    /// What the server's last line says of why it closes.
    closing: Option<Closing>,
}

impl Conversation {
    pub(super) fn new(requests: Requests) -> Self {
        Self {
            here: Here::new(&requests),
            entry: Entry::new(requests),
            farewell: Farewell::default(),
            has_notes: false,
            line: Vec::new(),
            held: Vec::new(),
            closing: None,
        }
    }

    /// These bytes came from the server. Appends those that are for the user to `shown`.
    pub(super) fn receive(&mut self, bytes: &[u8], shown: &mut Vec<u8>) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let place = LINE_BYTES_MAX.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(place)]);
            if self.entry.is_probing() && self.line.len() < LINE_BYTES_MAX {
                self.held.extend_from_slice(piece);
            } else {
                shown.append(&mut self.held);
                shown.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                if self.ends_line() {
                    shown.append(&mut self.held);
                }
                self.held.clear();
            }
        }
    }

    /// The server has closed: what was held of a line without its end goes to `shown`.
    pub(super) fn receive_end(&mut self, shown: &mut Vec<u8>) {
        shown.append(&mut self.held);
        if !self.line.is_empty() {
            self.ends_line();
        }
    }

    /// These bytes of the user's go to the server next.
    pub(super) fn sends(&mut self, bytes: &[u8]) {
        self.farewell.sends(bytes);
    }

    /// The user says this line on a terminal.
    pub(super) fn says(&mut self, line: &str) {
        self.farewell.sends(line.as_bytes());
        self.farewell.sends(b"\n");
        self.here.say(line);
    }

    /// What to ask for to be again where we were.
    pub(super) fn to_return(&self) -> &Requests {
        self.here.confirmed()
    }

    /// Whether the server is known to say notes, and so to know commands.
    pub(super) const fn has_notes(&self) -> bool {
        self.has_notes
    }

    /// Asks for what was refused once more.
    pub(super) fn ask_again(&mut self) {
        self.entry.ask_again();
    }

    /// What goes to the server next, and is not the user's.
    pub(super) fn take_to_send(&mut self) -> String {
        self.entry.take_to_send()
    }

    /// Whether all is granted that was asked for. Nothing of the user's goes to the server before.
    pub(super) fn is_entered(&self) -> bool {
        self.entry.is_done()
    }

    /// What the server has refused.
    pub(super) fn refused(&self) -> Option<Ended> {
        self.entry.refused().cloned().map(Ended::Refused)
    }

    /// The server had its time to grant what was asked for.
    pub(super) fn unanswered(&self) -> Option<Ended> {
        self.entry.unanswered().map(|Refused { request, .. }| Ended::Unanswered(request))
    }

    /// How the conversation ended that the server closed in good order. `is_over` says that our side was closed.
    pub(super) fn closed(&self, is_over: bool) -> Ended {
        let has_left = match self.closing {
            Some(Closing::NotLetIn(reason)) => return Ended::NotLetIn(reason),
            Some(Closing::Ended) => return Ended::Expelled,
            Some(Closing::Lost) => false,
            Some(Closing::Quit) => true,
            None => is_over || self.farewell.is_said(),
        };
        if has_left && self.is_entered() { Ended::Left } else { Ended::ServerClosed }
    }

    /// Returns whether the line that ended is for the user.
    fn ends_line(&mut self) -> bool {
        let line = String::from_utf8_lossy(&self.line);
        let line = line.trim_end_matches(['\r', '\n']);
        self.closing = notes::closing(line);
        self.has_notes |= notes::is_note(line);
        self.here.hear(line);
        let is_shown = self.entry.hear(line);
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

    /// What of these chunks is for the user.
    fn shown(conversation: &mut Conversation, chunks: &[&[u8]]) -> String {
        let mut shown = Vec::new();
        chunks.iter().for_each(|chunk| conversation.receive(chunk, &mut shown));
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn only_the_answer_to_our_own_question_is_kept_from_the_user() {
        let answer = format!("* nobody is in parlor-chat-{}\n", std::process::id());
        let texts = ["* the name Alice is taken\n", "bob: hello\n", &answer, "bob: bye\nhalf"];
        let bytes = texts.concat().into_bytes();
        for size in 1..bytes.len() {
            let mut conversation = conversation(Some("alice"));
            let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
            let expected = "* the name Alice is taken\nbob: hello\nbob: bye\nhalf";
            assert_eq!(shown(&mut conversation, &chunks), expected, "chunks of {size}");
            assert!(matches!(conversation.refused(), Some(Ended::Refused(_))));
        }
    }

    #[test]
    fn text_without_a_line_end_passes_at_once() {
        let mut conversation = conversation(Some("alice"));
        assert_eq!(shown(&mut conversation, &["欢迎1进入聊天室".as_bytes()]), "欢迎1进入聊天室");
    }

    #[test]
    fn a_line_that_is_too_long_to_be_an_answer_is_not_held() {
        let mut conversation = conversation(Some("alice"));
        shown(&mut conversation, &[b"* no\n"]);
        assert_eq!(shown(&mut conversation, &[b"x"]), "", "it may be the answer");
        let long = [b'x'; 3 * LINE_BYTES_MAX];
        assert_eq!(shown(&mut conversation, &[&long, &long, &long]).len(), 1 + 3 * long.len());
        assert!(conversation.line.len() <= LINE_BYTES_MAX && conversation.held.is_empty());
    }

    #[test]
    fn the_last_line_says_how_it_ended() {
        for (said, is_over, ended) in [
            ("", true, "Left"),
            ("", false, "ServerClosed"),
            ("hello\n", true, "Left"),
            ("* closed: the server is shutting down\n", true, "ServerClosed"),
            ("* closed: the server is shutting down\n", false, "ServerClosed"),
            ("* closed: an operator ended your connection: spam\n", true, "Expelled"),
            ("* closed: the server is full; try again later", true, "NotLetIn(ServerFull)"),
            ("* 连接关闭：本服务器需要密码，只有 IRC 客户端能发送密码\n", true, "NotLetIn(Password)"),
            ("* closed: the server is shutting down\nbob left\n", true, "Left"),
        ] {
            let mut conversation = conversation(None);
            shown(&mut conversation, &[said.as_bytes()]);
            conversation.receive_end(&mut Vec::new());
            assert_eq!(format!("{:?}", conversation.closed(is_over)), ended, "{said:?} {is_over}");
        }
        let mut quitting = conversation(None);
        quitting.sends(b"/quit\n");
        shown(&mut quitting, &["* goodbye\n".as_bytes()]);
        assert!(matches!(quitting.closed(false), Ended::Left));
        // The server reads more as a command than we do; its goodbye says that it was one.
        for goodbye in ["* goodbye\n", "* 再见\n"] {
            let mut quitting = conversation(None);
            shown(&mut quitting, &[goodbye.as_bytes()]);
            assert!(matches!(quitting.closed(false), Ended::Left), "{goodbye}");
        }
        let mut entering = conversation(Some("alice"));
        assert!(matches!(entering.closed(true), Ended::ServerClosed), "what was asked for was not granted");
        shown(
            &mut entering,
            &["* closed: too many connections from your address; try again later\n".as_bytes()],
        );
        assert!(matches!(entering.closed(true), Ended::NotLetIn(CloseReason::AddressFull)));
    }
}
