//! What is written to an IRC client that is no answer to a question.

use super::capability::Capabilities;
use super::event::{Parting, cut};
use crate::dialect::event::Reply;
use bytes::BytesMut;
use core::fmt::Write;

/// The capabilities that change what rooms are told: a client's others make no wire class.
pub(crate) const WIRE: Capabilities = Capabilities::AWAY_NOTIFY
    .with(Capabilities::CHGHOST)
    .with(Capabilities::EXTENDED_JOIN)
    .with(Capabilities::INVITE_NOTIFY)
    .with(Capabilities::MESSAGE_TAGS)
    .with(Capabilities::SERVER_TIME)
    .with(Capabilities::SETNAME);

/// Appends the last words to a client (`ERROR`). Of the replies that the dialects share there is no other one: the
/// rest are numerics.
pub(crate) fn farewell(reply: &Reply<'_>, to: &mut BytesMut) {
    if let Reply::Farewell { reason, message } = *reply {
        let parting = Parting { reason, message };
        let start = to.len();
        write!(to, "ERROR :Closing link: {parting}").expect("a buffer takes what it is given");
        cut(to, start);
        to.extend_from_slice(b"\r\n");
    }
}
