//! `BAN` and `UNBAN`: bans from the server. For operators of the server.

use super::{Line, ask};
use crate::base::ban::{BanTarget, BanTargetError, NewBan, parse_duration};
use crate::dialect::action::Action;
use crate::dialect::irc::answer::bans;
use crate::dialect::irc::client::Client;
use crate::dialect::irc::query::Query;
use crate::log::command::Command;
use alloc::vec::Vec;

/// `BAN`: bans an address, a network or a mask, for some time or until the ban is lifted. The time may be before or behind
/// the target, since servers differ in that.
pub(super) fn ban(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    match new_ban(line) {
        Ok(Some(ban)) => ask(Query::SetBan(ban)),
        Ok(None) => ask(Query::WithoutParams(bans::usage)),
        Err(error) => invalid("BAN", error),
    }
}

/// Parses the parameters of `BAN`. Returns `None` if there is no target.
fn new_ban(line: &Line<'_>) -> Result<Option<NewBan>, BanTargetError> {
    let Some(first) = line.param(0).filter(|text| !text.is_empty()) else { return Ok(None) };
    let mut lasts_ms = parse_duration(first)?;
    let mut index = usize::from(lasts_ms.is_some());
    let Some(target) = line.param(index) else { return Ok(None) };
    index += 1;
    let target = BanTarget::parse(target, &line.options.cloaks)?;
    if lasts_ms.is_none()
        && let Some(behind) = line.param(index)
    {
        lasts_ms = parse_duration(behind)?;
        index += usize::from(lasts_ms.is_some());
    }
    Ok(Some(NewBan { target, lasts_ms, reason: line.text(index) }))
}

/// `UNBAN`: lifts a ban.
pub(super) fn unban(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(member) = line.member else { return Vec::new() };
    match BanTarget::parse(line.param(0).unwrap_or_default(), &line.options.cloaks) {
        Ok(target) => alloc::vec![Action::Propose(Command::LiftBan { member, target })],
        Err(error) => invalid("UNBAN", error),
    }
}

/// `BANS`: lists the bans.
pub(super) fn bans(_: &mut Client, _: &Line<'_>) -> Vec<Action> {
    ask(Query::Bans(0))
}

fn invalid(command: &str, error: BanTargetError) -> Vec<Action> {
    let words = match error {
        BanTargetError::Duration => "The time must be from 1s to 36600d",
        BanTargetError::Everybody => "That would ban everybody",
        BanTargetError::Mask(_) => "That is no address, network or nick, and no mask that can match anybody",
    };
    ask(Query::Fail("FAIL", command.into(), "INVALID_TARGET", words))
}
