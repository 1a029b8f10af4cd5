//! Answers about members.

use crate::base::id::{MemberId, RoomId};
use crate::base::mode::{Folded, Glob};
use crate::base::name::Name;
use crate::base::person::{Person, UserModes};
use crate::dialect::irc::capability::Capabilities;
use crate::dialect::irc::name::room_name;
use crate::dialect::irc::numeric;
use crate::dialect::irc::query::{Answers, Asker, Query, Who};
use crate::planted;
use crate::world::{Member, Room};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

/// The placeholder for a hidden address (IRCv3, WHOX).
const HIDDEN_IP: &str = "255.255.255.255";

/// Maximum number of names in one `USERHOST` (RFC 2812, section 4.8).
const USERHOST_MAX: usize = 5;

/// Returns the member with a name.
fn named<'a>(asker: &Asker<'a>, name: &str) -> Option<(MemberId, &'a Member)> {
    let id = asker.world.member_named(&Name::parse_any(name).ok()?)?;
    Some((id, asker.world.member(id)?))
}

/// `ISON`: writes the names that are online.
pub(in crate::dialect::irc) fn ison(asker: &Asker<'_>, params: &[String], to: &mut Answers<'_>) {
    let names = params.iter().flat_map(|names| names.split(' '));
    let there = names.filter_map(|name| named(asker, name)).map(|(_, member)| member.name().as_str());
    to.list(numeric::RPL_ISON, &[], ' ', there);
}

pub(in crate::dialect::irc) fn userhost(asker: &Asker<'_>, names: &[String], to: &mut Answers<'_>) {
    let found = names.iter().take(USERHOST_MAX).filter_map(|name| named(asker, name)).map(|(_, member)| {
        let Person { name, profile } = member.person();
        let operator = if member.modes().has(UserModes::OPERATOR) { "*" } else { "" };
        let away = if member.away().is_some() { '-' } else { '+' };
        format!("{name}{operator}={away}{}@{}", profile.user(), profile.host())
    });
    let found: Vec<String> = found.collect();
    to.list(numeric::RPL_USERHOST, &[], ' ', found.iter().map(String::as_str));
}

/// Writes whether watched names are online, and the names that exceed the limit of watched names.
pub(super) fn monitor_status(
    asker: &Asker<'_>,
    mut names: Vec<Name>,
    over_limit: Vec<Name>,
    to: &mut Answers<'_>,
) -> Option<Query> {
    for (index, name) in names.iter().enumerate() {
        if to.is_full() {
            return Some(Query::MonitorStatus { names: names.split_off(index), over_limit });
        }
        let member = asker.world.member_named(name).and_then(|id| asker.world.member(id));
        match member.map(Member::person) {
            Some(Person { name, profile }) => {
                let mask = format!("{name}!{}@{}", profile.user(), profile.host());
                to.numeric(numeric::RPL_MONONLINE, &[&mask]);
            }
            None => to.numeric(numeric::RPL_MONOFFLINE, &[name.as_str()]),
        }
    }
    if !over_limit.is_empty() {
        let most = asker.limits.monitored_max.to_string();
        to.list_with_text(numeric::ERR_MONLISTFULL, &[&most], over_limit.iter().map(Name::as_str));
    }
    None
}

/// Writes the watched names.
pub(in crate::dialect::irc) fn monitor_list(asker: &Asker<'_>, to: &mut Answers<'_>) {
    let watched = asker.watched;
    if !watched.is_empty() {
        to.list(numeric::RPL_MONLIST, &[], ',', watched.iter().map(Name::as_str));
    }
    to.numeric(numeric::RPL_ENDOFMONLIST, &[]);
}

