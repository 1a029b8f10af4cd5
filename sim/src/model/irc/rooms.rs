//! Answers about rooms.

use super::answer::{Asker, Page};
use super::read::{Said, room_name, shown};
use super::{Condition, Query, query};
use crate::model::chat::Room;
use crate::model::conn::Todo;
use crate::model::mask::is_like;
use parlor_protocol::irc::Capabilities;
use parlor_protocol::{Flag, MaskList, MemberId, RoomName, UserModes};

/// What `LIST` asks for: conditions with commas between them.
pub(super) fn read_list(said: &Said<'_>) -> Vec<Todo> {
    let (mut conditions, mut patterns, mut names) = (Vec::new(), Vec::new(), Vec::new());
    let texts = match said.items(said.param(0)) {
        Ok(texts) => texts,
        Err(answer) => return answer,
    };
    let mut last = |kind: fn(&Condition) -> bool, condition: Option<Condition>| {
        conditions.retain(|other| !kind(other));
        conditions.extend(condition);
    };
    for text in texts {
        let kind = text.find(['<', '>']).map_or("", |at| &text[..=at]);
        let number = &text[kind.len()..];
        let minutes = || number.parse::<u64>().ok().map(|minutes| minutes.saturating_mul(60_000));
        let more = kind.ends_with('>');
        // Of two conditions of one kind, the later counts.
        match kind {
            ">" | "<" => {
                let condition = number.parse().ok().map(|count| Condition::Members { more, count });
                let same: fn(&Condition) -> bool = match more {
                    true => |it| matches!(it, Condition::Members { more: true, .. }),
                    false => |it| matches!(it, Condition::Members { more: false, .. }),
                };
                last(same, condition);
            }
            "C>" | "c>" | "C<" | "c<" => {
                let condition = minutes().map(|ms| Condition::Age { more, ms });
                let same: fn(&Condition) -> bool = match more {
                    true => |it| matches!(it, Condition::Age { more: true, .. }),
                    false => |it| matches!(it, Condition::Age { more: false, .. }),
                };
                last(same, condition);
            }
            "T>" | "t>" | "T<" | "t<" => {
                let condition = minutes().map(|ms| Condition::TopicAge { more, ms });
                let same: fn(&Condition) -> bool = match more {
                    true => |it| matches!(it, Condition::TopicAge { more: true, .. }),
                    false => |it| matches!(it, Condition::TopicAge { more: false, .. }),
                };
                last(same, condition);
            }
            _ => match (text.strip_prefix('!'), room_name(text)) {
                (Some(pattern), _) => last(|_| false, Some(Condition::Unlike(pattern.to_owned()))),
                (None, Some(name)) if !text.contains(['*', '?']) => names.push(name),
                _ => patterns.push(text.to_owned()),
            },
        }
    }
    if !patterns.is_empty() || !names.is_empty() {
        conditions.push(Condition::Like(patterns, names));
    }
    query(Query::List { conditions, from: 0 })
}

impl Condition {
    /// Patterns that are looked for in each name.
    const fn patterns(&self) -> usize {
        match self {
            Self::Like(patterns, _) => patterns.len(),
            Self::Unlike(_) => 1,
            _ => 0,
        }
    }

    fn holds(&self, room: &Room, now_unix_ms: u64) -> bool {
        let like = |pattern: &String| {
            let name = room.name.as_str();
            is_like(pattern, &format!("#{name}")) || is_like(pattern, name)
        };
        let age = |at_unix_ms: u64| now_unix_ms.saturating_sub(at_unix_ms);
        match self {
            Self::Age { more: true, ms } => age(room.began_unix_ms) > *ms,
            Self::Age { more: false, ms } => age(room.began_unix_ms) < *ms,
            Self::Like(patterns, names) => names.contains(&room.name) || patterns.iter().any(like),
            Self::Members { more: true, count } => room.here.len() > *count,
            Self::Members { more: false, count } => room.here.len() < *count,
            Self::TopicAge { more, ms } => room.topic.as_ref().is_some_and(|topic| match more {
                true => age(topic.at_unix_ms) > *ms,
                false => age(topic.at_unix_ms) < *ms,
            }),
            Self::Unlike(pattern) => !like(pattern),
        }
    }
}

