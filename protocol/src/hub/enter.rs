//! Accepting a connection, and making it a member.

use super::life::Phase;
use super::timers::ConnTimers;
use super::{Admission, Connection, Hub, Slot};
use crate::base::id::ConnId;
use crate::base::name::RoomName;
use crate::base::network::canonical;
use crate::base::person::Profile;
use crate::base::rate::Cost;
use crate::base::text::Text;
use crate::base::time::{DeadlineReason, Now};
use crate::base::via::Via;
use crate::dialect::Dialect;
use crate::dialect::action::{PasswordResult, Registration};
use crate::hub::console::ConsoleEvent;
use crate::hub::output::{Output, Sink};
use crate::log::close_reason::CloseReason;
use crate::log::command::{Command, NameRequest};
use crate::planted;
use crate::session::{Blocked, Session};
use core::net::SocketAddr;

/// The price of a connection for its address: others are told when a member enters and leaves.
const CONNECTION_COST: Cost = Cost::lines(4);

impl Hub {
    /// Admits or refuses a connection that the driver has accepted. One that comes through a proxy only gets a slot: it is
    /// admitted or refused when the proxy has named its client.
    pub(super) fn accepted(
        &mut self,
        now: Now,
        conn: ConnId,
        (dialect, via): (Dialect, Via),
        peer: SocketAddr,
        room: Option<&RoomName>,
        sink: &mut impl Sink,
    ) {
        if self.vacant() != Some(conn) {
            debug_assert!(false, "{conn} is not the vacant connection");
            return;
        }
        self.counters.accepted += 1;
        let peer = canonical(peer);
        let address =
            self.addresses.connect(peer.ip(), &self.options.trusted, self.limits.budgets_max, now.mono);
        let connection = Connection {
            session: Session::new(dialect, via, &self.options, &self.limits, now.mono),
            peer,
            address,
            ticket: None,
            admission: Admission::Open,
            room: room.cloned(),
            label: None,
            timers: ConnTimers::default(),
        };
        if self.vacant.pop().is_none() {
            self.slots.push(Slot { generation: 0, connection: None });
        }
        self.slots[conn.slot as usize].connection = Some(connection);
        sink.output(Output::Console(ConsoleEvent::Accepted { conn, peer }));
        let refused = self.refusal(peer, via);
        self.admitted += 1;
        match refused {
            Some(reason) => {
                self.charge_address(now, address, CONNECTION_COST);
                self.refuse(now, conn, reason, None, sink);
            }
            None if via != Via::Direct => self.expect_header(now, conn),
            None => self.admit(now, conn, sink),
        }
    }

    /// Admits or refuses a connection whose client is known, and charges the client's address for it.
    pub(super) fn admit(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        let Some(connection) = self.connection(conn) else { return };
        let (address, ip) = (connection.address, connection.peer.ip());
        let is_ready = self.address_is_ready(now, address);
        self.charge_address(now, address, CONNECTION_COST);
        if let Some(ban) = self.ban_on_address(now, ip) {
            let message = ban.message();
            return self.refuse(now, conn, CloseReason::Banned, message.as_ref(), sink);
        }
        if self.addresses.is_closed(address, now.mono) {
            return self.refuse(now, conn, CloseReason::KilledLately, None, sink);
        }
        if self.addresses.is_full(address, self.limits.connections_per_ip_max) {
            return self.refuse(now, conn, CloseReason::AddressFull, None, sink);
        }
        if let Some(connection) = self.connection(conn) {
            connection.admission = Admission::Admitted;
        }
        self.addresses.admit(address);
        if planted::waits_at_door(is_ready) {
            self.wait(now, conn, Some(Blocked::Address));
        } else {
            self.begin(now, conn, sink);
        }
    }

    /// Refuses a connection: tells it the reason, or closes it at once if too many are being told already.
    fn refuse(
        &mut self,
        now: Now,
        conn: ConnId,
        reason: CloseReason,
        message: Option<&Text>,
        sink: &mut impl Sink,
    ) {
        let is_told = self.refused < self.limits.refusals_max;
        let Some(connection) = self.connection(conn) else { return };
        connection.admission = if is_told { Admission::Refused } else { Admission::Dropped };
        let peer = connection.peer;
        self.admitted -= 1;
        self.refused += u32::from(is_told);
        sink.output(Output::Console(ConsoleEvent::Refused { peer, reason }));
        if is_told {
            return self.close_now(now, conn, reason, message, sink);
        }
        self.propose_leave(now, conn, reason, None, sink);
        if let Some(session) = self.session(conn) {
            session.close();
        }
        self.clear_timers(now, conn);
        self.report_closed(conn, reason, sink);
        sink.output(Output::Abort { conn });
    }

    /// Starts the detection of the dialect of an admitted connection, its registration, or its entrance.
    pub(super) fn begin(&mut self, now: Now, conn: ConnId, sink: &mut impl Sink) {
        let Some(session) = self.session(conn) else { return };
        session.begin();
        if session.listener() == Dialect::Auto {
            // The plain dialect has no way to send a password, so a silence is not taken for it before the time for a
            // registration is over.
            let ms = match self.options.identity.has_password {
                true => self.limits.registration_ms,
                false => self.limits.detect_ms,
            };
            self.set_timer(conn, DeadlineReason::Detect, now.mono.plus_ms(ms));
        } else if session.dialect().enters_at_once() {
            self.enter(now, conn, Registration { enters_room: true, ..Registration::default() }, sink);
        } else {
            self.expect_registration(now, conn);
        }
    }

    /// Proposes that a connection becomes a member. Closes the connection if it has not given the server's password.
    pub(super) fn enter(&mut self, now: Now, conn: ConnId, registration: Registration, sink: &mut impl Sink) {
        if self.options.identity.has_password && !registration.is_authenticated {
            // The session expects an `Enter` that is never proposed: without this, the slot would never be free.
            if let Some(session) = self.session(conn) {
                session.not_entered();
            }
            self.report_password(conn, PasswordResult::Wrong, sink);
            return self.close_now(now, conn, CloseReason::Password, None, sink);
        }
        // This clears the timers of detection and registration. If a line has to wait for the rate, `run` sets that
        // timer again.
        self.clear_timers(now, conn);
        self.stop_registration(now, conn);
        let Some(connection) = self.connection(conn) else { return };
        let peer = connection.peer;
        let room = connection.room.clone().filter(|_| registration.enters_room);
        let request = registration.name.map_or(NameRequest::Port(peer.port()), NameRequest::Name);
        let cloak = self.options.cloaks.host(planted::cloaked(peer.ip()));
        let profile = match registration.user {
            Some((user, real_name)) => Profile::new(&user, &cloak, &real_name),
            None => Profile::of_host(&cloak),
        };
        self.propose_entrance(now, conn, Command::Enter { request, profile, room }, sink);
    }

    /// Returns the reason to refuse a connection before it is known for whom it is made, if there is one.
    fn refusal(&self, peer: SocketAddr, via: Via) -> Option<CloseReason> {
        if self.phase != Phase::Serving {
            Some(CloseReason::Shutdown)
        } else if self.admitted >= self.limits.connections_max {
            Some(CloseReason::ServerFull)
        } else if via != Via::Direct && !self.is_proxy(peer.ip()) {
            Some(CloseReason::NotProxy)
        } else {
            None
        }
    }
}
