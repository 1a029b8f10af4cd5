//! The names and rooms mentioned in the server's lines, for completion with the Tab key.

use super::notes;
use super::template::{Template, in_every_language};
use bytes::BytesMut;
use parlor_protocol::plain::Note;
use parlor_protocol::{
    Cloaks, Event, EventKind, MemberId, Message, MessageKind, Name, Person, Profile, RoomName, Text,
};

/// Names that are remembered. The one seen longest ago is dropped.
const NAMES_MAX: usize = 500;

/// Rooms that are remembered.
const ROOMS_MAX: usize = 200;

/// Marks for the holes of a template. No text of the server contains them.
const ONE: &str = "Qq1qQ";
const OTHER: &str = "Qq2qQ";

/// The meaning of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineMeaning {
    /// The member left the server or the room.
    Departure,
    /// A list of the members of a room.
    MemberList,
    /// The member changed its name.
    Rename,
    /// A list of rooms.
    RoomList,
    /// The member is present: it joined, said something or set a topic.
    Presence,
}

/// The words that can be completed.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The template of each kind of line. The first one that matches counts.
    templates: Vec<(LineMeaning, Template)>,
    /// The latest last.
    names: Vec<Name>,
    rooms: Vec<RoomName>,
    /// The list that the next note continues.
    unfinished_list: Option<LineMeaning>,
}

impl Vocabulary {
    pub(super) fn new() -> Self {
        Self {
            templates: templates(),
            names: Vec::new(),
            rooms: vec![RoomName::lobby()],
            unfinished_list: None,
        }
    }

    /// Takes a line from the server.
    pub(super) fn receive(&mut self, line: &str) {
        if let Some(meaning) = self.unfinished_list.take()
            && notes::is_note(line)
        {
            return self.learn_list(meaning, notes::without_mark(line));
        }
        let matching = self.templates.iter().find_map(|(meaning, template)| {
            let holes = template.holes(line)?;
            let is_sound = match meaning {
                LineMeaning::MemberList | LineMeaning::RoomList => true,
                _ => Name::parse_any(holes.first()?).is_ok(),
            };
            is_sound.then(|| (*meaning, holes.into_iter().map(str::to_owned).collect::<Vec<_>>()))
        });
        let Some((meaning, holes)) = matching else { return };
        match (meaning, holes.as_slice()) {
            (LineMeaning::Departure, [name, ..]) => self.forget(name),
            (LineMeaning::Rename, [old, new]) => {
                self.forget(old);
                self.learn_name(new);
            }
            (LineMeaning::MemberList | LineMeaning::RoomList, [.., list]) => self.learn_list(meaning, list),
            (LineMeaning::Presence, [name, ..]) => self.learn_name(name),
            _ => {}
        }
    }

    /// Remembers a room.
    pub(super) fn learn_room(&mut self, room: &RoomName) {
        self.rooms.retain(|known| known != room);
        self.rooms.push(room.clone());
        if self.rooms.len() > ROOMS_MAX {
            self.rooms.remove(0);
        }
    }

    /// Returns the names, the latest first.
    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.names.iter().rev()
    }

    /// Returns the rooms, the latest first.
    pub(super) fn rooms(&self) -> impl Iterator<Item = &RoomName> {
        self.rooms.iter().rev()
    }

    /// Remembers the words of a list. A list continues in the next note if this one ends with a comma.
    fn learn_list(&mut self, meaning: LineMeaning, list: &str) {
        for word in list.split([',', '、']) {
            let word = word.trim();
            match meaning {
                LineMeaning::RoomList => {
                    let room = without_count(word);
                    RoomName::parse(room).iter().for_each(|room| self.learn_room(room));
                }
                // The prefixes of operators and voiced members are not part of the name.
                _ => self.learn_name(word.trim_start_matches(['@', '+'])),
            }
        }
        self.unfinished_list = list.ends_with([',', '、']).then_some(meaning);
    }

    fn learn_name(&mut self, name: &str) {
        let Ok(name) = Name::parse_any(name) else { return };
        self.names.retain(|known| *known != name);
        self.names.push(name);
        if self.names.len() > NAMES_MAX {
            self.names.remove(0);
        }
    }

    fn forget(&mut self, name: &str) {
        if let Ok(name) = Name::parse_any(name) {
            self.names.retain(|known| *known != name);
        }
    }
}

/// Returns the room of an item in the list of rooms, without the number of members: `tea (2)`, `茶（2 人）`.
fn without_count(item: &str) -> &str {
    let count = if item.ends_with('）') { item.rfind('（') } else { item.find(' ') };
    &item[..count.unwrap_or(item.len())]
}

