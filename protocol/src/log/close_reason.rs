//! The reasons why connections close, and the texts for each.

use crate::base::language::Language;

macro_rules! close_reasons {
    ($($(#[$about:meta])* $name:ident { word: $word:literal, log: $log:expr, parting: $parting:literal, farewell: $farewell:expr, })*) => {
        /// The reason why a connection closes, and why its member leaves.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum CloseReason {
            $($(#[$about])* $name,)*
        }

        impl CloseReason {
            /// All reasons, in the order of the variants.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$name),*];

            /// Returns the word for the reason in log files: `slow_reader`.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Returns the text for the server's console.
            #[must_use]
            pub const fn log(self, language: Language) -> &'static str {
                let texts: [&'static str; Language::ALL.len()] = match self { $(Self::$name => $log,)* };
                texts[language as usize]
            }

            /// Returns the English text for other members.
            #[must_use]
            pub const fn parting(self) -> &'static str {
                match self { $(Self::$name => $parting,)* }
            }

            /// Returns the text for the person whose connection closes; `None` if nobody is there to read it.
            #[must_use]
            pub const fn farewell(self, language: Language) -> Option<&'static str> {
                let texts: Option<[&'static str; Language::ALL.len()]> = match self { $(Self::$name => $farewell,)* };
                match texts {
                    Some(texts) => Some(texts[language as usize]),
                    None => None,
                }
            }
        }
    };
}

close_reasons! {
    /// Its address has too many connections.
    AddressFull {
        word: "address_full",
        log: ["too many connections from its address", "来自该地址的连接过多"],
        parting: "Too many connections from your address",
        farewell: Some(["closed: too many connections from your address; try again later", "连接关闭：来自您地址的连接过多，请稍后再试"]),
    }
    /// An operator of the server has banned it.
    Banned {
        word: "banned",
        log: ["banned from the server", "被服务器封禁"],
        parting: "Banned",
        farewell: Some(["closed: you are banned from this server", "连接关闭：您已被本服务器封禁"]),
    }
    /// The client closed its side of the connection.
    EndOfInput {
        word: "end_of_input",
        log: ["end of input", "客户端关闭了连接"],
        parting: "Connection closed",
        farewell: None,
    }
    /// An operator of the server disconnected it.
    Killed {
        word: "killed",
        log: ["disconnected by an operator", "被管理员断开"],
        parting: "Killed",
        farewell: Some(["closed: an operator ended your connection", "连接关闭：管理员断开了您的连接"]),
    }
    /// An operator of the server disconnected a member of its address just before.
    KilledLately {
        word: "killed_lately",
        log: ["an operator just disconnected its address", "管理员刚刚断开过该地址"],
        parting: "An operator just disconnected your address",
        farewell: Some(["closed: an operator just disconnected your address; try again in a moment", "连接关闭：管理员刚刚断开了您的地址，请稍后再试"]),
    }
    /// It came to a listener for proxies or gateways from an address that is not that of one.
    NotProxy {
        word: "not_proxy",
        log: ["not from a proxy", "不是来自代理"],
        parting: "Not a proxy or gateway",
        farewell: Some(["closed: this port is for the proxies of this server; use its public address", "连接关闭：此端口只供本服务器的代理使用，请使用公开地址"]),
    }
    /// It was taken for plain and turned out to be IRC. Its member leaves; the connection stays open and starts again.
    OtherDialect {
        word: "other_dialect",
        log: ["switched to IRC", "改用 IRC"],
        parting: "Switched to IRC",
        farewell: None,
    }
    /// It speaks a protocol that Parlor does not support.
    OtherProtocol {
        word: "other_protocol",
        log: ["speaks another protocol", "使用其他协议"],
        parting: "Speaks another protocol",
        farewell: None,
    }
    /// The client sent no password, or a wrong one.
    Password {
        word: "password",
        log: ["missing or wrong password", "密码缺失或错误"],
        parting: "Password incorrect",
        farewell: Some(["closed: this server requires a password, which only IRC clients can send", "连接关闭：本服务器需要密码，只有 IRC 客户端能发送密码"]),
    }
    /// The client's password was not checked, because there are too many attempts.
    PasswordNotChecked {
        word: "password_not_checked",
        log: ["too many password attempts", "密码尝试次数过多"],
        parting: "Too many password attempts",
        farewell: Some(["closed: too many password attempts; try again later", "连接关闭：密码尝试次数过多，请稍后再试"]),
    }
    /// The client did not answer a `PING`.
    PingTimeout {
        word: "ping_timeout",
        log: ["no answer to PING", "没有回应 PING"],
        parting: "Ping timeout",
        farewell: Some(["closed: timed out", "连接关闭：连接超时"]),
    }
    /// The proxy or gateway in front of it sent no valid header.
    ProxyHeader {
        word: "proxy_header",
        log: ["no valid PROXY header or WEBIRC", "PROXY 头或 WEBIRC 无效"],
        parting: "Invalid PROXY header or WEBIRC",
        farewell: Some(["closed: the proxy of this server sent no valid PROXY header", "连接关闭：服务器的代理没有发送有效的 PROXY 头"]),
    }
    /// The proxy or gateway in front of it sent no header in time.
    ProxyTimeout {
        word: "proxy_timeout",
        log: ["no PROXY header or WEBIRC in time", "未及时收到 PROXY 头或 WEBIRC"],
        parting: "No PROXY header or WEBIRC",
        farewell: Some(["closed: the proxy of this server sent no PROXY header in time", "连接关闭：服务器的代理没有及时发送 PROXY 头"]),
    }
    /// The client sent `QUIT` or `/quit`.
    Quit {
        word: "quit",
        log: ["quit", "主动退出"],
        parting: "Quit",
        farewell: Some(["goodbye", "再见"]),
    }
    /// The client did not register in time.
    RegistrationTimeout {
        word: "registration_timeout",
        log: ["did not register in time", "未及时完成注册"],
        parting: "Registration timeout",
        farewell: Some(["closed: timed out", "连接关闭：连接超时"]),
    }
    /// The connection failed.
    Reset {
        word: "reset",
        log: ["connection lost", "连接中断"],
        parting: "Connection reset",
        farewell: None,
    }
    /// The process of its server ended without a word, and another has started.
    Restarted {
        word: "restarted",
        log: ["the server was restarted", "服务器已重启"],
        parting: "Server was restarted",
        farewell: Some(["closed: the server was restarted", "连接关闭：服务器已重启"]),
    }
    /// The server has too many connections.
    ServerFull {
        word: "server_full",
        log: ["the server is full", "服务器已满"],
        parting: "Server is full",
        farewell: Some(["closed: the server is full; try again later", "连接关闭：服务器已满，请稍后再试"]),
    }
    /// The server stops.
    Shutdown {
        word: "shutdown",
        log: ["the server is shutting down", "服务器关闭"],
        parting: "Server is shutting down",
        farewell: Some(["closed: the server is shutting down", "连接关闭：服务器即将关闭"]),
    }
    /// The client read too slowly: its backlog exceeded the limit.
    SlowReader {
        word: "slow_reader",
        log: ["reads too slowly", "接收过慢"],
        parting: "Connection too slow",
        farewell: Some(["closed: your connection was too slow, and some messages were dropped", "连接关闭：接收速度过慢，部分消息已丢弃"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_as_a_number_is_its_index_in_all() {
        for (index, reason) in CloseReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index, "{}", reason.word());
        }
    }
}
