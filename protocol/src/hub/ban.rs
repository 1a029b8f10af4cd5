//! Bans from the server: which connections they apply to.
//!
//! The world has the bans, and refuses persons whose names or hosts they match. Only the hub knows addresses. It compares
//! them when a connection is admitted, and those of all connections once when a ban is set.

use super::Hub;
use super::commit::Author;
use crate::base::ban::{self, BanTarget, ServerBan};
use crate::base::id::ConnId;
use crate::base::text::Text;
use crate::base::time::Now;
use crate::dialect::reply::Reply;
use crate::hub::output::Sink;
use crate::log::close_reason::CloseReason;
use crate::planted;
use crate::session::Link;
use crate::world::Member;
use alloc::vec::Vec;
use core::cell::OnceCell;
use core::net::IpAddr;

impl Hub {
    /// Returns the first ban that applies to every connection from an address.
    pub(super) fn ban_on_address(&self, now: Now, ip: IpAddr) -> Option<&ServerBan> {
        let cloaks = &self.options.cloaks;
        // A cloak is dear: it is computed at most once, however many masks there are.
        let nobody = OnceCell::new();
        let cloak = || nobody.get_or_init(|| ban::cloaked_nobody(ip, cloaks));
        let applies = |ban: &&ServerBan| ban.target.applies_to_address(ip, cloak);
        self.world.bans(planted::time_of_bans(now.unix_ms)).find(applies)
    }

    /// Closes the connections to which a new ban applies, and tells its author how many.
    pub(super) fn ban_set(&mut self, author: Author, ban: &ServerBan, sink: &mut impl Sink) {
        let Author { conn, now } = author;
        let banned: Vec<ConnId> = self.connections_of(&ban.target).filter(|&it| Some(it) != conn).collect();
        let message = ban.message();
        for &conn in &banned {
            self.close_banned(now, conn, message.as_ref(), sink);
        }
        self.answer_author(author, &Reply::BanSet { ban, closed: banned.len() }, sink);
    }

    /// Closes a connection that did not become a member, because a ban applies to it.
    pub(super) fn kept_out(&mut self, author: Author, ban: &ServerBan, sink: &mut impl Sink) {
        let Author { conn: Some(conn), now } = author else { return };
        if let Some(session) = self.session(conn) {
            session.not_entered();
        }
        self.report_kept_out(conn, sink);
        self.close_banned(now, conn, ban.message().as_ref(), sink);
    }

    /// Closes a connection that is banned. The others are not told the reason of the ban.
    pub(super) fn close_banned(
        &mut self,
        now: Now,
        conn: ConnId,
        message: Option<&Text>,
        sink: &mut impl Sink,
    ) {
        self.propose_leave(now, conn, CloseReason::Banned, None, sink);
        self.close(now, conn, CloseReason::Banned, message, sink);
    }

    /// Returns the open connections to which a ban applies. A connection whose proxy has not named its client is judged
    /// when it does.
    fn connections_of<'a>(&'a self, target: &'a BanTarget) -> impl Iterator<Item = ConnId> + 'a {
        self.slots.iter().zip(0..).filter_map(move |(slot, index)| {
            let connection = slot.connection.as_ref()?;
            let session = &connection.session;
            if session.link() != Link::Open || session.awaits_header() {
                return None;
            }
            let (ip, cloaks) = (connection.peer.ip(), &self.options.cloaks);
            let nobody = OnceCell::new();
            let member = session.member().and_then(|member| self.world.member(member));
            let applies = match member.map(Member::person) {
                Some(person) => ban::applies_to_member(target, person, ip, cloaks),
                None => {
                    target.applies_to_address(ip, || nobody.get_or_init(|| ban::cloaked_nobody(ip, cloaks)))
                }
            };
            applies.then_some(ConnId { slot: index, generation: slot.generation })
        })
    }
}
