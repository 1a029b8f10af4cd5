//! What whoever runs the server reads: who comes and goes, and what the server does about it.

use crate::config::ConfigError;
use crate::driver::{Counts, Ended, Observer};
use crate::locale::text;
use parlor_protocol::{CloseReason, ConsoleEvent, Language};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::Notify;
use tracing::{info, warn};

/// Tells it in the logs, in one language: in Chinese, in the words of the room's ancestor.
#[derive(Clone, Debug)]
pub struct Console {
    language: Language,
    /// Whom to tell when the configuration is to be read again.
    rehash: Arc<Notify>,
}

impl Console {
    /// A console in that language, which passes on that the configuration is to be read again.
    #[must_use]
    pub const fn new(language: Language, rehash: Arc<Notify>) -> Self {
        Self { language, rehash }
    }

    /// The server listens.
    pub fn started(&self, address: SocketAddr) {
        let text = text!(self.language, "listening on {address}", "服务器已启动,监听{address}");
        info!(event = "started", %address, "{text}");
    }

    /// The server listens where more than this machine can reach it, and nothing protects what is said.
    pub fn exposed(&self, address: SocketAddr) {
        let text = text!(
            self.language,
            "{address} can be reached from other machines, and what is said there, passwords too, goes unencrypted: \
             put it behind a firewall, a VPN or a TLS proxy",
            "其他机器可以连接{address},那里的话和密码都不加密:请把它放在防火墙、VPN 或 TLS 代理之后"
        );
        warn!(event = "exposed", %address, "{text}");
    }

    /// Something is odd about the configuration.
    pub fn warned(&self, warning: &str) {
        warn!(event = "configuration", "{warning}");
    }

    /// The configuration was read again, and what can change is as it says. These settings are to change when the
    /// server starts again.
    pub fn rehashed(&self, waiting: &[&str]) {
        let text = text!(self.language, "the configuration was read again", "已重新读取配置");
        info!(event = "rehashed", "{text}");
        if !waiting.is_empty() {
            let waiting = waiting.join(", ");
            let text = text!(
                self.language,
                "these settings change when the server starts again: {waiting}",
                "以下设置在服务器重启后生效:{waiting}"
            );
            warn!(event = "rehash_incomplete", "{text}");
        }
    }

    /// The configuration was to be read again, and is wrong.
    pub fn rehash_failed(&self, error: &ConfigError) {
        let text = text!(
            self.language,
            "the configuration was not read again, and all stays as it was: {error}",
            "配置未能重新读取,一切照旧:{error}"
        );
        warn!(event = "rehash_failed", "{text}");
    }

    /// The server has stopped.
    pub fn stopped(&self, ended: Ended) {
        match ended {
            Ended::Drained => {}
            Ended::CutOff(count) | Ended::Forced(count) => {
                let text = text!(
                    self.language,
                    "cut off before they took their last bytes: {count} of the connections",
                    "{count} 个连接没有收完就被切断"
                );
                warn!(event = "cut_off", connections = count, "{text}");
            }
        }
        let text = text!(self.language, "the chat room is closed", "聊天室已关闭");
        info!(event = "stopped", "{text}");
    }
}

impl Observer for Console {
    fn accepting_paused(&mut self, error: &io::Error) {
        use rustix::io::Errno;
        let out_of_files =
            [Errno::MFILE, Errno::NFILE].iter().any(|it| error.raw_os_error() == Some(it.raw_os_error()));
        let text = match out_of_files {
            true => text!(
                self.language,
                "accepting pauses, and those who wait are let in later: {error}; raise the limit of open files or \
                 lower connections_max",
                "暂停接受连接,等待者稍后进入:{error};请提高打开文件数的上限,或降低 connections_max"
            ),
            false => text!(
                self.language,
                "accepting pauses, and those who wait are let in later: {error}",
                "暂停接受连接,等待者稍后进入:{error}"
            ),
        };
        warn!(event = "accepting_paused", "{text}");
    }

    fn accepting_resumed(&mut self) {
        let text = text!(self.language, "connections are accepted again", "恢复接受连接");
        info!(event = "accepting_resumed", "{text}");
    }

