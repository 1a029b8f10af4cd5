//! The user's name and room as the server has confirmed them, to be restored after a lost connection.

use super::handshake::{Request, Requests, Room};
use super::{command, notes};
use parlor_protocol::{Key, Language, Name, RoomName};
use std::collections::VecDeque;

/// Requests that may wait for their confirmation. The oldest is dropped: the server must have refused it.
const UNCONFIRMED_MAX: usize = 8;

/// The user's name, room and language on the server.
#[derive(Debug)]
pub(super) struct Presence {
    confirmed: Requests,
    /// The requests that are not confirmed.
    unconfirmed: VecDeque<Request>,
}

impl Presence {
    /// Creates the state before any of these requests is confirmed.
    pub(super) fn new(requests: &Requests) -> Self {
        let Requests { language, name, room } = requests.clone();
        let unconfirmed = name.map(Request::Name).into_iter().chain(room.map(Request::Room)).collect();
        Self { confirmed: Requests { language, ..Requests::default() }, unconfirmed }
    }

    /// Returns the requests that the server has confirmed last.
    pub(super) const fn confirmed(&self) -> &Requests {
        &self.confirmed
    }

    /// Takes note of a line that the user sends.
    pub(super) fn sending(&mut self, line: &str) {
        if let Some(request) = request_of(line) {
            self.unconfirmed.push_back(request);
            if self.unconfirmed.len() > UNCONFIRMED_MAX {
                self.unconfirmed.pop_front();
            }
        }
        if let Some((command, code)) = command::read(line)
            && command.name == "lang"
        {
            // Not waited for: the server refuses no known language.
            self.confirmed.language = code.trim().parse::<Language>().ok().or(self.confirmed.language);
        }
    }

    /// Takes a line from the server.
    pub(super) fn receive(&mut self, line: &str) {
        if !notes::is_note(line) {
            return;
        }
        if let Some(room) = &self.confirmed.room
            && notes::is_kicked_from(line, &room.name)
        {
            self.confirmed.room = None;
        }
        let Some(granted) = self.unconfirmed.iter().position(|request| request.is_granted_by(line)) else {
            return;
        };
        match self.unconfirmed.remove(granted) {
            Some(Request::Name(name)) => self.confirmed.name = Some(name),
            Some(Request::Room(room)) => self.confirmed.room = Some(room),
            None => {}
        }
    }
}

/// Returns the request for a name or a room that a line of the user makes, if it makes one.
pub(super) fn request_of(line: &str) -> Option<Request> {
    let (command, arguments) = command::read(line)?;
    let mut words = arguments.split_whitespace();
    match command.name {
        "nick" => Name::parse(words.next()?).ok().map(Request::Name),
        "join" => {
            let name = RoomName::parse(words.next()?).ok()?;
            Some(Request::Room(Room { name, key: words.next().and_then(Key::parse) }))
        }
        "part" => Some(Request::Room(Room { name: RoomName::lobby(), key: None })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confirmed(lines: &[&str]) -> (Option<String>, Option<String>) {
        let mut presence = Presence::new(&Requests::default());
        for line in lines {
            match line.strip_prefix("> ") {
                Some(said) => presence.sending(said),
                None => presence.receive(line),
            }
        }
        let Requests { name, room, .. } = presence.confirmed().clone();
        let room = room.map(|room| Request::Room(room).line().trim_end().to_owned());
        (name.map(|name| name.as_str().to_owned()), room)
    }

    #[test]
    fn only_the_servers_confirmation_counts() {
        for (lines, name, room) in [
            (&["> /nick alice"][..], None, None),
            (&["> /nick alice", "* the name Alice is taken"], None, None),
            (&["> /nick alice", "bob: * you are now alice"], None, None),
            (&["> /nick alice", "* you are now alice"], Some("alice"), None),
            (
                &["> /NICK alice", "> /nick bob", "* you are now alice", "* the name bob is taken"],
                Some("alice"),
                None,
            ),
            (&["> /join #tea secret", "* 您已进入房间 tea，只有您一人"], None, Some("/join tea secret")),
            (
                &[
                    "> /join tea",
                    "* you have entered tea; nobody else is here",
                    "> /part",
                    "* you have entered lobby; nobody else is here",
                ],
                None,
                Some("/join lobby"),
            ),
            (&["> /join ##c", "* you have entered ##c; nobody else is here"], None, Some("/join ##c")),
            (&["* you are now alice"], None, None),
        ] {
            let expected = (name.map(str::to_owned), room.map(str::to_owned));
            assert_eq!(confirmed(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_room_that_kicked_the_user_is_not_restored() {
        for note in [
            "* bob kicked you from tea, so you are in no room; /join ROOM enters one",
            "* bob kicked you from tea: spam",
            "* bob 将您移出房间 tea：刷屏",
        ] {
            let entered = ["> /join tea", "* you have entered tea; nobody else is here"];
            assert_eq!(confirmed(&[&entered[..], &[note]].concat()).1, None, "{note}");
        }
    }

    #[test]
    fn the_number_of_unconfirmed_requests_is_bounded() {
        let mut presence = Presence::new(&Requests::default());
        (0..100).for_each(|n| presence.sending(&format!("/nick n{n}")));
        assert_eq!(presence.unconfirmed.len(), UNCONFIRMED_MAX);
    }

    #[test]
    fn the_language_is_the_last_valid_one_requested() {
        let mut presence = Presence::new(&Requests::default());
        presence.sending("/lang zh");
        presence.sending("/lang fr");
        assert_eq!(presence.confirmed().language, Some(Language::Zh));
    }
}
