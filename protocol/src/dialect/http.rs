//! The answer to an HTTP request: how to join.

use super::Dialect;
use crate::base::identity::Identity;
use crate::base::language::Language;
use alloc::format;
use alloc::string::String;

/// Returns a complete response (RFC 9112), after which the connection closes. It lists the clients that can join at
/// this listener.
pub(crate) fn answer(identity: &Identity, listener: Dialect, language: Language) -> String {
    let server = &identity.name;
    let (head, irc, irc_password, nothing) = match language {
        Language::En => (
            format!(
                "This is {server}, a chat server, not a web site.\n\nTo join, connect to this address and port with:\n\n"
            ),
            "- any IRC client, without TLS\n",
            "- any IRC client, without TLS, with the server's password\n",
            "- nothing: a password is required, and cannot be sent at this port\n",
        ),
        Language::Zh => (
            format!(
                "这里是聊天服务器 {server}，不是网站。\n\n要进入聊天室，请用以下方式连接此地址和端口：\n\n"
            ),
            "- 任意 IRC 客户端，不使用 TLS\n",
            "- 任意 IRC 客户端，不使用 TLS，并提供服务器密码\n",
            "- 无：服务器设有密码，而此端口无法发送密码\n",
        ),
    };
    // The plain dialect has no way to send a password.
    let plain = "- parlor chat HOST:PORT\n- nc HOST PORT\n";
    let (plain, irc) = match (listener, identity.has_password) {
        (Dialect::Auto, false) => (plain, irc),
        (Dialect::Auto | Dialect::Irc, true) => ("", irc_password),
        (Dialect::Irc, false) => ("", irc),
        (Dialect::Plain, false) => (plain, ""),
        // Listeners of a custom dialect do not detect HTTP.
        (Dialect::Custom(_), _) | (Dialect::Plain, true) => ("", nothing),
    };
    let length = head.len() + plain.len() + irc.len();
    format!(
        "HTTP/1.1 200 OK\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {length}\r\n\
         Connection: close\r\n\r\n{head}{plain}{irc}"
    )
}
