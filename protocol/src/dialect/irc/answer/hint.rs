//! Hints for persons who were taken for IRC clients.

use crate::base::language::Language;
use crate::dialect::irc::query::{Answers, Hint};

/// Writes the hint as a notice, in the language of the server.
pub(super) fn hint(hint: Hint, language: Language, to: &mut Answers<'_>) {
    let text = match (hint, language) {
        (Hint::Left, Language::En) => {
            "To chat without IRC, connect again and start with something other than NICK, USER, PASS or CAP"
        }
        (Hint::OnlyIrc, Language::En) => {
            "This port speaks only IRC: send NICK and USER first; nothing you type before them is sent to anyone. To \
             disconnect: /quit"
        }
        (Hint::Switched, Language::En) => {
            "Your first line looked like that of an IRC client, so this connection now speaks IRC. If you typed it \
             yourself: /quit, connect again, and start with a different line"
        }
        (Hint::Unregistered, Language::En) => {
            "This connection speaks IRC: send NICK and USER first; nothing you type before them is sent to anyone. To \
             chat without IRC: /quit, connect again, and start with a different line"
        }
        (Hint::Left, Language::Zh) => "如不使用 IRC 聊天，请重新连接，不要以 NICK、USER、PASS 或 CAP 开头",
        (Hint::OnlyIrc, Language::Zh) => {
            "此端口只支持 IRC：请先发送 NICK 和 USER，在此之前的内容都不会发送。输入 /quit 断开连接"
        }
        (Hint::Switched, Language::Zh) => {
            "您的第一行像是 IRC 客户端发送的，此连接已改用 IRC。如果是您手动输入的，请输入 /quit 断开，重新连接后先发送其他内容"
        }
        (Hint::Unregistered, Language::Zh) => {
            "此连接使用 IRC：请先发送 NICK 和 USER，在此之前的内容都不会发送。如不使用 IRC，请输入 /quit 断开，重新连接后先发送其他内容"
        }
    };
    to.message(format_args!("NOTICE * :{text}"));
}
