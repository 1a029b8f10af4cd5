//! How connections come in: who is let in, and how each enters.

use super::{Admission, Connection, Hub, Slot, Timers, ip_prefix};
use crate::base::id::ConnId;
use crate::base::name::RoomName;
use crate::base::person::Profile;
use crate::base::time::{DeadlineReason, Now};
use crate::hub::console::ConsoleEvent;
use crate::hub::input::Dialect;
use crate::hub::output::{Output, Sink};
use crate::log::command::{CloseReason, Command, NameRequest};
use crate::session::{Entrant, Session};
use core::net::{IpAddr, SocketAddr};

impl Hub {
    pub(super) fn accepted(
        &mut self,
        now: Now,
        conn: ConnId,
        dialect: Dialect,
        peer: SocketAddr,
        room: Option<&RoomName>,
        sink: &mut impl Sink,
    ) {
        if self.vacant() != Some(conn) {
            debug_assert!(false, "{conn} is not the vacant connection");
            return;
        }
        self.counters.accepted += 1;
        let refused = self.refusal(peer.ip());
        let session = match refused {
            None => Session::new(dialect, &self.options, &self.limits, now.mono),
            Some(_) => Session::refused(dialect, &self.options, &self.limits, now.mono),
        };
        let admission = match refused {
            None => Admission::Admitted,
            Some(_) if self.refused < self.limits.refusals_max => Admission::Refused,
            Some(_) => Admission::Dropped,
        };
        let room = room.cloned();
        let connection = Connection {
            session,
            peer,
            admission,
            room,
            label: None,
            timers: Timers::default(),
            registers_until: None,
        };
        if self.vacant.pop().is_none() {
            self.slots.push(Slot { generation: 0, connection: None });
        }
        self.slots[conn.slot as usize].connection = Some(connection);
        sink.output(Output::Console(ConsoleEvent::Accepted { conn, peer }));
        if let Some(reason) = refused {
            sink.output(Output::Console(ConsoleEvent::Refused { peer, reason }));
            if admission == Admission::Refused {
                self.refused += 1;
                self.say_farewell(now, conn, reason, None, sink);
            } else {
                self.report_closed(conn, reason, sink);
                sink.output(Output::Abort { conn });
            }
            return;
        }
        self.admitted += 1;
        *self.admitted_per_ip.entry(ip_prefix(peer.ip())).or_insert(0) += 1;
        match dialect {
            Dialect::Auto => {
                // Where nobody enters without a password, silence is not taken for a dialect that has none.
                let ms = match self.options.identity.has_password {
                    true => self.limits.registration_ms,
                    false => self.limits.detect_ms,
                };
                self.wait_until(conn, now.mono.plus_ms(ms), DeadlineReason::Detect);
            }
            Dialect::Irc => self.expect_registration(now, conn),
            Dialect::Plain => self.enter_plain(now, conn, NameRequest::Port(0), Entrant::Plain, sink),
        }
    }

    /// A client of IRC has a while to say who it is, and no longer where the name that it chose is taken.
    pub(super) fn expect_registration(&mut self, now: Now, conn: ConnId) {
        let latest = now.mono.plus_ms(self.limits.registration_ms);
        let Some(connection) = self.connection(conn) else { return };
        let until = *connection.registers_until.get_or_insert(latest);
        self.wait_until(conn, until, DeadlineReason::Register);
    }

    /// Proposes that a connection becomes a member.
    pub(super) fn propose_enter(
        &mut self,
        conn: ConnId,
        request: NameRequest,
        entrant: Entrant,
        sink: &mut impl Sink,
    ) {
        self.stop_waiting(conn);
        let Some(connection) = self.connection(conn) else { return };
        let peer = connection.peer;
        let (request, profile, room) = match entrant {
            Entrant::Irc { user, real_name } => (request, Profile::new(&user, peer.ip(), real_name), None),
            Entrant::Plain => {
                (NameRequest::Port(peer.port()), Profile::plain(peer.ip()), connection.room.clone())
            }
        };
        sink.output(Output::Propose { conn, command: Command::Enter { conn, request, profile, room } });
    }

    /// Why a connection from this address cannot be let in.
    pub(super) fn refusal(&self, ip: IpAddr) -> Option<CloseReason> {
        let from_ip = self.admitted_per_ip.get(&ip_prefix(ip)).copied().unwrap_or(0);
        if self.stopping {
            Some(CloseReason::Shutdown)
        } else if self.admitted >= self.limits.connections_max {
            Some(CloseReason::ServerFull)
        } else if !ip.to_canonical().is_loopback() && from_ip >= self.limits.connections_per_ip_max {
            Some(CloseReason::AddressFull)
        } else {
            None
        }
    }

    /// A connection enters that speaks the plain dialect, where nobody has to know a password.
    pub(super) fn enter_plain(
        &mut self,
        now: Now,
        conn: ConnId,
        request: NameRequest,
        entrant: Entrant,
        sink: &mut impl Sink,
    ) {
        if self.options.identity.has_password {
            // Nothing is under way that its slot would have to wait for.
            if let Some(session) = self.session(conn) {
                session.not_entered();
            }
            self.report_wrong_password(conn, sink);
            self.end(now, conn, CloseReason::Password, None, sink);
        } else {
            self.propose_enter(conn, request, entrant, sink);
        }
    }
}
