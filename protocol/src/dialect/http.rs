//! What a client of HTTP is told: the ways in. (A page of its own comes later.)

use crate::identity::Identity;
use alloc::format;
use alloc::string::String;

/// A whole response (RFC 9112), after which the connection closes.
pub(crate) fn answer(identity: &Identity) -> String {
    let body = format!(
        "This is {}, a chat room, and no web page.\n\n\
         There are these ways in, all at this address and port:\n\n\
         - parlor chat HOST:PORT\n\
         - nc HOST PORT\n\
         - any IRC client, without TLS\n",
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
