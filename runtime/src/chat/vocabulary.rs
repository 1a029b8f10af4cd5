//! The names and rooms that the server's lines have told of, for the Tab key.

use super::notes;
use super::template::{Template, in_every_language};
use bytes::BytesMut;
use parlor_protocol::plain::Note;
use parlor_protocol::{Event, Message, MessageKind, Name, Person, Profile, RoomName, Stamp, Text, What};

/// Names that are remembered; the one that was seen longest ago makes place.
const NAMES_MAX: usize = 500;

/// Rooms that are remembered.
const ROOMS_MAX: usize = 200;

/// Marks in a rendering, which no text of the server has in it.
const ONE: &str = "Qq1qQ";
const OTHER: &str = "Qq2qQ";

/// What a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tells {
    /// This one is gone, or not in our room any more.
    Gone,
    /// These are in a room.
    Members,
    /// This one has another name.
    Renamed,
    /// These rooms are there.
    Rooms,
    /// This one is here.
    Speaker,
}

/// The words that may be completed.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The form of each line that tells of somebody. The first one that fits counts.
    forms: Vec<(Tells, Template)>,
    /// The latest last.
    names: Vec<Name>,
    rooms: Vec<RoomName>,
    /// A list that the next note goes on with.
    under_way: Option<Tells>,
}

impl Vocabulary {
    pub(super) fn new() -> Self {
        Self { forms: forms(), names: Vec::new(), rooms: vec![RoomName::lobby()], under_way: None }
    }

    /// The server said this line.
    pub(super) fn hear(&mut self, line: &str) {
        if let Some(tells) = self.under_way.take()
            && notes::is_note(line)
        {
            return self.learn_list(tells, notes::words(line));
        }
        let fitting = self.forms.iter().find_map(|(tells, form)| {
            let holes = form.holes(line)?;
            let is_sound = match tells {
                Tells::Members | Tells::Rooms => true,
                _ => Name::parse_any(holes.first()?).is_ok(),
            };
            is_sound.then(|| (*tells, holes.into_iter().map(str::to_owned).collect::<Vec<_>>()))
        });
        let Some((tells, holes)) = fitting else { return };
        match (tells, holes.as_slice()) {
            (Tells::Gone, [name, ..]) => self.forget(name),
            (Tells::Renamed, [old, new]) => {
                self.forget(old);
                self.learn_name(new);
            }
            (Tells::Members | Tells::Rooms, [.., list]) => self.learn_list(tells, list),
            (Tells::Speaker, [name, ..]) => self.learn_name(name),
            _ => {}
        }
    }

    /// This room is one that the user knows.
    pub(super) fn learn_room(&mut self, room: &RoomName) {
        self.rooms.retain(|known| known != room);
        self.rooms.push(room.clone());
        if self.rooms.len() > ROOMS_MAX {
            self.rooms.remove(0);
        }
    }

