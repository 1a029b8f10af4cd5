//! Closing a connection from the server's side.

use super::Hub;
use crate::base::id::ConnId;
use crate::base::text::Text;
use crate::base::time::{DeadlineReason, Now};
use crate::dialect::reply::Reply;
use crate::dialect::stranger;
use crate::framing::sniff::Kind;
use crate::hub::console::ConsoleEvent;
use crate::hub::output::{Output, Sink};
use crate::log::close_reason::CloseReason;
use crate::session::Session;

impl Hub {
    /// Writes the farewell and starts closing, if the connection is open.
    pub(super) fn close(
        &mut self,
        now: Now,
        conn: ConnId,
        reason: CloseReason,
        message: Option<&Text>,
        sink: &mut impl Sink,
    ) {
        self.cut_label(conn, sink);
        if self.session(conn).is_some_and(Session::close) {
            self.say_farewell(now, conn, reason, message, sink);
        }
    }

    /// Writes the farewell in the connection's dialect, and starts closing.
    pub(super) fn say_farewell(
        &mut self,
        now: Now,
        conn: ConnId,
        reason: CloseReason,
        message: Option<&Text>,
        sink: &mut impl Sink,
    ) {
        let mut farewell = self.take_scratch();
        let reply = Reply::Farewell { reason, message };
        self.compose(now, conn, &mut farewell, |dialect, view, answer| dialect.reply(&reply, view, answer));
        self.begin_closing(now, conn, reason, &farewell, sink);
        self.scratch = farewell;
    }

    /// Starts closing: after `farewell` nothing is written. The close timer is the only one that is left.
    pub(super) fn begin_closing(
        &mut self,
        now: Now,
        conn: ConnId,
        reason: CloseReason,
        farewell: &[u8],
        sink: &mut impl Sink,
    ) {
        self.report_closed(conn, reason, sink);
        let at = now.mono.plus_ms(self.limits.close_timeout_ms);
        self.watches.forget(conn);
        let Some(connection) = self.connection(conn) else { return };
        connection.label = None;
        self.clear_timers(now, conn);
        self.set_timer(conn, DeadlineReason::Close, at);
        sink.output(Output::Close { conn, reason, farewell });
    }

    /// Closes a connection that speaks a protocol that its listener does not serve, with an answer in that protocol if
    /// there is one.
    pub(super) fn turn_away(&mut self, now: Now, conn: ConnId, kind: Kind, sink: &mut impl Sink) {
        let Some(connection) = self.connection(conn) else { return };
        let (peer, listener) = (connection.peer, connection.session.listener());
        sink.output(Output::Console(ConsoleEvent::TurnedAway { peer, kind }));
        self.propose_leave(now, conn, CloseReason::OtherProtocol, None, sink);
        if self.session(conn).is_some_and(Session::close) {
            let answer = stranger::answer(kind, &self.options.identity, listener, self.options.language);
            self.begin_closing(now, conn, CloseReason::OtherProtocol, answer.as_bytes(), sink);
        }
    }
}