    fn console(&mut self, event: &ConsoleEvent<'_>) {
        match *event {
            ConsoleEvent::Entered { name, peer } => {
                let text = text!(self.language, "{name} joined", "欢迎{name}进入聊天室");
                info!(event = "joined", %name, %peer, "{text}");
            }
            ConsoleEvent::Left { name, peer, reason, by: Some(by) } => {
                let why = why(reason, self.language);
                let text = text!(self.language, "{name} left: {why}, {by}", "{name}退出聊天室:{why}({by})");
                info!(event = "left", %name, %peer, reason = reason.word(), %by, "{text}");
            }
            ConsoleEvent::Left { name, peer, reason, by: None } => {
                let why = why(reason, self.language);
                let text = text!(self.language, "{name} left: {why}", "{name}退出聊天室:{why}");
                info!(event = "left", %name, %peer, reason = reason.word(), "{text}");
            }
            ConsoleEvent::PasswordWrong { name, peer } => {
                let text = match name {
                    Some(name) => text!(self.language, "{name} gave a wrong password", "{name}的密码错误"),
                    None => text!(self.language, "no password, or a wrong one", "没有密码或密码错误"),
                };
                warn!(event = "password_wrong", name = name.map(tracing::field::display), %peer, "{text}");
            }
            ConsoleEvent::Promoted { name, peer } => {
                let text =
                    text!(self.language, "{name} is an operator of the server now", "{name}成为服务器管理员");
                info!(event = "promoted", %name, %peer, "{text}");
            }
            ConsoleEvent::Refused { peer, reason } => {
                let why = why(reason, self.language);
                let text = text!(self.language, "refused: {why}", "拒绝:{why}");
                warn!(event = "refused", %peer, reason = reason.word(), "{text}");
            }
        }
    }

    fn counted(&mut self, counts: &Counts) {
        let closed: Vec<String> = CloseReason::ALL
            .iter()
            .zip(counts.hub.closed)
            .map(|(reason, count)| format!("{}={count}", reason.word()))
            .collect();
        info!(
            event = "counters",
            connections = counts.connections,
            members = counts.members,
            rooms = counts.rooms,
            accepted = counts.hub.accepted,
            entries = counts.hub.entries,
            lines = counts.hub.lines,
            deliveries = counts.outbox.deliveries,
            writes = counts.outbox.writes,
            backlogs = counts.outbox.blocked,
            backlog_bytes = counts.backlog_bytes,
            closed = closed.join(","),
            "{}",
            text!(self.language, "counters", "计数")
        );
    }

    fn rehash_wanted(&mut self) {
        self.rehash.notify_one();
    }

    fn stopping(&mut self) {
        let text = text!(self.language, "stopping: nobody is let in any more", "正在停止:不再接受连接");
        info!(event = "stopping", "{text}");
    }
}

/// The reason in a few words.
const fn why(reason: CloseReason, language: Language) -> &'static str {
    match (language, reason) {
        (Language::En, CloseReason::AddressFull) => "its address has as many connections as it may have",
        (Language::En, CloseReason::EndOfInput) => "end of input",
        (Language::En, CloseReason::Killed) => "ended by an operator",
        (Language::En, CloseReason::OtherDialect) => "was taken for plain, and begins again as IRC",
        (Language::En, CloseReason::Password) => "no password, or a wrong one",
        (Language::En, CloseReason::PingTimeout) => "did not answer",
        (Language::En, CloseReason::Quit) => "said goodbye",
        (Language::En, CloseReason::RegistrationTimeout) => "did not say who it is",
        (Language::En, CloseReason::Reset) => "the connection broke",
        (Language::En, CloseReason::ServerFull) => "the server is full",
        (Language::En, CloseReason::Shutdown) => "the server stops",
        (Language::En, CloseReason::SlowReader) => "read more slowly than the others wrote",
        (Language::Zh, CloseReason::AddressFull) => "该地址的连接数已满",
        (Language::Zh, CloseReason::EndOfInput) => "输入结束",
        (Language::Zh, CloseReason::Killed) => "被管理员断开",
        (Language::Zh, CloseReason::OtherDialect) => "原以为是纯文本,现改用 IRC",
        (Language::Zh, CloseReason::Password) => "没有密码或密码错误",
        (Language::Zh, CloseReason::PingTimeout) => "没有应答",
        (Language::Zh, CloseReason::Quit) => "告别",
        (Language::Zh, CloseReason::RegistrationTimeout) => "没有表明身份",
        (Language::Zh, CloseReason::Reset) => "连接中断",
        (Language::Zh, CloseReason::ServerFull) => "服务器已满",
        (Language::Zh, CloseReason::Shutdown) => "服务器停止",
        (Language::Zh, CloseReason::SlowReader) => "读得比别人写得慢",
    }
}
