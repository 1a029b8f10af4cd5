//! Answers to clients of protocols that the listener does not serve.

use super::Dialect;
use crate::base::identity::Identity;
use crate::base::language::Language;
use crate::framing::sniff::{Kind, Protocol};
use alloc::format;
use alloc::string::String;

/// Returns the last bytes for a connection with this protocol: an error in the protocol itself if that is one line, a
/// line of text if the protocol is text, and nothing otherwise. The line of text tells how to join, because the client
/// may be a person whose first line looked like another protocol.
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
