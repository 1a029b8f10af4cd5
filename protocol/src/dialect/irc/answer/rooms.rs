//! Answers about rooms.

use super::no_such_room;
use crate::base::calendar::Utc;
use crate::base::id::{MemberId, RoomId};
use crate::base::mode::{Flag, Folded, Glob, MaskList, ModeString};
use crate::base::name::RoomName;
use crate::base::person::UserModes;
use crate::dialect::irc::capability::Capabilities;
use crate::dialect::irc::name::printable_word;
use crate::dialect::irc::name::room_name;
use crate::dialect::irc::numeric;
use crate::dialect::irc::query::{Answers, Asker, ListFilter, Query};
use crate::planted;
use crate::world::{Room, Topic};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Writes the read marker, the topic and the names of a room that the asker has entered.
pub(super) fn entered(
    asker: &Asker<'_>,
    name: &RoomName,
    marker: Option<Option<u64>>,
    with_names: bool,
    to: &mut Answers<'_>,
) -> Option<Query> {
    // Due after each `JOIN`, even if the room has ended in the meantime.
    if let Some(marker) = marker {
        read_marker(&format!("{name:#}"), marker, to);
    }
    let (_, room) = asker.room(name)?;
    if let Some(topic) = room.topic() {
        put_topic(room, topic, to);
    }
    if !with_names {
        return None;
    }
    names(asker, Vec::from([format!("{:#}", room.name())]), 0, MemberId::default(), to)
}

/// Writes the read marker of a room or a member.
pub(super) fn read_marker(shown: &str, unix_ms: Option<u64>, to: &mut Answers<'_>) {
    match unix_ms.map(Utc::from_unix_ms) {
        None => to.message(format_args!("MARKREAD {shown} *")),
        Some(time) => to.message(format_args!("MARKREAD {shown} timestamp={time:.3}")),
    }
}

/// `NAMES`: writes the members of rooms, beginning with the member `from` of the room with index `index`.
///
/// Members may come and go between two pages. Each page is right when it is written, and the asker is sent the changes of
/// its own rooms.
pub(super) fn names(
    asker: &Asker<'_>,
    rooms: Vec<String>,
    mut index: usize,
    mut from: MemberId,
    to: &mut Answers<'_>,
) -> Option<Query> {
    while let Some(asked) = rooms.get(index) {
        let name = room_name(asked);
        if let Some((_, room)) = name.and_then(|name| asker.room(&name))
            && let Some(next) = names_of(asker, room, from, to)
        {
            return Some(Query::Names { rooms, index, from: next });
        }
        index += 1;
        from = MemberId::default();
    }
    // One end for all rooms (RFC 2812, section 3.2.5).
    to.numeric(numeric::RPL_ENDOFNAMES, &[&printable_word(&rooms.join(","))]);
    None
}

/// Writes the members of a room from the member `from`. Returns the first member of the next page.
fn names_of(asker: &Asker<'_>, room: &Room, from: MemberId, to: &mut Answers<'_>) -> Option<MemberId> {
    let capabilities = asker.capabilities;
    let is_there = asker.member.is_some_and(|id| room.statuses(id).is_some());
    let symbol = if room.modes().has(Flag::Secret) { "@" } else { "=" };
    let shown = format!("{:#}", room.name());
    let bytes_max = to.room(&[symbol, &shown]);
    let mut line = String::new();
    for (id, statuses) in room.members_from(from) {
        if to.is_full() {
            if !line.is_empty() {
                to.numeric(numeric::RPL_NAMREPLY, &[symbol, &shown, &line]);
            }
            return Some(id);
        }
        to.count_row();
        let Some(member) = asker.world.member(id) else { continue };
        if !planted::is_shown(is_there || !member.modes().has(UserModes::INVISIBLE)) {
            continue;
        }
        let end = line.len();
        if end > 0 {
            line.push(' ');
        }
        line += statuses.prefixes(capabilities.has(Capabilities::MULTI_PREFIX));
        line += member.name().as_str();
        if capabilities.has(Capabilities::USERHOST_IN_NAMES) {
            let profile = &member.person().profile;
            line += &format!("!{}@{}", profile.user(), profile.host());
        }
        if end > 0 && line.len() > bytes_max {
            to.numeric(numeric::RPL_NAMREPLY, &[symbol, &shown, &line[..end]]);
            line.drain(..=end);
        }
    }
    if !line.is_empty() {
        to.numeric(numeric::RPL_NAMREPLY, &[symbol, &shown, &line]);
    }
    None
}

pub(super) fn topic_is(asker: &Asker<'_>, name: &RoomName, to: &mut Answers<'_>) {
    let Some((_, room)) = asker.room(name) else { return no_such_room(name, to) };
    match room.topic() {
        Some(topic) => put_topic(room, topic, to),
        None => to.numeric(numeric::RPL_NOTOPIC, &[&format!("{:#}", room.name())]),
    }
}

fn put_topic(room: &Room, topic: &Topic, to: &mut Answers<'_>) {
    let shown = format!("{:#}", room.name());
    to.numeric(numeric::RPL_TOPIC, &[&shown, topic.text.as_str()]);
    to.words(numeric::RPL_TOPICWHOTIME, format_args!("{shown} {} {}", topic.by, topic.at_unix_ms / 1_000));
}