impl Asker<'_> {
    /// The room of that name, where the asker may know of it.
    pub(super) fn room(&self, name: &RoomName) -> Option<&Room> {
        self.chat.room(name).filter(|room| self.operates() || room.shows(self.member))
    }

    fn is_in(&self, room: &Room) -> bool {
        self.member.is_some_and(|member| room.of(member).is_some())
    }

    fn room_or_403(&self, name: &RoomName, page: &mut Page<'_>) -> Option<&Room> {
        let room = self.room(name);
        if room.is_none() {
            page.numeric("403", format!("{name:#} :No such channel"));
        }
        room
    }

    pub(super) fn entered(&self, name: &RoomName, with_names: bool, page: &mut Page<'_>) -> Option<Query> {
        let room = self.room(name)?;
        self.put_topic(room, page);
        let asked = format!("{:#}", room.name);
        if with_names { self.names(vec![asked], (0, MemberId::default()), page) } else { None }
    }

    fn put_topic(&self, room: &Room, page: &mut Page<'_>) {
        if let Some(topic) = &room.topic {
            page.numeric("332", format!("{:#} :{}", room.name, topic.text.as_str()));
            page.numeric("333", format!("{:#} {} {}", room.name, topic.by, topic.at_unix_ms / 1_000));
        }
    }

    pub(super) fn topic(&self, name: &RoomName, page: &mut Page<'_>) {
        let Some(room) = self.room_or_403(name, page) else { return };
        if room.topic.is_none() {
            page.numeric("331", format!("{:#} :No topic is set", room.name));
        }
        self.put_topic(room, page);
    }

    pub(super) fn names(
        &self,
        rooms: Vec<String>,
        (first, mut from): (usize, MemberId),
        page: &mut Page<'_>,
    ) -> Option<Query> {
        for nth in first..rooms.len() {
            let room = room_name(&rooms[nth]).and_then(|name| self.room(&name));
            if let Some(next) = room.and_then(|room| self.names_of(room, from, page)) {
                return Some(Query::Names { rooms, from: (nth, next) });
            }
            from = MemberId::default();
        }
        page.numeric("366", format!("{} :End of /NAMES list", shown(&rooms.join(","))));
        None
    }

    /// Those in a room, from that member on; returns with whom the next page begins.
    fn names_of(&self, room: &Room, from: MemberId, page: &mut Page<'_>) -> Option<MemberId> {
        let symbol = if room.flags.contains(&Flag::Secret) { '@' } else { '=' };
        let (mut names, mut next): (Vec<String>, _) = (Vec::new(), None);
        let params = format!("{symbol} {:#} ", room.name);
        for here in room.here.iter().filter(|here| here.member >= from) {
            if page.is_full_with("353", &params, &names) {
                next = Some(here.member);
                break;
            }
            page.looked_at += 1;
            let member = &self.chat.people[&here.member];
            if member.modes.has(UserModes::INVISIBLE) && !self.is_in(room) {
                continue;
            }
            let profile = &member.person.profile;
            let host = match self.client.has(Capabilities::USERHOST_IN_NAMES) {
                true => format!("!{}@{}", profile.user(), profile.host()),
                false => String::new(),
            };
            let prefix = here.prefix(self.client.has(Capabilities::MULTI_PREFIX));
            names.push(format!("{prefix}{}{host}", member.person.name));
        }
        if !names.is_empty() {
            page.list("353", &params, ' ', names);
        }
        next
    }

    pub(super) fn modes(&self, name: &RoomName, page: &mut Page<'_>) {
        let Some(room) = self.room_or_403(name, page) else { return };
        let (mut letters, mut params) = (String::from("+"), String::new());
        let order = [
            (Flag::NoCtcp, 'C'),
            (Flag::InviteOnly, 'i'),
            (Flag::Moderated, 'm'),
            (Flag::NoOutside, 'n'),
            (Flag::Secret, 's'),
            (Flag::TopicLocked, 't'),
        ];
        letters.extend(order.iter().filter(|(flag, _)| room.flags.contains(flag)).map(|(_, letter)| letter));
        // The key is for those who are in the room.
        if let Some(key) = room.key.as_ref().filter(|_| self.is_in(room)) {
            letters.push('k');
            params += &format!(" {}", key.as_str());
        }
        if let Some(limit) = room.limit {
            letters.push('l');
            params += &format!(" {limit}");
        }
        page.numeric("324", format!("{:#} {letters}{params}", room.name));
        page.numeric("329", format!("{:#} {}", room.name, room.began_unix_ms / 1_000));
    }

    pub(super) fn masks(
        &self,
        name: RoomName,
        list: MaskList,
        from: usize,
        page: &mut Page<'_>,
    ) -> Option<Query> {
        let room = self.room_or_403(&name, page)?;
        let (entry, end, words) = match list {
            MaskList::BanExceptions => ("348", "349", "End of channel exception list"),
            MaskList::Bans => ("367", "368", "End of channel ban list"),
            MaskList::InviteExceptions => ("346", "347", "End of channel invite exception list"),
        };
        for (nth, (_, mask, by, at_unix_ms)) in room.listed(list).enumerate().skip(from) {
            if page.is_full() {
                return Some(Query::Masks(name, list, nth));
            }
            page.numeric(entry, format!("{:#} {} {by} {}", room.name, mask.as_str(), at_unix_ms / 1_000));
        }
        page.numeric(end, format!("{:#} :{words}", room.name));
        None
    }

    pub(super) fn invitations(&self, page: &mut Page<'_>) {
        let person = self.member.and_then(|member| self.chat.people.get(&member));
        for began in person.into_iter().flat_map(|person| &person.invitations) {
            if let Some(room) = self.chat.rooms.iter().find(|room| room.began == *began) {
                page.numeric("336", format!("{:#}", room.name));
            }
        }
        page.numeric("337", ":End of /INVITE list");
    }

    pub(super) fn list(&self, conditions: Vec<Condition>, from: u64, page: &mut Page<'_>) -> Option<Query> {
        if from == 0 {
            page.numeric("321", "Channel :Users Name");
        }
        for room in self.chat.rooms.iter().filter(|room| room.began >= from) {
            page.looked_at += 1 + conditions.iter().map(Condition::patterns).sum::<usize>();
            if page.is_full() {
                return Some(Query::List { conditions, from: room.began });
            }
            let is_there = !room.here.is_empty() && room.shows(self.member);
            if is_there && conditions.iter().all(|condition| condition.holds(room, self.now.unix_ms)) {
                let topic = room.topic.as_ref().map_or("", |topic| topic.text.as_str());
                page.numeric("322", format!("{:#} {} :{topic}", room.name, room.here.len()));
            }
        }
        page.numeric("323", ":End of /LIST");
        None
    }
}
