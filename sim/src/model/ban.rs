//! Bans from the server, as the documents describe them: how they are written, whom they apply to, and when they end.

use super::Model;
use super::conn::{Link, Stage};
use super::mask;
use super::tell::event;
use super::{chat::Chat, cloak};
use crate::sometimes;
use parlor_protocol::plain::Note;
use parlor_protocol::{
    BanTarget, BanTargetError, CloseReason, ConnId, EventKind, LogEntry, MaskError, MaskList, MemberId,
    Network, NewBan, Person, Refusal, Reply, ServerBan, Text, UserModes,
};
use std::net::{IpAddr, Ipv4Addr};

/// Reads an address, a network or a mask.
pub(super) fn target(text: &str) -> Result<BanTarget, BanTargetError> {
    let bare = text.strip_prefix("*!*@").or_else(|| text.strip_prefix("*@"));
    if let Some((ip, bits)) = network(bare.unwrap_or(text)) {
        return match Network::new(ip, bits) {
            Some(_) if bits == 0 => Err(BanTargetError::Everybody),
            Some(network) => Ok(BanTarget::Network(network)),
            None => Err(BanTargetError::Mask(MaskError::Network)),
        };
    }
    match mask::read(MaskList::Bans, text) {
        Err(_) => Err(BanTargetError::Mask(MaskError::Malformed)),
        Ok(mask) if mask.mutes() => Err(BanTargetError::Mask(MaskError::Malformed)),
        Ok(mask) if mask.as_str().chars().all(|it| "*?!@".contains(it)) => Err(BanTargetError::Everybody),
        Ok(mask) => Ok(BanTarget::Mask(mask)),
    }
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    for (stars, zeros, bits) in [(".*.*", ".0.0", 16), (".*", ".0", 24), (".*", ".0.0", 16)] {
        let first = text.strip_suffix(stars).map(|first| format!("{first}{zeros}").parse::<Ipv4Addr>());
        if let Some(Ok(first)) = first {
            return Some((first.into(), bits));
        }
    }
    let slash = text.find('/');
    let first = &text[..slash.unwrap_or(text.len())];
    let ip = [first.to_owned(), format!(":{first}")].iter().find_map(|it| it.parse::<IpAddr>().ok())?;
    // Without a size: an address of IPv4, and of IPv6 what commonly belongs to one host.
    let host = if ip.to_canonical().is_ipv4() { 32 } else { 64 };
    let size = slash.map(|slash| &text[slash + 1..]);
    if size.is_some_and(|size| size.contains('+')) {
        return None;
    }
    Some((ip, size.map_or(Some(host), |size| size.parse().ok())?))
}

/// Reads a duration such as `1d12h`, in milliseconds; `None` if it is something else. At most 36600d.
pub(super) fn duration(text: &str) -> Result<Option<u64>, BanTargetError> {
    let (mut seconds, mut number) = (0_u128, String::new());
    for it in text.chars() {
        let unit = match it.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            'w' => 7 * 24 * 60 * 60,
            _ if it.is_ascii_digit() => {
                number.push(it);
                continue;
            }
            _ => return Ok(None),
        };
        if number.is_empty() {
            return Ok(None);
        }
        // A number of so many digits is too long whatever its unit.
        let count: u128 = std::mem::take(&mut number).parse().unwrap_or(u128::from(u64::MAX));
        seconds += count.min(u128::from(u64::MAX)) * unit;
    }
    if text.is_empty() || !number.is_empty() {
        return Ok(None);
    }
    match u64::try_from(seconds) {
        Ok(seconds @ 1..) if seconds <= 36_600 * 24 * 60 * 60 => Ok(Some(seconds * 1_000)),
        _ => Err(BanTargetError::Duration),
    }
}

impl Chat {
    /// Returns the bans that have not ended at this time.
    pub(super) fn bans_at(&self, unix_ms: u64) -> impl Iterator<Item = &ServerBan> {
        self.bans.iter().filter(move |ban| ban.ends_unix_ms.is_none_or(|end| unix_ms < end))
    }

    /// Returns the ban of a mask that matches a person.
    pub(super) fn mask_on(&self, person: &Person, unix_ms: u64) -> Option<&ServerBan> {
        let is_on =
            |ban: &&ServerBan| matches!(&ban.target, BanTarget::Mask(mask) if mask::is_about(mask, person));
        self.bans_at(unix_ms).find(is_on)
    }
}

/// Whether a ban is on an address, whoever connects from it.
fn is_on_address(target: &BanTarget, ip: IpAddr) -> bool {
    match target {
        BanTarget::Network(network) => {
            // Networks of IPv6 are written with colons, and no client of IPv4 is in one.
            network.to_string().contains(':') == ip.to_canonical().is_ipv6() && network.contains(ip)
        }
        BanTarget::Mask(mask) => {
            let host = mask.as_str().strip_prefix("*!*@");
            host.is_some_and(|host| mask::is_like(host, cloak::of(ip).as_str()))
        }
    }
}

/// The text for somebody who is banned: the reason, and the end.
fn words(ban: &ServerBan) -> Option<Text> {
    let end = ban.ends_unix_ms.map(|end| format!("until {}", parlor_protocol::Utc::from_unix_ms(end)));
    let words = match (&ban.reason, end) {
        (None, None) => return None,
        (Some(reason), None) => reason.as_str().to_owned(),
        (None, Some(end)) => end,
        (Some(reason), Some(end)) => format!("{} ({end})", reason.as_str()),
    };
    Some(Text::clean(words.as_bytes(), false))
}

