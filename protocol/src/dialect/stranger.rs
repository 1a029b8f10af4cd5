//! The answers to connections that speak a protocol which the listener does not.

use super::Dialect;
use crate::base::identity::Identity;
use crate::base::language::Language;
use crate::framing::sniff::{Kind, Protocol};
use alloc::format;
use alloc::string::String;

/// Returns the last bytes for such a connection: an error of its own protocol where that is a line, a line of text where
/// it can read one, and nothing otherwise. The line of text says how to go on, since a person may have been taken for
/// a program.
pub(crate) fn answer(kind: Kind, identity: &Identity, listener: Dialect, language: Language) -> String {
    let server = &identity.name;
    match kind {
        Kind::Http => super::http::answer(identity, listener, language),
        Kind::Irc => format!("ERROR :Closing link: IRC is not spoken at this port of {server}\r\n"),
        Kind::Stranger(Protocol::Redis) => format!("-ERR {server} is a chat room\r\n"),
        Kind::Stranger(Protocol::Smtp) => format!("554 {server} is a chat room\r\n"),
        Kind::Stranger(Protocol::Nntp) => format!("400 {server} is a chat room\r\n"),
        Kind::Stranger(Protocol::Imap) => format!("* BYE {server} is a chat room\r\n"),
        Kind::Stranger(Protocol::Webirc) => {
            format!("ERROR :Closing link: WEBIRC is not accepted at this port of {server}\r\n")
        }
        Kind::Stranger(protocol) if protocol.is_text() => match language {
            Language::En => format!(
                "* this server does not speak {}, and your line was not sent; to chat, connect again and start with a \
                 different line\n",
                protocol.name()
            ),
            Language::Zh => format!(
                "* 此服务器不支持 {}，您的内容没有发送；如要聊天，请重新连接，并先发送其他内容\n",
                protocol.name()
            ),
        },
        Kind::Doubt | Kind::Plain | Kind::Stranger(_) | Kind::Tls => String::new(),
    }
}
