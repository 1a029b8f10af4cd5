//! What a client of HTTP is told: the ways in. (A page of its own comes later.)

use crate::identity::Identity;
use crate::input::Dialect;
use alloc::format;
use alloc::string::String;

/// A whole response (RFC 9112), after which the connection closes. It names the ways in that are open at this listener.
pub(crate) fn answer(identity: &Identity, listener: Dialect) -> String {
    // Who speaks the plain dialect cannot give a password.
    let plain = "- parlor chat HOST:PORT\n- nc HOST PORT\n";
    let (plain, irc) = match (listener, identity.has_password) {
        (Dialect::Auto, false) => (plain, "- any IRC client, without TLS\n"),
        (Dialect::Auto | Dialect::Irc, true) => {
            ("", "- any IRC client, without TLS, with the server's password\n")
        }
        (Dialect::Irc, false) => ("", "- any IRC client, without TLS\n"),
        (Dialect::Plain, false) => (plain, ""),
        (Dialect::Plain, true) => ("", "- none: a password is required, and cannot be given here\n"),
    };
    let body = format!(
        "This is {}, a chat room, and no web page.\n\nThe ways in at this address and port:\n\n{plain}{irc}",
        identity.name
    );
    format!(
        "HTTP/1.1 200 OK\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}
