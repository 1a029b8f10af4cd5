//! Showing a room as it was.

use crate::locale::text;
use parlor_protocol::{Language, Member, ModeChange, Room, RoomName, Utc, World};

/// Returns the room with its topic, its modes and its members; `None` if there is none of that name.
pub(crate) fn room(world: &World, name: &RoomName, language: Language) -> Option<String> {
    let room = world.room(world.room_named(name)?)?;
    let mut lines = Vec::new();
    let (name, modes) = (room.name(), modes(room));
    lines.push(text!(language, "room {name}", "房间 {name}"));
    lines.push(match room.topic() {
        None => text!(language, "topic: none", "话题：无"),
        Some(topic) => {
            let (topic, by, at) = (topic.text.as_str(), &topic.by, Utc::from_unix_ms(topic.at_unix_ms));
            text!(language, "topic: {topic} ({by}, {at})", "话题：{topic}（{by}，{at}）")
        }
    });
    lines.push(text!(language, "modes: {modes}", "模式：{modes}"));
    let count = room.members().len();
    lines.push(text!(language, "members: {count}", "成员：{count}"));
    for id in room.members() {
        let Some(name) = world.member(id).map(Member::name) else { continue };
        let prefixes = room.statuses(id).map_or("", |statuses| statuses.prefixes(true));
        lines.push(format!("  {prefixes}{name}"));
    }
    Some(lines.join("\n") + "\n")
}

/// Returns the line for a room that is not there.
pub(crate) fn no_room(name: &RoomName, language: Language) -> String {
    text!(language, "there is no room {name}\n", "没有房间 {name}\n")
}

/// Returns the modes of a room, as IRC clients set them.
fn modes(room: &Room) -> String {
    let changes = room.modes().changes();
    let letters = changes.iter().map(ModeChange::letter);
    let mut modes: String = std::iter::once('+').chain(letters).collect();
    for parameter in changes.iter().filter_map(ModeChange::parameter) {
        modes.push(' ');
        modes.push_str(&parameter);
    }
    modes
}
