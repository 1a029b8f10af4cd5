//! A dialect that is defined outside the core. Each line that a client sends or receives is a JSON object.

use bytes::BytesMut;
use parlor_protocol::*;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;

/// The specification of the dialect.
pub(crate) static JSON: DialectSpec = DialectSpec {
    name: "json",
    is_typed: false,
    line_bytes_max: |limits| limits.line_bytes_max,
    begin: |_| Box::<Client>::default(),
    render: |event, _, to| render(event, to),
    relevant: |_, choices| choices,
};

/// The state of a connection.
#[derive(Debug, Default)]
struct Client {
    /// Whether the client has asked to become a member.
    has_asked: bool,
}

/// A question that is answered from the world.
enum Query {
    /// The members of a room.
    Who(RoomName),
}

impl DialectState for Client {
    fn class(&self) -> WireClass {
        WireClass { dialect: &JSON, choices: 0 }
    }

    fn line(&mut self, line: Line<'_>, context: &Context<'_>, actions: &mut VecDeque<Action>) {
        let Line::Bytes { bytes, dropped: 0 } = line else { return };
        let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else { return };
        actions.extend(match context.member {
            Some(member) => request(&fields, member),
            None => self.enter(&fields),
        });
    }

    fn answer(&mut self, question: Question, view: &View<'_>, answer: &mut Answer<'_>) {
        let Some(Query::Who(name)) = question.take() else { return };
        let room = view.world.room_named(&name).and_then(|id| view.world.room(id));
        let members = room.filter(|room| room.is_visible_to(view.member)).into_iter().flat_map(Room::members);
        let names = members.filter_map(|id| Some(view.world.member(id)?.name().to_string()));
        put(answer.bytes, &json!({ "room": name.to_string(), "who": names.collect::<Vec<_>>() }));
    }

    fn reply(&mut self, reply: &Reply<'_>, view: &View<'_>, answer: &mut Answer<'_>) {
        match *reply {
            Reply::Entered => {
                let name = view.member.and_then(|id| view.world.member(id)).map(|it| it.name().to_string());
                put(answer.bytes, &json!({ "you": name }));
            }
            Reply::Farewell { reason, .. } => put(answer.bytes, &json!({ "closed": reason.word() })),
            Reply::Refused { refusal, .. } => put(answer.bytes, &json!({ "refused": refusal.word() })),
            Reply::HostSet { event, .. }
            | Reply::InvitedTo { event, .. }
            | Reply::Joined { event, .. }
            | Reply::KickedOut { event, .. }
            | Reply::Parted(event)
            | Reply::Renamed { event, .. } => render(event, answer.bytes),
            // The other replies answer requests that this dialect does not have.
            _ => {}
        }
    }

    fn not_entered(&mut self) {
        self.has_asked = false;
    }
}

impl Client {
    /// Parses the first line of a client: `{"enter": "alice"}`.
    fn enter(&mut self, fields: &Map<String, Value>) -> Option<Action> {
        let name = Name::parse(fields.get("enter")?.as_str()?).ok()?;
        let is_first = !std::mem::replace(&mut self.has_asked, true);
        let registration = Registration { name: Some(name), enters_room: true, ..Registration::default() };
        is_first.then_some(Action::Enter(registration))
    }
}

/// Parses a line of a member.
fn request(fields: &Map<String, Value>, member: MemberId) -> Option<Action> {
    let text = |field: &str| fields.get(field).and_then(Value::as_str);
    let room = text("room").and_then(|room| RoomName::parse(room).ok());
    let words = |words: &str| Text::clean(words.as_bytes(), false);
    Some(match (text("do")?, room) {
        ("join", Some(to)) => Action::Propose(Command::Move {
            member,
            from: None,
            to: Some(to),
            key: None,
            checks_key: false,
            message: None,
        }),
        ("rename", _) => Action::Propose(Command::Rename { member, name: Name::parse(text("name")?).ok()? }),
        ("say", Some(room)) => {
            let message = Message::new(MessageKind::Text, words(text("text")?));
            Action::Propose(Command::Say { member, room, status: None, message })
        }
        ("who", Some(room)) => Action::Ask(Question::new(Query::Who(room))),
        ("quit", _) => Action::Quit(text("text").map(words)),
        _ => return None,
    })
}

/// Appends an event as clients read it. Some events are not part of the dialect.
fn render(event: &Event, to: &mut BytesMut) {
    let by = event.by.name.as_str();
    let value = match &event.kind {
        EventKind::Joined { room, .. } => json!({ "by": by, "joined": room.name.to_string() }),
        EventKind::Left { .. } => json!({ "by": by, "left": true }),
        EventKind::Parted { room, .. } => json!({ "by": by, "parted": room.name.to_string() }),
        EventKind::Renamed { to } => json!({ "by": by, "renamed": to.as_str() }),
        EventKind::Said { room, message, .. } if message.kind.is_for_people() => {
            json!({ "by": by, "room": room.name.to_string(), "text": message.text.as_str() })
        }
        EventKind::Told { message, .. } => json!({ "by": by, "text": message.text.as_str() }),
        _ => return,
    };
    put(to, &value);
}

fn put(to: &mut BytesMut, value: &Value) {
    to.extend_from_slice(format!("{value}\n").as_bytes());
}
