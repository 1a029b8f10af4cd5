//! The client's own words. What the server says is the server's.

use super::address::{Address, Failed};
use crate::locale::text;
use parlor_protocol::Language;
use std::io::{self, ErrorKind};

/// The texts in one language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texts {
    language: Language,
}

impl Texts {
    /// The texts in that language.
    pub(super) const fn new(language: Language) -> Self {
        Self { language }
    }

    /// Whoever has a terminal is told how to get out.
    pub(super) fn connected(self, peer: &str, has_keys: bool) -> String {
        match has_keys {
            true => {
                text!(self.language, "connected to {peer}; Ctrl-D leaves", "已连接到{peer};按 Ctrl-D 退出")
            }
            false => text!(self.language, "connected to {peer}", "已连接到{peer}"),
        }
    }

    /// In Chinese, the last word of the ancestor's client.
    pub(super) const fn left(self) -> &'static str {
        match self.language {
            Language::En => "left the chat room",
            Language::Zh => "已退出聊天室",
        }
    }

    /// Why there is no connection, and what to do about it.
    pub(super) fn cannot_connect(self, address: &Address, failed: &Failed) -> String {
        let why = match failed {
            Failed::Lookup(error) => text!(
                self.language,
                "the name cannot be looked up ({error}); is it spelled right, and is there a network?",
                "无法解析该名称({error});请检查拼写和网络"
            ),
            Failed::Connect(error) => self.why(address, error),
        };
        text!(self.language, "cannot connect to {address}: {why}", "无法连接{address}:{why}")
    }

    /// The connection did not end, it broke.
    pub(super) fn broken(self, error: &io::Error) -> String {
        text!(self.language, "the connection broke: {error}", "连接中断:{error}")
    }

    pub(super) const fn server_closed(self) -> &'static str {
        match self.language {
            Language::En => "the server closed the connection",
            Language::Zh => "服务器关闭了连接",
        }
    }

    /// The program's own input or output failed.
    pub(super) fn unusable(self, error: &io::Error) -> String {
        text!(
            self.language,
            "cannot read the input or write the output: {error}",
            "无法读取输入或写入输出:{error}"
        )
    }

    fn why(self, address: &Address, error: &io::Error) -> String {
        let command = address.serve_command();
        match error.kind() {
            ErrorKind::ConnectionRefused if address.is_here() => text!(
                self.language,
                "nothing listens there; start a server with `{command}`",
                "那里没有服务器;请用 `{command}` 启动一个"
            ),
            ErrorKind::ConnectionRefused => text!(
                self.language,
                "nothing listens there; is the port right, and is the server running?",
                "那里没有服务器;请检查端口,并确认服务器已启动"
            ),
            ErrorKind::TimedOut => text!(
                self.language,
                "no answer; is the address right, and does a firewall let you through? --connect-timeout-ms waits longer",
                "没有回应;请检查地址和防火墙,或用 --connect-timeout-ms 多等一会儿"
            ),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => text!(
                self.language,
                "there is no way to it ({error}); is the address right, and is there a network?",
                "无法到达({error});请检查地址和网络"
            ),
            _ => error.to_string(),
        }
    }
}