    /// The names that were seen, the latest first.
    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.names.iter().rev()
    }

    /// The rooms that were told of.
    pub(super) fn rooms(&self) -> impl Iterator<Item = &RoomName> {
        self.rooms.iter().rev()
    }

    /// The words of a list, whose last line ends with no comma.
    fn learn_list(&mut self, tells: Tells, list: &str) {
        for word in list.split([',', '、']) {
            let word = word.trim();
            match tells {
                Tells::Rooms => {
                    let room = without_count(word);
                    RoomName::parse(room).iter().for_each(|room| self.learn_room(room));
                }
                // The marks of operators and of those with voice belong to no name.
                _ => self.learn_name(word.trim_start_matches(['@', '+'])),
            }
        }
        self.under_way = list.ends_with([',', '、']).then_some(tells);
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

/// The room of an item of the list of rooms, without the number of its members: `tea (2)`, `茶（2 人）`.
fn without_count(item: &str) -> &str {
    let count = if item.ends_with('）') { item.rfind('（') } else { item.find(' ') };
    &item[..count.unwrap_or(item.len())]
}

/// The forms of the lines that tell of members and rooms, made by rendering each with marks.
fn forms() -> Vec<(Tells, Template)> {
    let (Ok(one), Ok(other), Ok(room)) = (Name::parse(ONE), Name::parse(OTHER), RoomName::parse(ONE)) else {
        return Vec::new();
    };
    let text = Text::clean(OTHER.as_bytes(), false);
    let (message, action) =
        (Message::new(MessageKind::Text, text.clone()), Message::new(MessageKind::Action, text.clone()));
    let by = Person { name: one.clone(), profile: Profile::of_address([127, 0, 0, 1].into()) };
    let (room_is, status) = (&room, None);
    let events = [
        (Tells::Renamed, What::Renamed { to: &other }),
        (Tells::Speaker, What::Joined { room: room_is }),
        (Tells::Gone, What::Parted { room: room_is, message: None }),
        (Tells::Gone, What::Parted { room: room_is, message: Some(&text) }),
        (Tells::Speaker, What::Told { to: &other, message: &message }),
        (Tells::Speaker, What::Told { to: &other, message: &action }),
        (Tells::Speaker, What::Said { room: room_is, status, message: &action }),
        (Tells::Speaker, What::TopicSet { room: room_is, topic: Some(&text) }),
        (Tells::Speaker, What::TopicSet { room: room_is, topic: None }),
        (Tells::Speaker, What::Said { room: room_is, status, message: &message }),
    ];
    let mut forms = Vec::new();
    for (tells, what) in events {
        let event = Event { stamp: Stamp::default(), by: &by, by_bot: false, what };
        let render = |language| {
            let mut bytes = BytesMut::new();
            event.render(parlor_protocol::plain::wire_class(language, false), &mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        };
        forms.extend(in_every_language(render, &[ONE, OTHER]).into_iter().map(|form| (tells, form)));
    }
    // Where something is one, English has another word for it.
    for total in [77_777, 1] {
        let who = Note::Who { room: &room, total, names: vec![("", &other)] };
        let rooms = Note::Rooms { total, rooms: vec![(&room, 88_888)] };
        let number = total.to_string();
        let (listed, listed_zh) = (format!("{ONE} (88888)"), format!("{ONE}（88888 人）"));
        let who = in_every_language(|language| notes::rendered(&who, language), &[&number, ONE, OTHER]);
        let marks = [number.as_str(), &listed, &listed_zh];
        let rooms = in_every_language(|language| notes::rendered(&rooms, language), &marks);
        forms.extend(who.into_iter().map(|form| (Tells::Members, form)));
        forms.extend(rooms.into_iter().map(|form| (Tells::Rooms, form)));
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &[&str]) -> Vocabulary {
        let mut vocabulary = Vocabulary::new();
        lines.iter().for_each(|line| vocabulary.hear(line));
        vocabulary
    }

    fn names(lines: &[&str]) -> Vec<String> {
        heard(lines).names().map(|name| name.as_str().to_owned()).collect()
    }

    fn rooms(lines: &[&str]) -> Vec<String> {
        heard(lines).rooms().map(|room| room.as_str().to_owned()).collect()
    }

    #[test]
    fn whoever_is_told_of_is_known_in_both_languages() {
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
    fn whoever_leaves_is_forgotten_and_the_latest_is_first() {
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
    fn what_is_remembered_is_bounded() {
        let mut vocabulary = Vocabulary::new();
        for n in 0..2 * NAMES_MAX {
            vocabulary.hear(&format!("n{n}: hello"));
            vocabulary.learn_room(&RoomName::parse(&format!("r{n}")).unwrap());
        }
        assert_eq!(vocabulary.names().count(), NAMES_MAX);
        assert_eq!(vocabulary.rooms().count(), ROOMS_MAX);
        assert_eq!(vocabulary.names().next().unwrap().as_str(), format!("n{}", 2 * NAMES_MAX - 1));
    }
}
