//! Parsing the commands of moderators, and the words for modes and masks.

use super::instruction::Instruction;
use super::note::Mistake;
use super::words::{Words, any_name, folded, printable_word};
use crate::base::ban::{BanTarget, NewBan, parse_duration};
use crate::base::mode::{Flag, Key, Mask, MaskError, MaskList, ModeChange, Status};
use crate::dialect::action::{Password, PasswordOf};
use alloc::string::String;
use bytes::Bytes;

pub(super) fn away(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    Ok(Instruction::Away(words.text()))
}

pub(super) fn ban(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    match words.next() {
        None => Ok(Instruction::Bans),
        Some(mask) => ban_change(&mask, true, words),
    }
}

pub(super) fn unban(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    let mask = words.needed()?;
    ban_change(&mask, false, words)
}

fn ban_change(mask: &str, on: bool, words: &Words<'_>) -> Result<Instruction, Mistake> {
    words.end()?;
    let mask = Mask::parse_for(MaskList::Bans, mask, words.cloaks).map_err(|error| match error {
        MaskError::Network => Mistake::BadNetwork,
        _ => Mistake::BadMask,
    })?;
    Ok(Instruction::SetMode(ModeChange::Mask { list: MaskList::Bans, mask, on }))
}

pub(super) fn deop(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    status(words, Status::Operator, false)
}

pub(super) fn devoice(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    status(words, Status::Voice, false)
}

pub(super) fn op(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    status(words, Status::Operator, true)
}

pub(super) fn server_ban(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    let Some(first) = words.next() else { return Ok(Instruction::ServerBans) };
    let (mut lasts_ms, target) = match parse_duration(&first).map_err(Mistake::BadBan)? {
        Some(ms) => (Some(ms), words.needed()?),
        None => (None, first),
    };
    let target = BanTarget::parse(&target, words.cloaks).map_err(Mistake::BadBan)?;
    if lasts_ms.is_none() {
        let behind_target = words.rest;
        let behind = words.next().unwrap_or_default();
        lasts_ms = parse_duration(&behind).map_err(Mistake::BadBan)?;
        if lasts_ms.is_none() {
            words.rest = behind_target;
        }
    }
    Ok(Instruction::ServerBan(NewBan { target, lasts_ms, reason: words.text() }))
}

pub(super) fn server_unban(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    let target = words.needed()?;
    words.end()?;
    Ok(Instruction::ServerUnban(BanTarget::parse(&target, words.cloaks).map_err(Mistake::BadBan)?))
}

pub(super) fn voice(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    status(words, Status::Voice, true)
}

fn status(words: &mut Words<'_>, status: Status, on: bool) -> Result<Instruction, Mistake> {
    let name = any_name(&words.needed()?)?;
    words.end()?;
    Ok(Instruction::SetMode(ModeChange::Status { name, status, on }))
}

pub(super) fn invite(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    let name = any_name(&words.needed()?)?;
    words.end()?;
    Ok(Instruction::Invite(name))
}

pub(super) fn kick(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    let name = any_name(&words.needed()?)?;
    Ok(Instruction::Kick { name, message: words.text() })
}

pub(super) fn mode(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    let Some(word) = words.next() else { return Ok(Instruction::Modes) };
    let word = folded(&word);
    let flag = Flag::ALL.into_iter().find(|&flag| flag_word(flag) == word);
    if flag.is_none() && word != "key" && word != "limit" {
        return Err(Mistake::NoSuchMode(printable_word(&word)));
    }
    let value = words.needed()?;
    words.end()?;
    let on = switch(&value);
    Ok(Instruction::SetMode(match flag {
        Some(flag) => ModeChange::Flag { flag, on: on.ok_or(Mistake::Usage("mode"))? },
        None if on == Some(false) && word == "key" => ModeChange::Key(None),
        None if on == Some(false) => ModeChange::Limit(None),
        None if word == "key" => ModeChange::Key(Some(Key::parse(&value).ok_or(Mistake::BadKey)?)),
        None => {
            let limit = value.parse().ok().filter(|&limit| limit > 0);
            ModeChange::Limit(Some(limit.ok_or(Mistake::BadLimit)?))
        }
    }))
}

/// Parses `on` or `off`, in English or Chinese.
fn switch(word: &str) -> Option<bool> {
    match &*folded(word) {
        "on" | "开" => Some(true),
        "off" | "关" => Some(false),
        _ => None,
    }
}

/// Returns the name of a flag in `/mode`.
pub(super) const fn flag_word(flag: Flag) -> &'static str {
    match flag {
        Flag::InviteOnly => "invite-only",
        Flag::Moderated => "moderated",
        Flag::NoCtcp => "no-ctcp",
        Flag::NoOutside => "no-outside",
        Flag::Secret => "secret",
        Flag::TopicLocked => "topic-locked",
    }
}

pub(super) fn oper(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    let operator = words.needed()?;
    // A password may contain blanks.
    let password = words.needed_text()?;
    let password = Bytes::copy_from_slice(password.as_str().as_bytes());
    Ok(Instruction::Oper(Password { of: PasswordOf::Operator(operator.into_owned()), password }))
}

/// Returns a mode that is set in the words of `/mode`: `invite-only`, `key tea`, `limit 5`.
pub(super) fn mode_word(change: &ModeChange) -> String {
    match change {
        ModeChange::Flag { flag, .. } => flag_word(*flag).into(),
        ModeChange::Key(key) => alloc::format!("key {}", key.as_ref().map_or("off", Key::as_str)),
        ModeChange::Limit(Some(limit)) => alloc::format!("limit {limit}"),
        // Masks and statuses are not listed as modes.
        ModeChange::Limit(None) | ModeChange::Mask { .. } | ModeChange::Status { .. } => String::new(),
    }
}

/// Returns a mask as `/ban` takes it: the name alone, if the mask matches any user and host.
pub(super) fn shown_mask(mask: &Mask) -> &str {
    mask.as_str().strip_suffix("!*@*").unwrap_or(mask.as_str())
}

/// Returns a mask as `/ban` takes it, without the prefix of a mask that only mutes.
pub(super) fn muted_mask(mask: &Mask) -> &str {
    let shown = shown_mask(mask);
    shown.strip_prefix(Mask::MUTE).unwrap_or(shown)
}

/// Returns the changes without those that a later one overrides. An IRC client can repeat `+m-m` a hundred times in one
/// line, and a change takes several words here.
pub(super) fn last_of_each(changes: &[ModeChange]) -> impl Iterator<Item = &ModeChange> {
    let overrides = |one: &ModeChange, other: &ModeChange| match (one, other) {
        (ModeChange::Flag { flag: one, .. }, ModeChange::Flag { flag: other, .. }) => one == other,
        (ModeChange::Key(_), ModeChange::Key(_)) | (ModeChange::Limit(_), ModeChange::Limit(_)) => true,
        _ => false,
    };
    changes
        .iter()
        .enumerate()
        .filter(move |(index, change)| !changes[index + 1..].iter().any(|later| overrides(change, later)))
        .map(|(_, change)| change)
}
