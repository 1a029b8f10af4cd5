//! Under which name and in which room we are, by the server's own word: what to ask for after a lost connection.

use super::entry::{Request, Requests, Room};
use super::{command, notes};
use parlor_protocol::{Key, Language, Name, RoomName};
use std::collections::VecDeque;

/// Requests that may wait for their confirmation. The oldest makes place: the server has refused it long ago.
const ASKED_MAX: usize = 8;

/// Our place on the server.
#[derive(Debug)]
pub(super) struct Here {
    confirmed: Requests,
    /// What was asked for and not confirmed.
    asked: VecDeque<Request>,
}

impl Here {
    /// Nothing of these requests is confirmed yet.
    pub(super) fn new(requests: &Requests) -> Self {
        let Requests { language, name, room } = requests.clone();
        let asked = name.map(Request::Name).into_iter().chain(room.map(Request::Room)).collect();
        Self { confirmed: Requests { language, ..Requests::default() }, asked }
    }

    /// What the server has confirmed last.
    pub(super) const fn confirmed(&self) -> &Requests {
        &self.confirmed
    }

    /// The user says this line.
    pub(super) fn say(&mut self, line: &str) {
        if let Some(request) = read(line) {
            self.asked.push_back(request);
            if self.asked.len() > ASKED_MAX {
                self.asked.pop_front();
            }
        }
        if let Some((command, code)) = command::read(line)
            && command.name == "lang"
        {
            // Nobody else hears of it, and the server refuses none of these.
            self.confirmed.language = code.trim().parse::<Language>().ok().or(self.confirmed.language);
        }
    }

    /// The server said this line.
    pub(super) fn hear(&mut self, line: &str) {
        if !notes::is_note(line) {
            return;
        }
        if let Some(room) = &self.confirmed.room
            && notes::is_kicked_from(line, &room.name)
        {
            self.confirmed.room = None;
        }
        let Some(granted) = self.asked.iter().position(|request| request.is_granted_by(line)) else { return };
        match self.asked.remove(granted) {
            Some(Request::Name(name)) => self.confirmed.name = Some(name),
            Some(Request::Room(room)) => self.confirmed.room = Some(room),
            None => {}
        }
    }
}

/// The request that a line of the user's makes, if it is one for a name or a room.
pub(super) fn read(line: &str) -> Option<Request> {
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

    fn here(lines: &[&str]) -> (Option<String>, Option<String>) {
        let mut here = Here::new(&Requests::default());
        for line in lines {
            match line.strip_prefix("> ") {
                Some(said) => here.say(said),
                None => here.hear(line),
            }
        }
        let Requests { name, room, .. } = here.confirmed().clone();
        let room = room.map(|room| Request::Room(room).line().trim_end().to_owned());
        (name.map(|name| name.as_str().to_owned()), room)
    }

    #[test]
    fn only_what_the_server_confirms_counts() {
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
            assert_eq!(here(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_room_that_one_was_kicked_from_is_none_to_return_to() {
        for note in [
            "* bob kicked you from tea, so you are in no room; /join ROOM enters one",
            "* bob kicked you from tea: spam",
            "* bob 将您移出房间 tea：刷屏",
        ] {
            let entered = ["> /join tea", "* you have entered tea; nobody else is here"];
            assert_eq!(here(&[&entered[..], &[note]].concat()).1, None, "{note}");
        }
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut here = Here::new(&Requests::default());
        (0..100).for_each(|n| here.say(&format!("/nick n{n}")));
        assert_eq!(here.asked.len(), ASKED_MAX);
    }

    #[test]
    fn the_language_is_the_last_one_asked_for() {
        let mut here = Here::new(&Requests::default());
        here.say("/lang zh");
        here.say("/lang fr");
        assert_eq!(here.confirmed().language, Some(Language::Zh));
    }
}
