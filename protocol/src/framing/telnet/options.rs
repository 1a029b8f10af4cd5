//! Negotiation of telnet options. Only one is used: binary transmission by the client (RFC 856).
//!
//! A client that does not transmit binary may take bytes of text for keys, as GNU telnet does, and corrupt characters such as
//! 在. So every client that has sent a command is asked once to transmit binary. The server itself does not: GNU telnet would
//! no longer return its user's cursor to the left margin. Every other option is refused.
//!
//! A request is answered only if it changes something (RFC 1143), so that two sides never answer each other for ever. A
//! repeated request for a refused option is answered again only if the client has withdrawn it in between.

use super::{DO, DONT, IAC, WILL, WONT};

/// The option Binary Transmission (RFC 856).
const BINARY: u8 = 0;

#[derive(Debug)]
pub(super) struct Options {
    /// The refused options of the server's side and of the client's side.
    refused: [Set; 2],
    /// The state of binary transmission by the client.
    binary: Binary,
}

/// A set of options, with a bit for each.
type Set = [u64; 4];

#[derive(Clone, Copy, Debug)]
enum Binary {
    /// The client has not sent any command yet.
    Unknown,
    /// The request must be sent.
    ToAskFor,
    /// The request was sent and not answered yet.
    AskedFor,
    On,
    Off,
}

impl Options {
    /// The state before any negotiation.
    pub(super) const NONE: Self = Self { refused: [[0; 4]; 2], binary: Binary::Unknown };

    /// Returns whether the client transmits binary.
    pub(super) const fn is_binary(&self) -> bool {
        matches!(self.binary, Binary::On)
    }

    /// Returns whether the client has not sent any command yet.
    pub(super) const fn are_unknown(&self) -> bool {
        matches!(self.binary, Binary::Unknown)
    }

    /// Records that the client has sent a command, so that it is asked to transmit binary.
    pub(super) const fn begin(&mut self) {
        if self.are_unknown() {
            self.binary = Binary::ToAskFor;
        }
    }

    /// Returns whether the request must be sent.
    pub(super) const fn has_request(&self) -> bool {
        matches!(self.binary, Binary::ToAskFor)
    }

    /// Returns the server's request, once.
    pub(super) fn request(&mut self) -> Option<[u8; 3]> {
        self.has_request().then(|| {
            self.binary = Binary::AskedFor;
            [IAC, DO, BINARY]
        })
    }

    /// Returns the answer to a client's negotiation, if it needs one.
    pub(super) fn answer(&mut self, verb: u8, option: u8) -> Option<[u8; 3]> {
        let verb = match (verb, option) {
            (WILL | WONT, BINARY) => self.client_transmits(verb == WILL),
            (DO | DONT, _) => self.refuse(0, verb == DO, option).then_some(WONT),
            _ => self.refuse(1, verb == WILL, option).then_some(DONT),
        };
        verb.map(|verb| [IAC, verb, option])
    }

    /// Records whether the client transmits binary. Returns the verb of the answer.
    const fn client_transmits(&mut self, binary: bool) -> Option<u8> {
        let before = core::mem::replace(&mut self.binary, if binary { Binary::On } else { Binary::Off });
        match (before, binary) {
            (Binary::Unknown | Binary::ToAskFor | Binary::Off, true) => Some(DO),
            (Binary::On, false) => Some(DONT),
            _ => None,
        }
    }

    /// Records a request for an option, or its withdrawal. Returns whether it must be refused.
    fn refuse(&mut self, side: usize, asked: bool, option: u8) -> bool {
        let (word, bit) = (usize::from(option / 64), 1 << (option % 64));
        let refused = &mut self.refused[side][word];
        let was_refused = *refused & bit != 0;
        *refused = if asked { *refused | bit } else { *refused & !bit };
        asked && !was_refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn answers(commands: &[[u8; 2]]) -> Vec<[u8; 2]> {
        let mut options = Options::NONE;
        let answers = commands.iter().filter_map(|&[verb, option]| options.answer(verb, option));
        answers.map(|[_, verb, option]| [verb, option]).collect()
    }

    #[test]
    fn every_option_is_refused_once() {
        assert_eq!(answers(&[[DO, 1], [DO, 1], [WILL, 31], [WILL, 31], [DO, 1]]), [[WONT, 1], [DONT, 31]]);
        assert_eq!(answers(&[[DONT, 1], [WONT, 31]]), [[0; 2]; 0], "an option that is off is not refused");
        assert_eq!(answers(&[[DO, 1], [DONT, 1], [DO, 1]]), [[WONT, 1]; 2], "the request was withdrawn");
        for option in 1..=255 {
            assert_eq!(answers(&[[WILL, option], [WILL, option]]), [[DONT, option]]);
            assert_eq!(answers(&[[DO, option], [DO, option]]), [[WONT, option]]);
        }
    }

    #[test]
    fn binary_is_accepted_from_the_client_only() {
        assert_eq!(answers(&[[WILL, BINARY], [WILL, BINARY]]), [[DO, BINARY]]);
        assert_eq!(answers(&[[DO, BINARY], [DO, BINARY]]), [[WONT, BINARY]]);
        assert_eq!(answers(&[[WONT, BINARY], [DONT, BINARY]]), [[0; 2]; 0]);
        let on_off_on = [[WILL, BINARY], [WONT, BINARY], [WONT, BINARY], [WILL, BINARY]];
        assert_eq!(answers(&on_off_on), [[DO, BINARY], [DONT, BINARY], [DO, BINARY]]);
    }

    #[test]
    fn an_answer_to_the_servers_request_is_not_answered() {
        for (verb, is_binary) in [(WILL, true), (WONT, false)] {
            let mut options = Options::NONE;
            assert_eq!(options.request(), None, "no command was received");
            options.begin();
            assert_eq!(options.request(), Some([IAC, DO, BINARY]));
            assert_eq!(options.answer(verb, BINARY), None);
            assert_eq!(options.is_binary(), is_binary);
            options.begin();
            assert_eq!(options.request(), None, "the request is sent once");
        }
    }

    #[test]
    fn a_client_that_has_negotiated_binary_is_not_asked_for_it() {
        for verb in [WILL, WONT] {
            let mut options = Options::NONE;
            options.begin();
            options.answer(verb, BINARY);
            assert_eq!(options.request(), None);
        }
    }
}