/// Writes the modes of a room. Only its members are sent the key.
pub(super) fn mode_is(asker: &Asker<'_>, name: &RoomName, to: &mut Answers<'_>) {
    let Some((_, room)) = asker.room(name) else { return no_such_room(name, to) };
    let is_there = asker.member.is_some_and(|id| room.statuses(id).is_some());
    let mut changes = room.modes().changes();
    if !is_there {
        changes.retain(|change| change.letter() != 'k');
    }
    let modes = if changes.is_empty() { "+".to_string() } else { ModeString(&changes).to_string() };
    to.words(numeric::RPL_CHANNELMODEIS, format_args!("{:#} {modes}", room.name()));
    to.words(numeric::RPL_CREATIONTIME, format_args!("{:#} {}", room.name(), room.began_unix_ms() / 1_000));
}

pub(super) fn mask_list(
    asker: &Asker<'_>,
    name: RoomName,
    list: MaskList,
    from: usize,
    to: &mut Answers<'_>,
) -> Option<Query> {
    let Some((_, room)) = asker.room(&name) else {
        no_such_room(&name, to);
        return None;
    };
    let (entry, end) = match list {
        MaskList::BanExceptions => (numeric::RPL_EXCEPTLIST, numeric::RPL_ENDOFEXCEPTLIST),
        MaskList::Bans => (numeric::RPL_BANLIST, numeric::RPL_ENDOFBANLIST),
        MaskList::InviteExceptions => (numeric::RPL_INVEXLIST, numeric::RPL_ENDOFINVEXLIST),
    };
    let shown = format!("{:#}", room.name());
    for (index, it) in room.modes().list(list).iter().enumerate().skip(from) {
        if to.is_full() {
            return Some(Query::MaskList(name, list, index));
        }
        to.words(entry, format_args!("{shown} {} {} {}", it.mask.as_str(), it.by, it.at_unix_ms / 1_000));
    }
    to.numeric(end, &[&shown]);
    None
}

/// Writes the rooms to which the asker is invited.
pub(in crate::dialect::irc) fn invitations(asker: &Asker<'_>, to: &mut Answers<'_>) {
    let invitations = asker.as_member().map_or(&[][..], |member| member.invitations());
    let rooms = invitations.iter().filter_map(|&id| asker.world.room(id));
    for room in rooms.filter(|room| !room.is_kept()) {
        to.words(numeric::RPL_INVITELIST, format_args!("{:#}", room.name()));
    }
    to.numeric(numeric::RPL_ENDOFINVITELIST, &[]);
}

/// `LIST`: writes the rooms that satisfy a filter, from the room `from`.
pub(super) fn list(
    asker: &Asker<'_>,
    filter: ListFilter,
    from: RoomId,
    to: &mut Answers<'_>,
) -> Option<Query> {
    if from == RoomId::default() {
        to.numeric(numeric::RPL_LISTSTART, &["Channel"]);
    }
    let masks = filter.masks.len() + filter.not_masks.len();
    for (id, room) in asker.world.rooms_from(from) {
        // Matching each pattern costs a row, too.
        (0..=masks).for_each(|_| to.count_row());
        if to.is_full() {
            return Some(Query::List { filter, from: id });
        }
        // The lobby exists even without members.
        let is_listed = planted::is_listed(room.is_visible_to(asker.member));
        let is_there = room.members().len() > 0 && is_listed;
        if is_there && filter.matches(room, asker.now.unix_ms) {
            let members = room.members().len().to_string();
            let topic = room.topic().map_or("", |topic| topic.text.as_str());
            to.numeric(numeric::RPL_LIST, &[&format!("{:#}", room.name()), &members, topic]);
        }
    }
    to.numeric(numeric::RPL_LISTEND, &[]);
    None
}

impl ListFilter {
    fn matches(&self, room: &Room, now_unix_ms: u64) -> bool {
        let name = room.name();
        let (shown, name) = (Folded::new(&format!("{name:#}")), Folded::new(name.as_str()));
        let matches = |mask: &Glob| mask.matches(&shown) || mask.matches(&name);
        let named = self.rooms.is_empty() && self.masks.is_empty()
            || self.rooms.contains(room.name())
            || self.masks.iter().any(matches);
        let age = |at_unix_ms| now_unix_ms.saturating_sub(at_unix_ms);
        named
            && !self.not_masks.iter().any(matches)
            && is_between(room.members().len(), self.users)
            && is_between(age(room.began_unix_ms()), self.created_ms_ago)
            && match room.topic() {
                Some(topic) => is_between(age(topic.at_unix_ms), self.topic_ms_ago),
                None => self.topic_ms_ago == (None, None),
            }
    }
}

/// Returns whether a value is greater than the first bound and less than the second one.
fn is_between<T: Copy + PartialOrd>(it: T, (more_than, less_than): (Option<T>, Option<T>)) -> bool {
    more_than.is_none_or(|least| it > least) && less_than.is_none_or(|most| it < most)
}
