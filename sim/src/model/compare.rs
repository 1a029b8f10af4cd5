//! Compares the core's world with the model: members, rooms, their members with statuses, and their modes.
//!
//! The core answers queries from this world, so it must be right.

use super::chat::{Chat, Member, Room};
use parlor_protocol::{
    Event, Flag, MaskList, MemberId, Outcome, Person, RoomId, RoomName, Status, Topic, Views, World,
};

impl Chat {
    /// Returns the first difference, if there is one.
    pub(super) fn difference(&self, world: &World, views: &Views) -> Option<String> {
        if self.at_unix_ms != world.at_unix_ms() {
            return Some(format!("it is {} in the log, not {}", world.at_unix_ms(), self.at_unix_ms));
        }
        let mut people = self.people.iter();
        for (id, member) in world.members() {
            match people.next() {
                Some((own, person))
                    if *own == id && self.is_same_member(person, *own, member, (world, views)) => {}
                other => return Some(format!("the member {member:?} should be {other:?}")),
            }
        }
        let mut rooms = self.rooms.iter();
        for (id, room) in world.rooms() {
            match rooms.next() {
                Some(own)
                    if own.began == id.0.0
                        && is_same_room(own, room)
                        && (self.keeps_everything || is_same_history(own, views.history(id))) => {}
                other => return Some(format!("the room {room:?} should be {other:?}")),
            }
        }
        let departed = views.former_names().map(|it| (person(&it.person), it.at_unix_ms));
        if !departed.eq(self.departed.iter().map(|(it, at_unix_ms)| (person(it), *at_unix_ms))) {
            return Some("the former names differ".to_owned());
        }
        if views.members_max() != self.members_max {
            return Some("the greatest numbers of members differ".to_owned());
        }
        if !world.bans(0).eq(self.bans.iter()) {
            return Some("the bans from the server differ".to_owned());
        }
        let missing = people.next().map(|it| format!("there is no {it:?}"));
        missing.or_else(|| rooms.next().map(|it| format!("there is no {it:?}")))
    }

    /// Returns the first difference between the events of an entry and those that the model has recorded, and forgets these.
    pub(super) fn difference_of_events(&self, outcomes: &[Outcome]) -> Option<String> {
        let own = self.happened.take();
        let mut own = own.iter();
        for outcome in outcomes {
            let Outcome::Happened(event) = outcome else { continue };
            match own.next() {
                Some(own) if line(own) == line(event) => {}
                other => return Some(format!("the event {event:?} should be {other:?}")),
            }
        }
        own.next().map(|event| format!("there is no {event:?}"))
    }

    fn is_same_member(
        &self,
        own: &Member,
        id: MemberId,
        member: &parlor_protocol::Member,
        (world, views): (&World, &Views),
    ) -> bool {
        let rooms =
            member.rooms().iter().filter_map(|&room| world.room(room)).map(|room| room.name().as_str());
        let invitations = member.invitations().iter().map(|RoomId(began)| began.0);
        person(&own.person) == person(member.person())
            && own.away.as_ref() == member.away()
            && own.modes == member.modes()
            && own.node == member.node()
            && own.entered_unix_ms == member.entered_unix_ms()
            && own.spoke_unix_ms == views.spoke_unix_ms(id).unwrap_or(member.entered_unix_ms())
            && own.rooms.iter().map(RoomName::as_str).eq(rooms)
            && own.invitations.iter().copied().eq(invitations)
    }
}

fn is_same_history<'a>(own: &'a Room, history: impl Iterator<Item = &'a Event>) -> bool {
    own.history.iter().map(|heard| line(&heard.event)).eq(history.map(line))
}

