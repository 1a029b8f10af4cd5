//! Having passwords checked, and what follows from the result.

use super::Hub;
use crate::base::id::ConnId;
use crate::base::time::Now;
use crate::dialect::action::{Notice, Password, PasswordResult};
use crate::dialect::reply::Reply;
use crate::hub::console::ConsoleEvent;
use crate::hub::output::{Output, Sink};
use crate::log::close_reason::CloseReason;
use crate::world::Member;

impl Hub {
    /// Has a password checked. Meanwhile the time for a registration stands still.
    pub(super) fn check_password(
        &mut self,
        now: Now,
        conn: ConnId,
        password: &Password,
        sink: &mut impl Sink,
    ) {
        let Some(peer) = self.peer(conn) else { return };
        self.pause_registration(now, conn);
        sink.output(Output::CheckPassword {
            conn,
            address: peer.ip(),
            of: &password.of,
            password: &password.password,
        });
    }

    /// Takes the result of a password check.
    pub(super) fn password_checked(
        &mut self,
        now: Now,
        conn: ConnId,
        result: PasswordResult,
        sink: &mut impl Sink,
    ) {
        let Some(may_stay) = self.session(conn).and_then(|session| session.password_checked(result)) else {
            return;
        };
        self.resume_registration(now, conn);
        self.report_password(conn, result, sink);
        if may_stay {
            self.run(now, conn, sink);
        } else if result == PasswordResult::NotChecked {
            self.close_now(now, conn, CloseReason::PasswordNotChecked, None, sink);
        } else {
            self.respond(now, conn, &Reply::Notice(Notice::WrongPassword), sink);
            self.close_now(now, conn, CloseReason::Password, None, sink);
        }
    }

    /// Reports a password that was not right, or was missing, to the console.
    pub(super) fn report_password(&mut self, conn: ConnId, result: PasswordResult, sink: &mut impl Sink) {
        let Some(session) = self.session(conn) else { return };
        let (member, by_gateway) = (session.member(), session.awaits_header());
        let Some(peer) = self.peer(conn) else { return };
        let name = member.and_then(|member| self.world.member(member)).map(Member::name);
        sink.output(Output::Console(match result {
            PasswordResult::NotChecked => ConsoleEvent::PasswordNotChecked { name, peer },
            PasswordResult::Right => return,
            PasswordResult::Wrong => ConsoleEvent::PasswordWrong { by_gateway, name, peer },
        }));
    }
}