impl Model {
    /// Whether a ban is on a connection.
    pub(super) fn is_banned(&self, target: &BanTarget, id: ConnId) -> bool {
        let Some(conn) = self.conns.get(id) else { return false };
        let ip = conn.peer.ip();
        let member = conn.stage.member().and_then(|member| self.chat.people.get(&member));
        is_on_address(target, ip)
            || member.is_some_and(|member| {
                let shown = member.person.clone();
                let cloaked =
                    Person { profile: shown.profile.with_host(&cloak::of(ip)), ..member.person.clone() };
                matches!(target, BanTarget::Mask(mask)
                    if mask::is_about(mask, &shown) || mask::is_about(mask, &cloaked))
            })
    }

    /// Whether an operator would ban itself.
    pub(super) fn bans_itself(&mut self, id: ConnId, ban: &NewBan) -> bool {
        let member = self.conns.get(id).and_then(|conn| conn.stage.member());
        let operates = member.is_some_and(|it| self.chat.people[&it].modes.has(UserModes::OPERATOR));
        let itself = operates && self.is_banned(&ban.target, id);
        sometimes!(self.marks, BanOfOneself, itself);
        itself
    }

    pub(super) fn set_ban(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        NewBan { target, lasts_ms, reason }: &NewBan,
    ) -> Result<(), Refusal> {
        self.check_operator(member)?;
        let at_unix_ms = entry.at_unix_ms;
        let most = self.chat.limits.server_bans_max;
        let is_new = !self.chat.bans_at(at_unix_ms).any(|ban| ban.target == *target);
        if is_new && self.chat.bans_at(at_unix_ms).count() == most as usize {
            sometimes!(self.marks, BansFull, true);
            return Err(Refusal::BansFull(most));
        }
        self.end_bans(at_unix_ms);
        self.chat.bans.retain(|ban| ban.target != *target);
        let by = self.chat.people[&member].person.name.clone();
        let ends_unix_ms = lasts_ms.map(|ms| at_unix_ms + ms);
        let ban = ServerBan { target: target.clone(), reason: reason.clone(), by, at_unix_ms, ends_unix_ms };
        self.chat.bans.push(ban.clone());
        let (by, by_bot) = self.by(member);
        let kind = EventKind::BanSet { ban: Box::new(ban.clone()) };
        event(&self.chat, entry, (member, &by, by_bot), kind);
        let judged = |conn: &super::conn::Conn| conn.link == Link::Open && conn.stage != Stage::Header;
        let open = self.conns.iter().filter(|(_, conn)| judged(conn)).map(|(conn, _)| conn);
        let banned: Vec<ConnId> = open.filter(|it| *it != id && self.is_banned(target, *it)).collect();
        for &conn in &banned {
            sometimes!(self.marks, ServerBanned, true);
            self.end_banned(conn, &ban);
        }
        self.reply_plain(id, &Note::ServerBanSet { ban: &ban, closed: banned.len() });
        self.respond(id, &Reply::BanSet { ban: &ban, closed: banned.len() });
        Ok(())
    }

    pub(super) fn lift_ban(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        target: &BanTarget,
    ) -> Result<(), Refusal> {
        self.check_operator(member)?;
        if !self.chat.bans_at(entry.at_unix_ms).any(|ban| ban.target == *target) {
            return Err(Refusal::NoSuchBan(target.clone()));
        }
        self.end_bans(entry.at_unix_ms);
        self.chat.bans.retain(|ban| ban.target != *target);
        sometimes!(self.marks, BanLifted, true);
        let (by, by_bot) = self.by(member);
        let kind = EventKind::BanLifted { target: target.clone() };
        event(&self.chat, entry, (member, &by, by_bot), kind);
        self.reply_plain(id, &Note::ServerBanLifted(target));
        self.respond(id, &Reply::BanLifted { target });
        Ok(())
    }

    fn end_bans(&mut self, unix_ms: u64) {
        let before = self.chat.bans.len();
        self.chat.bans.retain(|ban| ban.ends_unix_ms.is_none_or(|end| unix_ms < end));
        sometimes!(self.marks, BanEnded, self.chat.bans.len() < before);
    }

    /// Returns the reason to refuse a connection whose client is known, and the words for it.
    pub(super) fn refusal_of_client(&self, id: ConnId, is_full: bool) -> Option<(CloseReason, Option<Text>)> {
        let conn = self.conns.get(id)?;
        let ip = conn.peer.ip();
        if let Some(ban) = self.chat.bans_at(self.now.unix_ms).find(|ban| is_on_address(&ban.target, ip)) {
            return Some((CloseReason::Banned, words(ban)));
        }
        if self.is_closed(conn.address) {
            return Some((CloseReason::KilledLately, None));
        }
        is_full.then_some((CloseReason::AddressFull, None))
    }

    /// Closes a connection to which a ban applies.
    pub(super) fn end_banned(&mut self, id: ConnId, ban: &ServerBan) {
        if self.conns.get(id).is_some_and(|conn| conn.link == Link::Open) {
            self.leave(id, CloseReason::Banned, None);
            self.cut_label(id);
            self.say_farewell(id, CloseReason::Banned, words(ban).as_ref());
        }
    }
}
