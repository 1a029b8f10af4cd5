//! Options of telnet, one of which is used: transmission of bytes as they are, from the client (RFC 856).
//!
//! A client that does not transmit binary may take bytes of text for keys, as GNU telnet does, and 在 reaches nobody as it was
//! typed. So whoever is known to speak telnet is asked for it, once; whoever does not want to is left alone. The other
//! way, the server does not transmit binary: what it sends is text with CR LF, which every client shows, while GNU telnet
//! stops translating line ends on its user's terminal once it receives binary. Every other option is refused.
//!
//! An answer is given only where something changes (RFC 1143), so that two sides never answer each other for ever: who
//! asks again for what was refused is answered again only if it has taken its request back.

use super::{DO, DONT, IAC, WILL, WONT};

/// The option of RFC 856.
const BINARY: u8 = 0;

#[derive(Debug)]
pub(super) struct Options {
    /// Those that were refused on the server's side, and on the client's.
    refused: [Set; 2],
    /// The client's transmission.
    binary: Binary,
}

/// A bit for each option.
type Set = [u64; 4];

#[derive(Clone, Copy, Debug)]
enum Binary {
    /// Nobody has spoken of it, nor has telnet been spoken at all.
    Unknown,
    /// It is to be asked for.
    ToAskFor,
    /// The client has not answered yet.
    AskedFor,
    On,
    Off,
}

impl Options {
    /// What holds before anything was negotiated.
    pub(super) const NONE: Self = Self { refused: [[0; 4]; 2], binary: Binary::Unknown };

    /// Whether the client transmits bytes as they are.
    pub(super) const fn is_binary(&self) -> bool {
        matches!(self.binary, Binary::On)
    }

    /// Whether a client of telnet has yet to show itself.
    pub(super) const fn are_unknown(&self) -> bool {
        matches!(self.binary, Binary::Unknown)
    }

    /// A client of telnet shows itself, by any command.
    pub(super) const fn begin(&mut self) {
        if self.are_unknown() {
            self.binary = Binary::ToAskFor;
        }
    }

    /// Whether the server has something to ask for.
    pub(super) const fn has_request(&self) -> bool {
        matches!(self.binary, Binary::ToAskFor)
    }

    /// The server's request, once.
    pub(super) fn request(&mut self) -> Option<[u8; 3]> {
        self.has_request().then(|| {
            self.binary = Binary::AskedFor;
            [IAC, DO, BINARY]
        })
    }

    /// What is to be answered, if anything.
    pub(super) fn answer(&mut self, verb: u8, option: u8) -> Option<[u8; 3]> {
        let verb = match (verb, option) {
            (WILL | WONT, BINARY) => self.client_transmits(verb == WILL),
            (DO | DONT, _) => self.refuse(0, verb == DO, option).then_some(WONT),
            _ => self.refuse(1, verb == WILL, option).then_some(DONT),
        };
        verb.map(|verb| [IAC, verb, option])
    }

    /// The verb that answers a client which transmits binary from here on, or does not.
    const fn client_transmits(&mut self, binary: bool) -> Option<u8> {
        let before = core::mem::replace(&mut self.binary, if binary { Binary::On } else { Binary::Off });
        match (before, binary) {
            (Binary::Unknown | Binary::ToAskFor | Binary::Off, true) => Some(DO),
            (Binary::On, false) => Some(DONT),
            _ => None,
        }
    }

    /// Whether an option that was asked for, or is no longer, is to be refused.
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
        assert_eq!(answers(&[[DONT, 1], [WONT, 31]]), [[0; 2]; 0], "what is off is not refused");
        assert_eq!(answers(&[[DO, 1], [DONT, 1], [DO, 1]]), [[WONT, 1]; 2], "it was taken back");
        for option in 1..=255 {
            assert_eq!(answers(&[[WILL, option], [WILL, option]]), [[DONT, option]]);
            assert_eq!(answers(&[[DO, option], [DO, option]]), [[WONT, option]]);
        }
    }

    #[test]
    fn binary_is_used_from_the_client_alone() {
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
            assert_eq!(options.request(), None, "it may not speak telnet");
            options.begin();
            assert_eq!(options.request(), Some([IAC, DO, BINARY]));
            assert_eq!(options.answer(verb, BINARY), None);
            assert_eq!(options.is_binary(), is_binary);
            options.begin();
            assert_eq!(options.request(), None, "it is asked for once");
        }
    }

    #[test]
    fn who_has_spoken_of_binary_is_not_asked_for_it() {
        for verb in [WILL, WONT] {
            let mut options = Options::NONE;
            options.begin();
            options.answer(verb, BINARY);
            assert_eq!(options.request(), None);
        }
    }
}