/// Makes the templates of the lines that mention members and rooms.
fn templates() -> Vec<(LineMeaning, Template)> {
    let (Ok(one), Ok(other), Ok(room)) = (Name::parse(ONE), Name::parse(OTHER), RoomName::parse(ONE)) else {
        return Vec::new();
    };
    let text = Text::clean(OTHER.as_bytes(), false);
    let (message, action) =
        (Message::new(MessageKind::Text, text.clone()), Message::new(MessageKind::Action, text.clone()));
    let by = Person {
        name: one.clone(),
        profile: Profile::of_host(&Cloaks::default().host([127, 0, 0, 1].into())),
    };
    let (status, target) = (None, MemberId::default());
    let here = || room.clone().into();
    let said = |message| EventKind::Said { room: here(), status, message };
    let told = |message| EventKind::Told { target, to: other.clone(), message };
    let parted = |message| EventKind::Parted { room: here(), message };
    let topic = |topic| EventKind::TopicSet { room: here(), topic };
    let events = [
        (LineMeaning::Rename, EventKind::Renamed { to: other.clone() }),
        (LineMeaning::Presence, EventKind::Joined { room: here(), away: None, is_first: false }),
        (LineMeaning::Departure, parted(None)),
        (LineMeaning::Departure, parted(Some(text.clone()))),
        (LineMeaning::Presence, told(message.clone())),
        (LineMeaning::Presence, told(action.clone())),
        (LineMeaning::Presence, said(action)),
        (LineMeaning::Presence, topic(Some(text))),
        (LineMeaning::Presence, topic(None)),
        (LineMeaning::Presence, said(message)),
    ];
    let mut templates = Vec::new();
    for (meaning, kind) in events {
        let event = Event::unlogged(by.clone(), kind);
        let render = |language| {
            let mut bytes = BytesMut::new();
            parlor_protocol::plain::wire_class(language, false).render(&event, &mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        };
        templates
            .extend(in_every_language(render, &[ONE, OTHER]).into_iter().map(|template| (meaning, template)));
    }
    // English has a singular template.
    for total in [77_777, 1] {
        let who = Note::Who { room: &room, total, names: vec![("", &other)] };
        let rooms = Note::Rooms { total, rooms: vec![(&room, 88_888)] };
        let number = total.to_string();
        let (listed, listed_zh) = (format!("{ONE} (88888)"), format!("{ONE}（88888 人）"));
        let who = in_every_language(|language| notes::rendered(&who, language), &[&number, ONE, OTHER]);
        let marks = [number.as_str(), &listed, &listed_zh];
        let rooms = in_every_language(|language| notes::rendered(&rooms, language), &marks);
        templates.extend(who.into_iter().map(|template| (LineMeaning::MemberList, template)));
        templates.extend(rooms.into_iter().map(|template| (LineMeaning::RoomList, template)));
    }
    templates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary_after(lines: &[&str]) -> Vocabulary {
        let mut vocabulary = Vocabulary::new();
        lines.iter().for_each(|line| vocabulary.receive(line));
        vocabulary
    }

    fn names(lines: &[&str]) -> Vec<String> {
        vocabulary_after(lines).names().map(|name| name.as_str().to_owned()).collect()
    }

    fn rooms(lines: &[&str]) -> Vec<String> {
        vocabulary_after(lines).rooms().map(|room| room.as_str().to_owned()).collect()
    }

    #[test]
    fn members_are_recognised_in_both_languages() {
        for line in [
            "alice joined",
            "alice: hello: world",
            "alice (private): psst",
            "** alice waves",
            "* bob is now alice",
            "* alice set the topic: hot",
            "欢迎alice进入聊天室",
            "alice说你好",
            "alice说bob: hello",
            "alice（私聊）：你好",
            "** alice 挥手",
            "* bob 改名为 alice",
            "* alice 设置了话题：热",
        ] {
            assert_eq!(names(&[line]), ["alice"], "{line}");
        }
        for line in [
            "* you have entered tea; nobody else is here",
            "* the topic of tea, set by bob: hot",
            "hello",
            "",
            "* goodbye",
        ] {
            assert_eq!(names(&[line]), [""; 0], "{line}");
        }
    }

    #[test]
    fn a_member_that_leaves_is_forgotten_and_the_latest_is_first() {
        assert_eq!(names(&["bob: 1", "carol: 2", "bob: 3"]), ["bob", "carol"]);
        assert_eq!(names(&["bob: 1", "carol: 2", "bob left", "carol退出聊天室"]), [""; 0]);
        assert_eq!(names(&["bob: 1", "* bob is now dave"]), ["dave"]);
    }

    #[test]
    fn lists_of_several_notes_are_read_to_their_end() {
        let long = ["* 4 people in lobby: alice, bob,", "* carol, 54321", "* dave"];
        assert_eq!(names(&long), ["54321", "carol", "bob", "alice"]);
        assert_eq!(names(&["* 房间 lobby 里有 2 人：小明、小红"]), ["小红", "小明"]);
        assert_eq!(names(&["* 1 person in lobby: alice"]), ["alice"]);
        assert_eq!(rooms(&["* 3 rooms: lobby (2), tea (1),", "* coffee (12)"]), ["coffee", "tea", "lobby"]);
        assert_eq!(rooms(&["* 1 room: tea (1)"]), ["tea", "lobby"]);
        assert_eq!(rooms(&["* 共 2 个房间：lobby（2 人）、茶（热）（1 人）"]), ["茶（热）", "lobby"]);
    }

    #[test]
    fn the_vocabulary_is_bounded() {
        let mut vocabulary = Vocabulary::new();
        for n in 0..2 * NAMES_MAX {
            vocabulary.receive(&format!("n{n}: hello"));
            vocabulary.learn_room(&RoomName::parse(&format!("r{n}")).unwrap());
        }
        assert_eq!(vocabulary.names().count(), NAMES_MAX);
        assert_eq!(vocabulary.rooms().count(), ROOMS_MAX);
        assert_eq!(vocabulary.names().next().unwrap().as_str(), format!("n{}", 2 * NAMES_MAX - 1));
    }
}
