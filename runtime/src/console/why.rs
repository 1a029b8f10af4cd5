//! The reasons why connections close, in the words of the logs.

use parlor_protocol::{CloseReason, Language};

/// The reason in a few words.
pub(super) const fn why(reason: CloseReason, language: Language) -> &'static str {
    match (language, reason) {
        (Language::En, CloseReason::AddressFull) => "too many connections from its address",
        (Language::En, CloseReason::EndOfInput) => "end of input",
        (Language::En, CloseReason::Killed) => "disconnected by an operator",
        (Language::En, CloseReason::OtherDialect) => "switched to IRC",
        (Language::En, CloseReason::OtherProtocol) => "speaks another protocol",
        (Language::En, CloseReason::Password) => "missing or wrong password",
        (Language::En, CloseReason::PingTimeout) => "no answer to PING",
        (Language::En, CloseReason::Quit) => "quit",
        (Language::En, CloseReason::RegistrationTimeout) => "did not register in time",
        (Language::En, CloseReason::Reset) => "connection lost",
        (Language::En, CloseReason::ServerFull) => "the server is full",
        (Language::En, CloseReason::Shutdown) => "the server is shutting down",
        (Language::En, CloseReason::SlowReader) => "reads too slowly",
        (Language::Zh, CloseReason::AddressFull) => "来自该地址的连接过多",
        (Language::Zh, CloseReason::EndOfInput) => "客户端关闭了连接",
        (Language::Zh, CloseReason::Killed) => "被管理员断开",
        (Language::Zh, CloseReason::OtherDialect) => "改用 IRC",
        (Language::Zh, CloseReason::OtherProtocol) => "使用其他协议",
        (Language::Zh, CloseReason::Password) => "密码缺失或错误",
        (Language::Zh, CloseReason::PingTimeout) => "没有回应 PING",
        (Language::Zh, CloseReason::Quit) => "主动退出",
        (Language::Zh, CloseReason::RegistrationTimeout) => "未及时完成注册",
        (Language::Zh, CloseReason::Reset) => "连接中断",
        (Language::Zh, CloseReason::ServerFull) => "服务器已满",
        (Language::Zh, CloseReason::Shutdown) => "服务器关闭",
        (Language::Zh, CloseReason::SlowReader) => "接收过慢",
    }
}