/// `WHOIS`: writes details about a member. A server may precede the name.
pub(in crate::dialect::irc) fn whois(asker: &Asker<'_>, params: &[String], to: &mut Answers<'_>) {
    let Some(asked) = params.get(1).or(params.first()).filter(|name| !name.is_empty()) else {
        return to.numeric(numeric::ERR_NONICKNAMEGIVEN, &[]);
    };
    let asked = asked.split(',').next().unwrap_or_default();
    let Some((id, member)) = named(asker, asked) else {
        let asked = requested_word(asked);
        to.numeric(numeric::ERR_NOSUCHNICK, &[&asked]);
        return to.numeric(numeric::RPL_ENDOFWHOIS, &[&asked]);
    };
    let Person { name, profile } = member.person();
    let name = name.as_str();
    let (user, host, real_name) = (profile.user(), profile.host(), profile.real_name());
    to.numeric(numeric::RPL_WHOISUSER, &[name, user, host, "*", real_name]);
    channels(asker, id, member, to);
    let identity = &asker.options.identity;
    to.numeric(numeric::RPL_WHOISSERVER, &[name, &identity.name, &identity.description]);
    if member.modes().has(UserModes::OPERATOR) {
        to.numeric(numeric::RPL_WHOISOPERATOR, &[name]);
    }
    if let Some(away) = member.away() {
        to.numeric(numeric::RPL_AWAY, &[name, away.as_str()]);
    }
    if member.modes().has(UserModes::BOT) {
        to.numeric(numeric::RPL_WHOISBOT, &[name]);
    }
    if planted::is_told_address(asker.member == Some(id) || asker.is_operator()) {
        if let Some(address) = asker.addresses.of_member(id) {
            to.numeric(numeric::RPL_WHOISACTUALLY, &[name, &address_word(address)]);
        }
        to.numeric(numeric::RPL_WHOISMODES, &[name, &format!("is using modes +{}", member.modes())]);
    }
    let idle = idle_s(asker, id, member);
    let signon = member.entered_unix_ms() / 1_000;
    to.numeric(numeric::RPL_WHOISIDLE, &[name, &idle.to_string(), &signon.to_string()]);
    to.numeric(numeric::RPL_ENDOFWHOIS, &[name]);
}

/// Returns the number of seconds since the last message of a member or, if it has sent none, since its entrance.
fn idle_s(asker: &Asker<'_>, id: MemberId, member: &Member) -> u64 {
    let spoke_unix_ms = asker.views.spoke_unix_ms(id).unwrap_or(member.entered_unix_ms());
    asker.now.unix_ms.saturating_sub(spoke_unix_ms) / 1_000
}

/// Writes the rooms of a member that are not hidden from the asker.
fn channels(asker: &Asker<'_>, id: MemberId, member: &Member, to: &mut Answers<'_>) {
    let invisible = member.modes().has(UserModes::INVISIBLE) && asker.member != Some(id);
    let mut rooms = Vec::new();
    for room in member.rooms().iter().filter_map(|&room| asker.world.room(room)) {
        let shared = asker.member.is_some_and(|asker| room.statuses(asker).is_some());
        if !room.is_visible_to(asker.member) || invisible && !shared {
            continue;
        }
        let all = asker.capabilities.has(Capabilities::MULTI_PREFIX);
        let prefixes = room.statuses(id).unwrap_or_default().prefixes(all);
        rooms.push(format!("{prefixes}{:#}", room.name()));
    }
    if !rooms.is_empty() {
        let name = member.name().as_str();
        to.list(numeric::RPL_WHOISCHANNELS, &[name], ' ', rooms.iter().map(String::as_str));
    }
}

/// `WHOWAS`: writes the former owners of a name, the latest first.
pub(in crate::dialect::irc) fn whowas(asker: &Asker<'_>, params: &[String], to: &mut Answers<'_>) {
    let Some(asked) = params.first().filter(|name| !name.is_empty()) else {
        return to.numeric(numeric::ERR_NONICKNAMEGIVEN, &[]);
    };
    // Zero and invalid numbers mean all of them.
    let count = params.get(1).and_then(|count| count.parse().ok()).filter(|&count: &usize| count > 0);
    let name = Name::parse_any(asked).ok();
    let asked = requested_word(asked);
    let was = asker.views.former_names().rev().filter(|it| Some(&it.person.name) == name.as_ref());
    let mut any = false;
    for it in was.take(count.unwrap_or(usize::MAX)) {
        if to.is_full() {
            break;
        }
        any = true;
        let Person { name, profile } = &it.person;
        let real_name = profile.real_name();
        to.numeric(numeric::RPL_WHOWASUSER, &[name.as_str(), profile.user(), profile.host(), "*", real_name]);
        let left = crate::base::calendar::Utc::from_unix_ms(it.at_unix_ms).to_string();
        to.numeric(numeric::RPL_WHOISSERVER, &[name.as_str(), &asker.options.identity.name, &left]);
    }
    if !any {
        to.numeric(numeric::ERR_WASNOSUCHNICK, &[&asked]);
    }
    to.numeric(numeric::RPL_ENDOFWHOWAS, &[&asked]);
}