fn is_same_room(own: &Room, room: &parlor_protocol::Room) -> bool {
    let modes = room.modes();
    let here = room
        .members_from(MemberId::default())
        .map(|(member, statuses)| (member, statuses.has(Status::Operator), statuses.has(Status::Voice)));
    let is_same_list = |list: MaskList| {
        let entries = modes.list(list).iter().map(|it| (&it.mask, it.by.as_str(), it.at_unix_ms));
        own.listed(list).map(|(_, mask, by, at_unix_ms)| (mask, by.as_str(), *at_unix_ms)).eq(entries)
    };
    own.name.as_str() == room.name().as_str()
        && own.began_unix_ms == room.began_unix_ms()
        && own.topic.as_ref().map(topic) == room.topic().map(topic)
        && own.last_kept_unix_ms.unwrap_or_default() == room.remembered_unix_ms()
        && own.members.iter().map(|it| (it.member, it.operates, it.has_voice)).eq(here)
        && own.key.as_ref() == modes.key()
        && own.limit == modes.limit()
        && Flag::ALL.into_iter().all(|flag| modes.has(flag) == own.flags.contains(&flag))
        && MaskList::ALL.into_iter().all(is_same_list)
}

/// Returns a person with the exact spelling of the name: names that differ in case are equal.
fn person(it: &Person) -> (&str, &Person) {
    (it.name.as_str(), it)
}

fn topic(it: &Topic) -> (&str, &str, u64) {
    (it.text.as_str(), it.by.as_str(), it.at_unix_ms)
}

/// Returns an event with the exact spelling of the name.
fn line(it: &Event) -> (&Event, &str) {
    (it, it.by.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_protocol::{
        Cloaks, Command, Limits, LogEntry, NameRequest, Origin, Profile, Seq, WorldLimits,
    };

    /// Returns a model and a world in which limits are in force, and the entry with which a member enters.
    fn begun() -> (Chat, World, LogEntry) {
        let entry = |number, command| {
            let origin = Origin { number, ..Origin::default() };
            LogEntry { seq: Seq(number), at_unix_ms: 5, origin, command }
        };
        let (revision, limits) = (1, WorldLimits::default());
        let starts = entry(1, Command::Started { after: None });
        let begins = entry(2, Command::Configure { revision, limits });
        let enters = entry(
            3,
            Command::Enter {
                request: NameRequest::Port(5_001),
                profile: Profile::of_host(&Cloaks::default().host([127, 0, 0, 1].into())),
                room: Some(RoomName::lobby()),
            },
        );
        let (mut chat, mut world) = (Chat::default(), World::new());
        chat.configure(revision, limits, &begins);
        for entry in [starts, begins] {
            chat.fate_of(&entry);
            world.apply(&entry, &mut Vec::new());
        }
        (chat, world, enters)
    }

    #[test]
    fn a_member_of_only_one_of_them_is_a_difference() {
        let (chat, mut world, enters) = begun();
        let views = Views::new(&Limits::default(), false, &world);
        assert_eq!(chat.difference(&world, &views), None);
        world.apply(&enters, &mut Vec::new());
        assert!(chat.difference(&world, &views).is_some_and(|it| it.contains("should be None")));
    }

    #[test]
    fn an_event_of_only_one_of_them_or_another_one_is_a_difference() {
        let (chat, mut world, enters) = begun();
        let mut outcomes = Vec::new();
        world.apply(&enters, &mut outcomes);
        let events: Vec<Event> = outcomes
            .iter()
            .filter_map(|outcome| match outcome {
                Outcome::Happened(event) => Some((**event).clone()),
                _ => None,
            })
            .collect();
        assert_eq!(events.len(), 2, "the member enters, and joins the lobby");
        let difference = |own: &[Event], outcomes| {
            chat.happened.replace(own.to_vec());
            chat.difference_of_events(outcomes).unwrap_or_default()
        };
        assert_eq!(difference(&events, &outcomes), "");
        assert!(difference(&events[..1], &outcomes).contains("should be None"));
        assert!(difference(&events, &outcomes[..1]).contains("there is no"));
        let other = [events[0].clone(), Event { by_bot: true, ..events[1].clone() }];
        assert!(difference(&other, &outcomes).contains("should be Some"));
        assert_eq!(difference(&[], &[]), "", "what was compared is forgotten");
    }
}
