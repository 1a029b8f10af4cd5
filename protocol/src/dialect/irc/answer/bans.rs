//! Answers about bans from the server.

use crate::base::ban::{BanTarget, ServerBan};
use crate::base::calendar::Utc;
use crate::dialect::irc::numeric;
use crate::dialect::irc::query::{Answers, Asker, Query};
use alloc::format;
use alloc::string::String;

/// `BANS`: writes the bans from the server, beginning with an index.
pub(super) fn bans(asker: &Asker<'_>, from: usize, to: &mut Answers<'_>) -> Option<Query> {
    if !asker.is_operator() {
        to.numeric(numeric::ERR_NOPRIVILEGES, &[]);
        return None;
    }
    let mut count = 0;
    for (index, ban) in asker.world.bans(asker.now.unix_ms).enumerate() {
        count += 1;
        if index < from {
            continue;
        }
        if to.is_full() {
            return Some(Query::Bans(index));
        }
        let ServerBan { target, by, at_unix_ms, .. } = ban;
        let (set, end) = (Utc::from_unix_ms(*at_unix_ms), end(ban));
        let reason = ban.reason.as_ref().map_or(String::new(), |it| format!(": {}", it.as_str()));
        notice(format_args!("{target} by {by} at {set}{end}{reason}"), to);
    }
    let bans_max = asker.world.limits().server_bans_max;
    notice(format_args!("End of bans: {count} of at most {bans_max}"), to);
    None
}

/// `BAN` without parameters: writes how it is used.
pub(in crate::dialect::irc) fn usage(asker: &Asker<'_>, to: &mut Answers<'_>) {
    if !asker.is_operator() {
        return to.numeric(numeric::ERR_NOPRIVILEGES, &[]);
    }
    for line in [
        "Usage: BAN [TIME] TARGET [:REASON], with a TIME such as 30m, 12h, 7d or 1d12h; without one, until UNBAN TARGET",
        "TARGET is an address (192.0.2.7), a network (192.0.2.0/24), a nick, or a mask (*!*@*.b.c.cloak)",
        "A ban of a nick does not ban its address, which WHOIS shows. BANS lists the bans",
    ] {
        notice(format_args!("{line}"), to);
    }
}

/// Confirms a ban.
pub(in crate::dialect::irc) fn set(ban: &ServerBan, closed: usize, to: &mut Answers<'_>) {
    let connections = if closed == 1 { "connection" } else { "connections" };
    notice(format_args!("{} is banned{}; {closed} {connections} closed", ban.target, end(ban)), to);
}

/// Confirms that a ban was lifted.
pub(in crate::dialect::irc) fn lifted(target: &BanTarget, to: &mut Answers<'_>) {
    notice(format_args!("{target} is no longer banned"), to);
}

/// Returns the end of a ban in words.
fn end(ban: &ServerBan) -> String {
    ban.ends_unix_ms.map_or(String::new(), |end| format!(" until {}", Utc::from_unix_ms(end)))
}

fn notice(text: core::fmt::Arguments<'_>, to: &mut Answers<'_>) {
    let name = String::from(to.name());
    to.message(format_args!("NOTICE {name} :{text}"));
}