/// `WHO`: writes the members of a room, the owner of a name, or the owners of names that match a pattern.
pub(super) fn who(asker: &Asker<'_>, search: Who, from: MemberId, to: &mut Answers<'_>) -> Option<Query> {
    let room = room_name(&search.mask);
    if let Some(room) = room {
        if let Some((_, room)) = asker.room(&room) {
            let is_there = asker.member.is_some_and(|id| room.statuses(id).is_some());
            for (id, _) in room.members_from(from) {
                if to.is_full() {
                    return Some(Query::Who { search, from: id });
                }
                to.count_row();
                let Some(member) = asker.world.member(id) else { continue };
                if planted::is_shown(is_there || !member.modes().has(UserModes::INVISIBLE)) {
                    put_who(asker, &search, id, member, Some(room), to);
                }
            }
        }
    } else if let Some((id, member)) = named(asker, &search.mask) {
        let room = shared_room(asker, member);
        put_who(asker, &search, id, member, room, to);
    } else if search.mask.contains(['*', '?']) {
        let pattern = Glob::new(&search.mask);
        for (id, member) in asker.world.members_from(from) {
            if to.is_full() {
                return Some(Query::Who { search, from: id });
            }
            to.count_row();
            let room = shared_room(asker, member);
            let seen = room.is_some() || asker.member == Some(id);
            if (seen || !member.modes().has(UserModes::INVISIBLE))
                && pattern.matches(&Folded::new(member.name().as_str()))
            {
                put_who(asker, &search, id, member, room, to);
            }
        }
    }
    let mask = requested_word(&search.mask);
    to.numeric(numeric::RPL_ENDOFWHO, &[&mask]);
    None
}

/// Returns the first room that the asker shares with a member.
fn shared_room<'a>(asker: &Asker<'a>, member: &Member) -> Option<&'a Room> {
    let shared = |id: &&RoomId| asker.as_member().is_some_and(|it| it.rooms().contains(id));
    member.rooms().iter().find(shared).and_then(|&id| asker.world.room(id))
}

fn put_who(
    asker: &Asker<'_>,
    search: &Who,
    id: MemberId,
    member: &Member,
    room: Option<&Room>,
    to: &mut Answers<'_>,
) {
    if search.operators && !member.modes().has(UserModes::OPERATOR) {
        return;
    }
    let Person { name, profile } = member.person();
    let channel = room.map_or("*".to_string(), |room| format!("{:#}", room.name()));
    let mut flags = String::from(if member.away().is_some() { "G" } else { "H" });
    if member.modes().has(UserModes::OPERATOR) {
        flags.push('*');
    }
    let all = asker.capabilities.has(Capabilities::MULTI_PREFIX);
    flags += room.and_then(|room| room.statuses(id)).unwrap_or_default().prefixes(all);
    if member.modes().has(UserModes::BOT) {
        flags.push('B');
    }
    let (server, real_name) = (&asker.options.identity.name, profile.real_name());
    let Some((fields, token)) = &search.fields else {
        let last = format!("0 {real_name}");
        let params = [&channel, profile.user(), profile.host(), server, name.as_str(), &flags, &last];
        return to.numeric(numeric::RPL_WHOREPLY, &params);
    };
    let idle = idle_s(asker, id, member).to_string();
    let token = token.as_deref().unwrap_or("0");
    // The fields have the order of the specification, not of the request.
    let all = [
        ('t', token),
        ('c', &channel),
        ('u', profile.user()),
        ('i', HIDDEN_IP),
        ('h', profile.host()),
        ('s', server),
        ('n', name.as_str()),
        ('f', &flags),
        ('d', "0"),
        ('l', &idle),
        ('a', "0"),
        ('o', "n/a"),
        ('r', real_name),
    ];
    let params: Vec<&str> =
        all.into_iter().filter(|(it, _)| fields.contains(*it)).map(|(_, it)| it).collect();
    if !params.is_empty() {
        to.numeric(numeric::RPL_WHOSPCRPL, &params);
    }
}

/// Formats an address as a parameter. A `0` precedes a leading colon, which would mark the last parameter of a message.
fn address_word(ip: IpAddr) -> String {
    let shown = ip.to_canonical().to_string();
    if shown.starts_with(':') { format!("0{shown}") } else { shown }
}

/// Returns a requested name or pattern as a parameter of the answer: its first word, or `*` if that would be read as the
/// last parameter. Unlike `printable_word`, it keeps patterns that are longer than any name.
fn requested_word(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let word: String = text.split(' ').next().unwrap_or_default().chars().take(CHARS_MAX).collect();
    if word.is_empty() || word.starts_with(':') { "*".into() } else { word }
}
