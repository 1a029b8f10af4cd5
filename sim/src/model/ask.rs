//! What a line asks for, in the model's own reading of the plain dialect.

use parlor_protocol::event::Mistake;
use parlor_protocol::mode::Key;
use parlor_protocol::{Language, Manner, Name, RoomName, Text};

/// What one line asks for.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Help,
    History(Option<usize>),
    Join(RoomName, Option<Key>),
    Language(Language),
    LineCut(usize),
    Mistaken(Mistake),
    /// Nothing: the line might have been a log-in, and was not said.
    NotSaid,
    Nothing,
    Part,
    Quit,
    Rename(Name),
    Rooms,
    Say(Manner, Text),
    Tell(Name, Text),
    TopicSet(Option<Text>),
    TopicShow,
    Who(Option<RoomName>),
}

impl Ask {
    /// Reads a line; `cut` says that it lost its end.
    pub(super) fn read(line: &[u8], cut: bool) -> Self {
        let text = Text::clean(line, cut);
        if text.is_empty() {
            return Self::Nothing;
        }
        match text.as_str().strip_prefix('/') {
            None => Self::Say(Manner::Speech, text),
            Some(said) if said.starts_with('/') => Self::Say(Manner::Speech, again(said)),
            Some(command) => {
                let (word, rest) = first_word(command);
                Self::command(word, rest).unwrap_or_else(Self::Mistaken)
            }
        }
    }

    /// Whether it may be on its way while commands before it are.
    pub(super) const fn is_command(&self) -> bool {
        !matches!(
            self,
            Self::Help
                | Self::History(_)
                | Self::Language(_)
                | Self::LineCut(_)
                | Self::Mistaken(_)
                | Self::NotSaid
                | Self::Rooms
                | Self::TopicShow
                | Self::Who(_)
        )
    }

    fn command(word: &str, rest: &str) -> Result<Self, Mistake> {
        let usage = |command| Err(Mistake::Usage(command));
        match (word, rest) {
            ("help", _) => Ok(Self::Help),
            ("part", _) => Ok(Self::Part),
            ("quit", _) => Ok(Self::Quit),
            ("rooms", _) => Ok(Self::Rooms),
            ("history", "") => Ok(Self::History(None)),
            ("history", count) => match count.parse() {
                Ok(count) if count > 0 => Ok(Self::History(Some(count))),
                _ => Err(Mistake::BadNumber),
            },
            ("join", "") => usage("join"),
            ("join", rest) => {
                let (name, key) = first_word(rest);
                let key = match key {
                    "" => None,
                    key => Some(Key::parse(key).ok_or(Mistake::Usage("join"))?),
                };
                Ok(Self::Join(room(name)?, key))
            }
            ("lang", "") => usage("lang"),
            ("lang", code) => {
                let found = Language::ALL.into_iter().find(|it| it.code() == code.to_ascii_lowercase());
                found.map(Self::Language).ok_or(Mistake::UnknownLanguage)
            }
            ("me", doing) if again(doing).is_empty() => usage("me"),
            ("me", doing) => Ok(Self::Say(Manner::Action, again(doing))),
            ("msg", rest) => {
                let (name, text) = first_word(rest);
                if name.is_empty() {
                    return usage("msg");
                }
                let name = Name::parse_any(name).map_err(Mistake::BadName)?;
                let text = again(text);
                if text.is_empty() { usage("msg") } else { Ok(Self::Tell(name, text)) }
            }
            ("nick", "") => usage("nick"),
            ("nick", name) => Ok(Self::Rename(Name::parse(name).map_err(Mistake::BadName)?)),
            ("topic", "") => Ok(Self::TopicShow),
            ("topic", "-") => Ok(Self::TopicSet(None)),
            ("topic", topic) if again(topic).is_empty() => usage("topic"),
            ("topic", topic) => Ok(Self::TopicSet(Some(again(topic)))),
            ("who", "") => Ok(Self::Who(None)),
            ("who", name) => Ok(Self::Who(Some(room(name)?))),
            (unknown, _) => {
                let shown: String = again(unknown).plain_parts().collect();
                Err(Mistake::NoSuchCommand(shown.chars().take(40).collect()))
            }
        }
    }
}

fn again(text: &str) -> Text {
    Text::clean(text.as_bytes(), false)
}

fn room(name: &str) -> Result<RoomName, Mistake> {
    RoomName::parse(name).map_err(Mistake::BadRoom)
}

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_end();
    match text.find([' ', '\t']) {
        Some(end) => (&text[..end], text[end..].trim()),
        None => (text, ""),
    }
}
