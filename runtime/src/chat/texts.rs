//! The client's own texts for the user, in one language.

use super::address::{Address, AddressError, ConnectError};
use super::handshake::{RefusedRequest, Request};
use super::notes;
use super::options::OptionsError;
use super::paste::{PASTE_BYTES_MAX, PASTE_LINES_MAX};
use crate::locale::text;
use parlor_protocol::plain::{Mistake, Note};
use parlor_protocol::{CloseReason, Language};
use std::io::{self, ErrorKind};
use std::time::Duration;

/// The client's texts in one language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texts {
    language: Language,
}

impl Texts {
    /// Creates the texts in that language.
    pub(super) const fn new(language: Language) -> Self {
        Self { language }
    }

    /// Says that the client is connected and, on a terminal, how to leave.
    pub(super) fn connected(self, peer: &str, has_keys: bool) -> String {
        match has_keys {
            true => {
                text!(
                    self.language,
                    "connected to {peer}; press Ctrl-D to leave",
                    "已连接到 {peer}，按 Ctrl-D 退出"
                )
            }
            false => text!(self.language, "connected to {peer}", "已连接到 {peer}"),
        }
    }

    /// Says that the user has left. The Chinese text is that of the ancestor's client.
    pub(super) const fn left(self) -> &'static str {
        match self.language {
            Language::En => "left the chat room",
            Language::Zh => "已退出聊天室",
        }
    }

    /// Says why the connection could not be made, with advice.
    pub(super) fn cannot_connect(self, address: &Address, failed: &ConnectError) -> String {
        let why = match failed {
            ConnectError::Lookup(error) => text!(
                self.language,
                "the host name cannot be resolved ({error}); check its spelling and your network",
                "无法解析主机名（{error}），请检查拼写和网络"
            ),
            ConnectError::Connect(error) => self.connect_error_advice(address, error),
        };
        text!(self.language, "cannot connect to {address}: {why}", "无法连接 {address}：{why}")
    }

    /// Says that the connection was lost by an error.
    pub(super) fn connection_broken(self, error: &io::Error) -> String {
        text!(self.language, "the connection broke: {error}", "连接中断：{error}")
    }

    pub(super) const fn server_closed(self) -> &'static str {
        match self.language {
            Language::En => "the server closed the connection",
            Language::Zh => "服务器关闭了连接",
        }
    }

    /// Says that the server refused a request, and why.
    pub(super) fn refused(self, refused: &RefusedRequest) -> String {
        let RefusedRequest { request, reason } = refused;
        let reason = reason.as_deref().unwrap_or("?");
        match request {
            Request::Name(_) => text!(
                self.language,
                "the name {request} was refused: {reason}; nothing was sent",
                "未能使用名字 {request}：{reason}；没有发送任何内容"
            ),
            Request::Room(_) => text!(
                self.language,
                "entering {request} was refused: {reason}; nothing was sent",
                "未能进入房间 {request}：{reason}；没有发送任何内容"
            ),
        }
    }

    /// Says that the server did not answer a request, which the ancestor's server never does.
    pub(super) fn unanswered(self, request: &Request) -> String {
        let line = request.line();
        let command = line.split(' ').next().unwrap_or_default();
        text!(
            self.language,
            "the server did not answer {command} {request}; it may not support commands, so try again without \
             --name and --room; nothing else was sent",
            "服务器没有回应 {command} {request}；它可能不支持命令，请去掉 --name 和 --room 再试；没有发送其他内容"
        )
    }

    /// Says that the server refused the connection, and why.
    pub(super) fn rejected(self, reason: CloseReason) -> String {
        let reason = notes::farewell(reason, self.language);
        text!(self.language, "the server did not let you in: {reason}", "服务器拒绝了连接：{reason}")
    }

    /// Says what is wrong with the command line.
    pub(super) fn options_error(self, wrong: &OptionsError) -> String {
        let not_a = |mistake: &Mistake| notes::rendered(&Note::Mistaken(mistake), self.language);
        match wrong {
            OptionsError::Address { text, why } => {
                let why = self.bad_address(why);
                text!(self.language, "invalid server address {text}: {why}", "无效的服务器地址 {text}：{why}")
            }
            OptionsError::Key => text!(
                self.language,
                "--key: a key has at most 23 bytes, contains no space or comma, and does not begin with a colon",
                "--key：口令最多 23 字节，不能含空格或逗号，不能以冒号开头"
            ),
            OptionsError::KeyWithoutRoom => text!(
                self.language,
                "--key is for a room: name the room with --room",
                "--key 是房间的口令，请同时用 --room 指定房间"
            ),
            OptionsError::Name(error) => {
                let note = not_a(&Mistake::BadName(*error));
                let why = notes::without_mark(&note);
                text!(self.language, "--name: {why}", "--name：{why}")
            }
            OptionsError::Room(error) => {
                let note = not_a(&Mistake::BadRoom(*error));
                let why = notes::without_mark(&note);
                text!(self.language, "--room: {why}", "--room：{why}")
            }
            OptionsError::TwoRooms(there, room) => text!(
                self.language,
                "the address names the room {there}, but --room names {room}; give only one of them",
                "地址中的房间是 {there}，--room 却是 {room}，请只指定一个"
            ),
        }
    }

    fn bad_address(self, why: &AddressError) -> String {
        match why {
            AddressError::Form => text!(
                self.language,
                "usage: HOST, HOST:PORT, [IPV6]:PORT or auto://HOST:PORT/ROOM, with a port from 1 to 65535",
                "用法：HOST、HOST:PORT、[IPV6]:PORT 或 auto://HOST:PORT/ROOM，端口为 1 到 65535"
            ),
            AddressError::Irc => text!(
                self.language,
                "irc:// is for IRC clients, and parlor chat is not one; use the server's auto:// or plain:// address",
                "irc:// 只供 IRC 客户端使用；请改用服务器的 auto:// 或 plain:// 地址"
            ),
            AddressError::Room(error) => {
                let note = notes::rendered(&Note::Mistaken(&Mistake::BadRoom(*error)), self.language);
                notes::without_mark(&note).to_owned()
            }
            AddressError::Scheme(scheme) => text!(
                self.language,
                "{scheme}:// addresses are not supported; use the server's auto:// or plain:// address",
                "不支持 {scheme}:// 地址；请使用服务器的 auto:// 或 plain:// 地址"
            ),
            AddressError::Tls => text!(
                self.language,
                "TLS is not supported yet; use the server's auto:// or plain:// address",
                "暂不支持 TLS；请使用服务器的 auto:// 或 plain:// 地址"
            ),
        }
    }

    /// Returns the prompt while disconnected.
    pub(super) const fn disconnected_prompt(self) -> &'static str {
        match self.language {
            Language::En => "(not connected) > ",
            Language::Zh => "（未连接）> ",
        }
    }

    pub(super) const fn reconnecting(self) -> &'static str {
        match self.language {
            Language::En => "reconnecting; press Ctrl-C to leave",
            Language::Zh => "正在重新连接，按 Ctrl-C 退出",
        }
    }

    /// Says that a line was not sent.
    pub(super) fn not_sent(self, line: &str) -> String {
        text!(self.language, "not sent: {line}", "未发送：{line}")
    }

    /// Says how many further lines were not sent.
    pub(super) fn more_not_sent(self, count: usize) -> String {
        let lines = if count == 1 { "line" } else { "lines" };
        text!(self.language, "not sent: {count} more {lines}", "未发送：另有 {count} 行")
    }

    /// Says that the last message may not have arrived.
    pub(super) const fn perhaps_not_sent(self) -> &'static str {
        match self.language {
            Language::En => "your last message may not have arrived",
            Language::Zh => "您最后发送的消息可能没有送达",
        }
    }

    /// Says that a line is kept because Enter was pressed while disconnected.
    pub(super) const fn line_kept(self) -> &'static str {
        match self.language {
            Language::En => {
                "not connected, so your line was not sent; it is kept, press Enter again after reconnecting"
            }
            Language::Zh => "未连接，没有发送；这一行已保留，重新连接后请再按回车",
        }
    }

    /// Says that the connection was restored after this time.
    pub(super) fn reconnected(self, away: Duration, has_history: bool) -> String {
        let seconds = away.as_secs();
        let time = match seconds {
            0..120 => text!(self.language, "{seconds} s", "{seconds} 秒"),
            _ => {
                let minutes = seconds / 60;
                text!(self.language, "{minutes} min", "{minutes} 分钟")
            }
        };
        match has_history {
            true => text!(
                self.language,
                "reconnected after {time}; you missed the messages sent meanwhile, /history shows recent ones",
                "已重新连接，中断了 {time}；期间的消息没有收到，输入 /history 查看最近的聊天记录"
            ),
            false => text!(
                self.language,
                "reconnected after {time}; you missed the messages sent meanwhile",
                "已重新连接，中断了 {time}；期间的消息没有收到"
            ),
        }
    }

    /// Says that the name was refused, perhaps because the lost connection still holds it.
    pub(super) fn name_not_free(self, refused: &RefusedRequest) -> String {
        let RefusedRequest { request, reason } = refused;
        let reason = reason.as_deref().unwrap_or("?");
        text!(
            self.language,
            "the name {request} is not available yet ({reason}); your old connection may still hold it, trying again",
            "名字 {request} 暂时不能使用（{reason}），可能仍被断开的连接占用，正在重试"
        )
    }

    pub(super) const fn left_disconnected(self) -> &'static str {
        match self.language {
            Language::En => "left before the connection was restored",
            Language::Zh => "连接尚未恢复，已退出",
        }
    }

    pub(super) const fn reconnect_failed(self) -> &'static str {
        match self.language {
            Language::En => "the connection could not be restored",
            Language::Zh => "无法恢复连接",
        }
    }

    /// Asks whether to send the lines of a paste, with the number of commands among them.
    pub(super) fn confirm_paste(self, lines: usize, commands: usize) -> String {
        match commands {
            0 => text!(self.language, "send {lines} lines? [y/N] ", "发送 {lines} 行？[y/N] "),
            _ => text!(
                self.language,
                "send {lines} lines, commands among them: {commands}? [y/N] ",
                "发送 {lines} 行，其中 {commands} 行是命令？[y/N] "
            ),
        }
    }

    /// Says that a paste was not sent.
    pub(super) const fn paste_dropped(self) -> &'static str {
        match self.language {
            Language::En => "nothing was sent",
            Language::Zh => "没有发送任何内容",
        }
    }

    pub(super) fn paste_too_long(self) -> String {
        let (lines, bytes) = (PASTE_LINES_MAX, PASTE_BYTES_MAX >> 10);
        text!(
            self.language,
            "nothing was sent: you can paste at most {lines} lines and {bytes} KiB at once",
            "没有发送任何内容：一次最多粘贴 {lines} 行、{bytes} KiB"
        )
    }

    /// Says that standard input or output failed.
    pub(super) fn io_failed(self, error: &io::Error) -> String {
        text!(
            self.language,
            "cannot read the input or write the output: {error}",
            "无法读取输入或写入输出：{error}"
        )
    }

    fn connect_error_advice(self, address: &Address, error: &io::Error) -> String {
        let command = address.serve_command();
        match error.kind() {
            ErrorKind::ConnectionRefused if address.is_local() => text!(
                self.language,
                "no server is listening there; start one with `{command}`",
                "该地址没有服务器，可以用 `{command}` 启动一个"
            ),
            ErrorKind::ConnectionRefused => text!(
                self.language,
                "no server is listening there; check the port, and that the server is running",
                "该地址没有服务器，请检查端口，并确认服务器已启动"
            ),
            ErrorKind::TimedOut => text!(
                self.language,
                "no answer; check the address and the firewall, or wait longer with --connect-timeout-ms",
                "没有回应，请检查地址和防火墙，或用 --connect-timeout-ms 延长等待时间"
            ),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => text!(
                self.language,
                "it cannot be reached ({error}); check the address and your network",
                "无法到达（{error}），请检查地址和网络"
            ),
            _ => error.to_string(),
        }
    }
}
