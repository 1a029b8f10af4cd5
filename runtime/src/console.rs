//! The logs: members that come and go, with their names; acts of moderators; events of the server.
//!
//! Each level includes those above it:
//!
//! | level | what is logged |
//! |---|---|
//! | `error` | the server cannot do its work: it cannot start or accept connections, or it has a bug |
//! | `warn` | the server works, but its operator may want to act: wrong passwords, refused connections, odd settings |
//! | `info` | start and stop, members that come and go, with their names, every act of a moderator |
//! | `debug` | each connection and its protocol, rooms entered and left, refused commands |
//! | `trace` | each input of the core, with its number of bytes |
//!
//! No message, password or key of a room is logged at any level.

mod limit;
mod log_state;
mod passwords;
mod recording;
mod start;

use crate::config::ConfigError;
use crate::driver::{Counts, Ended, Observer};
use crate::locale::{Bilingual, text};
use crate::recording::RecordingError;
use limit::{RecordKind, RecordLimits};
use parlor_protocol::{CloseReason, ConsoleEvent, Input, Instant, Language, Now, Utc};
use passwords::PasswordCounts;
use std::io;
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, watch};
use tracing::{debug, error, info, trace, warn};

/// The writer of the logs, in one language. Chinese texts that the ancestor of Parlor had keep its words.
#[derive(Clone, Debug)]
pub struct Console {
    language: Language,
    limits: Arc<RecordLimits>,
    /// The time of the input that is handled.
    now: Instant,
    /// The counters, as they were when somebody asked.
    counts: Arc<watch::Sender<Option<Counts>>>,
    /// Notified when an operator asks to reload the configuration.
    rehash: Arc<Notify>,
    /// The passwords that were not right in this period.
    passwords: Arc<Mutex<PasswordCounts>>,
}

impl Console {
    /// Creates a console in that language, which notifies `rehash` when an operator asks to reload the configuration.
    #[must_use]
    pub fn new(language: Language, rehash: Arc<Notify>) -> Self {
        let (limits, passwords, counts) = (Arc::default(), Arc::default(), Arc::default());
        Self { language, limits, now: Instant::ZERO, counts, rehash, passwords }
    }

    /// Returns a receiver of the counters, after each [`Control::Measure`](crate::driver::Control::Measure).
    pub(crate) fn counts(&self) -> watch::Receiver<Option<Counts>> {
        self.counts.subscribe()
    }

    /// Logs a warning about the configuration.
    pub fn config_warning(&self, warning: &Bilingual) {
        let warning = warning.in_language(self.language);
        warn!(event = "configuration", "{warning}");
    }

    /// Logs that the configuration was reloaded. `waiting` names the settings that take effect only after a restart.
    pub fn rehashed(&self, waiting: &[&str]) {
        info!(event = "rehashed", "{}", text!(self.language, "configuration reloaded", "已重新加载配置"));
        if !waiting.is_empty() {
            let separator = text!(self.language, ", ", "、");
            let waiting = waiting.join(&separator);
            let text = text!(
                self.language,
                "these settings take effect after a restart: {waiting}",
                "以下设置在服务器重启后生效：{waiting}"
            );
            warn!(event = "rehash_incomplete", "{text}");
        }
    }

    /// Logs that the configuration could not be reloaded.
    pub fn rehash_failed(&self, error: &ConfigError) {
        let error = error.in_language(self.language);
        let text = text!(
            self.language,
            "configuration not reloaded, nothing has changed: {error}",
            "重新加载配置失败，设置保持不变：{error}"
        );
        warn!(event = "rehash_failed", "{text}");
    }

    /// Logs that the server has stopped.
    pub fn stopped(&self, ended: Ended) {
        self.log_passwords_of_period();
        self.log_left_out_of_period();
        match ended {
            Ended::Drained | Ended::LifeOver => {}
            Ended::CutOff(0) | Ended::Forced(0) | Ended::LogUnfinished(0) => {}
            Ended::CutOff(count) | Ended::Forced(count) | Ended::LogUnfinished(count) => {
                let text = text!(
                    self.language,
                    "connections cut off, for their clients did not close them in time: {count}",
                    "客户端未及时关闭、被强制断开的连接：{count} 个"
                );
                warn!(event = "cut_off", connections = count, "{text}");
            }
        }
        if let Ended::LogUnfinished(_) = ended {
            let text = text!(
                self.language,
                "the log could not be finished in time: what anybody was told is in it, but what was sent last and told to nobody may be \
                 missing",
                "日志未能及时写完：已经发出的内容都在其中，但最后发送、尚未向任何人显示的内容可能缺失"
            );
            error!(event = "log_unfinished", "{text}");
        }
        info!(event = "stopped", "{}", text!(self.language, "the chat room is closed", "聊天室已关闭"));
    }

    /// Logs members that come, go or change their names, and clients that are refused.
    fn log_membership(&self, event: &ConsoleEvent<'_>) {
        let language = self.language;
        match *event {
            ConsoleEvent::Entered { member, dialect } => {
                let (name, peer) = (member.name, member.peer);
                let text = text!(language, "{name} joined", "欢迎{name}进入聊天室");
                info!(event = "joined", %name, %peer, %dialect, "{text}");
            }
            ConsoleEvent::Left { member, reason, by: Some(by) } => {
                let (name, peer, by_peer, by) = (member.name, member.peer, by.peer, by.name);
                let text = text!(
                    language,
                    "{name} left: disconnected by {by}",
                    "{name}退出聊天室：被管理员 {by} 断开"
                );
                info!(event = "left", %name, %peer, reason = reason.word(), %by, %by_peer, "{text}");
            }
            ConsoleEvent::Left { member, reason, by: None } => {
                let (name, peer, why) = (member.name, member.peer, reason.log(language));
                let text = text!(language, "{name} left: {why}", "{name}退出聊天室：{why}");
                info!(event = "left", %name, %peer, reason = reason.word(), "{text}");
            }
            ConsoleEvent::PasswordNotChecked { name, peer } => self.log_unchecked_password(name, peer),
            ConsoleEvent::PasswordWrong { by_gateway, name, peer } => {
                self.log_wrong_password(by_gateway, name, peer);
            }
            ConsoleEvent::Refused { peer, reason } => {
                let why = reason.log(language);
                let text = text!(language, "connection refused: {why}", "拒绝连接：{why}");
                warn!(event = "refused", %peer, reason = reason.word(), "{text}");
            }
            ConsoleEvent::Renamed { member, from } => {
                let (name, peer) = (member.name, member.peer);
                let text = text!(language, "{from} is now {name}", "{from} 改名为 {name}");
                info!(event = "renamed", %from, %name, %peer, "{text}");
            }
            ConsoleEvent::TurnedAway { peer, kind } => {
                let protocol = kind.name();
                let text = text!(
                    language,
                    "turned away: {protocol} is not supported at this port",
                    "已拒绝：此端口不支持 {protocol}"
                );
                info!(event = "turned_away", %peer, protocol, "{text}");
            }
            _ => {}
        }
    }

    /// Logs changes to a room or to its members.
    fn log_room_action(&self, event: &ConsoleEvent<'_>) {
        let language = self.language;
        match *event {
            ConsoleEvent::Invited { by, target, room } => {
                let (peer, target_peer) = (by.peer, target.peer);
                let (name, target) = (by.name, target.name);
                let text = text!(
                    language,
                    "{name} invited {target} to {room}",
                    "{name} 邀请 {target} 进入房间 {room}"
                );
                info!(event = "invited", %name, %peer, %target, %target_peer, %room, "{text}");
            }
            ConsoleEvent::Kicked { by, target, room } => {
                let (peer, target_peer) = (by.peer, target.peer);
                let (name, target) = (by.name, target.name);
                let text = text!(
                    language,
                    "{name} kicked {target} from {room}",
                    "{name} 将 {target} 移出房间 {room}"
                );
                info!(event = "kicked", %name, %peer, %target, %target_peer, %room, "{text}");
            }
            ConsoleEvent::LineRemoved { by, room } => {
                let (name, peer) = (by.name, by.peer);
                let text = text!(
                    language,
                    "{name} removed a line of another member in {room}",
                    "{name} 删除了房间 {room} 里他人的一条消息"
                );
                info!(event = "line_removed", %name, %peer, %room, "{text}");
            }
            ConsoleEvent::ModesSet { by, room, changes } => {
                let (name, peer) = (by.name, by.peer);
                let text = text!(
                    language,
                    "{name} set modes in {room}: {changes}",
                    "{name} 设置了房间 {room} 的模式：{changes}"
                );
                info!(event = "modes_set", %name, %peer, %room, %changes, "{text}");
            }
            ConsoleEvent::TopicSet { by, room, is_set } => {
                let (name, peer) = (by.name, by.peer);
                let text = match is_set {
                    true => {
                        text!(language, "{name} set the topic of {room}", "{name} 设置了房间 {room} 的话题")
                    }
                    false => {
                        text!(
                            language,
                            "{name} cleared the topic of {room}",
                            "{name} 清除了房间 {room} 的话题"
                        )
                    }
                };
                info!(event = "topic_set", %name, %peer, %room, is_set, "{text}");
            }
            _ => {}
        }
    }

    /// Logs acts of server operators, and members that become or cease to be one.
    fn log_operator_action(&self, event: &ConsoleEvent<'_>) {
        let language = self.language;
        match *event {
            ConsoleEvent::Demoted { member } => {
                let (name, peer) = (member.name, member.peer);
                let text =
                    text!(language, "{name} is no longer a server operator", "{name} 不再是服务器管理员");
                info!(event = "demoted", %name, %peer, "{text}");
            }
            ConsoleEvent::HostSet { by, target, host } => {
                let (peer, target_peer) = (by.peer, target.peer);
                let (name, target) = (by.name, target.name);
                let text = text!(
                    language,
                    "{name} set the host of {target} to {host}",
                    "{name} 将 {target} 的主机名设为 {host}"
                );
                info!(event = "host_set", %name, %peer, %target, %target_peer, host, "{text}");
            }
            ConsoleEvent::Promoted { member } => {
                let (name, peer) = (member.name, member.peer);
                let text = text!(language, "{name} is now a server operator", "{name} 成为服务器管理员");
                info!(event = "promoted", %name, %peer, "{text}");
            }
            ConsoleEvent::RehashRequested { by } => {
                let (name, peer) = (by.name, by.peer);
                let text =
                    text!(language, "{name} asked to reload the configuration", "{name} 要求重新加载配置");
                info!(event = "rehash_asked", %name, %peer, "{text}");
            }
            ConsoleEvent::Wallops { by } => {
                let (name, peer) = (by.name, by.peer);
                let text = text!(language, "{name} sent a WALLOPS message", "{name} 发送了 WALLOPS 消息");
                info!(event = "wallops", %name, %peer, "{text}");
            }
            _ => {}
        }
    }

    /// Logs bans from the server.
    fn log_ban(&self, event: &ConsoleEvent<'_>) {
        let language = self.language;
        match *event {
            ConsoleEvent::BanLifted { by, target } => {
                let (name, peer) = (by.name, by.peer);
                let text = text!(
                    language,
                    "{name} lifted the server ban of {target}",
                    "{name} 解除了服务器对 {target} 的封禁"
                );
                info!(event = "ban_lifted", %name, %peer, %target, "{text}");
            }
            ConsoleEvent::BanSet { by, target, ends_unix_ms } => {
                let (name, peer) = (by.name, by.peer);
                let until = ends_unix_ms.map(|end| Utc::from_unix_ms(end).to_string());
                let text = match &until {
                    Some(until) => text!(
                        language,
                        "{name} banned {target} from the server until {until}",
                        "{name} 在服务器上封禁了 {target}，至 {until}"
                    ),
                    None => text!(
                        language,
                        "{name} banned {target} from the server",
                        "{name} 在服务器上封禁了 {target}"
                    ),
                };
                info!(event = "ban_set", %name, %peer, %target, until, "{text}");
            }
            _ => {}
        }
    }

    /// Logs details for debugging. There are many of them, so their texts are made only if the level is enabled.
    fn log_detail(&self, event: &ConsoleEvent<'_>) {
        let language = self.language;
        match *event {
            ConsoleEvent::Accepted { conn, peer } => {
                debug!(event = "accepted", %conn, %peer, "{}", text!(language, "connection accepted", "已接受连接"));
            }
            ConsoleEvent::Closed { conn, peer, reason } => debug!(
                event = "closed", %conn, %peer, reason = reason.word(), "{}{}",
                text!(language, "connection closed: ", "连接关闭："), reason.log(language)
            ),
            ConsoleEvent::CommandRefused { member, why } => {
                let (name, peer) = (member.name, member.peer);
                debug!(event = "command_refused", %name, %peer, %why, "{}",
                    text!(language, "refused a command of {name}", "拒绝了 {name} 的命令"));
            }
            ConsoleEvent::Detected { conn, peer, dialect } => {
                debug!(event = "detected", %conn, %peer, %dialect, "{}",
                    text!(language, "protocol detected", "已识别协议"));
            }
            ConsoleEvent::Proxied { conn, proxy, peer } => {
                debug!(event = "proxied", %conn, %proxy, %peer, "{}",
                    text!(language, "a proxy or gateway named its client", "代理或网关报出了客户端地址"));
            }
            ConsoleEvent::RoomEntered { member, room } => {
                let (name, peer) = (member.name, member.peer);
                debug!(event = "room_entered", %name, %peer, %room, "{}",
                    text!(language, "{name} entered {room}", "{name} 进入房间 {room}"));
            }
            ConsoleEvent::RoomLeft { member, room } => {
                let (name, peer) = (member.name, member.peer);
                debug!(event = "room_left", %name, %peer, %room, "{}",
                    text!(language, "{name} left {room}", "{name} 离开房间 {room}"));
            }
            _ => {}
        }
    }
}

impl Observer for Console {
    fn accept_failed(&mut self, error: &io::Error) {
        if self.admits(RecordKind::AcceptFailed) {
            let text =
                text!(self.language, "a connection failed at once: {error}", "连接建立时即失败：{error}");
            warn!(event = "accept_failed", "{text}");
        }
    }

    fn accepting_paused(&mut self, error: &io::Error) {
        use rustix::io::Errno;
        let out_of_files =
            [Errno::MFILE, Errno::NFILE].iter().any(|it| error.raw_os_error() == Some(it.raw_os_error()));
        let text = match out_of_files {
            true => text!(
                self.language,
                "paused accepting connections, new clients have to wait: {error}; raise the limit of open files (`ulimit -n`) or \
                 lower connections_max",
                "暂停接受连接，新客户端需等待：{error}；请提高打开文件数的上限（`ulimit -n`）或降低 connections_max"
            ),
            false => text!(
                self.language,
                "paused accepting connections, new clients have to wait: {error}",
                "暂停接受连接，新客户端需等待：{error}"
            ),
        };
        error!(event = "accepting_paused", "{text}");
    }

    fn accepting_resumed(&mut self) {
        let text = text!(self.language, "accepting connections again", "已恢复接受连接");
        info!(event = "accepting_resumed", "{text}");
    }

    fn console(&mut self, event: &ConsoleEvent<'_>) {
        if !self.admits_event(event) {
            return;
        }
        match event {
            ConsoleEvent::Accepted { .. }
            | ConsoleEvent::Closed { .. }
            | ConsoleEvent::CommandRefused { .. }
            | ConsoleEvent::Detected { .. }
            | ConsoleEvent::Proxied { .. }
            | ConsoleEvent::RoomEntered { .. }
            | ConsoleEvent::RoomLeft { .. } => self.log_detail(event),
            ConsoleEvent::ClockSetBack { .. }
            | ConsoleEvent::LifeOver { .. }
            | ConsoleEvent::LimitsOverruled { .. }
            | ConsoleEvent::LogState { .. } => self.log_log_state(event),
            ConsoleEvent::Entered { .. }
            | ConsoleEvent::Left { .. }
            | ConsoleEvent::PasswordNotChecked { .. }
            | ConsoleEvent::PasswordWrong { .. }
            | ConsoleEvent::Refused { .. }
            | ConsoleEvent::Renamed { .. }
            | ConsoleEvent::TurnedAway { .. } => self.log_membership(event),
            ConsoleEvent::Invited { .. }
            | ConsoleEvent::Kicked { .. }
            | ConsoleEvent::LineRemoved { .. }
            | ConsoleEvent::ModesSet { .. }
            | ConsoleEvent::TopicSet { .. } => self.log_room_action(event),
            ConsoleEvent::BanLifted { .. } | ConsoleEvent::BanSet { .. } => self.log_ban(event),
            ConsoleEvent::Demoted { .. }
            | ConsoleEvent::HostSet { .. }
            | ConsoleEvent::Promoted { .. }
            | ConsoleEvent::RehashRequested { .. }
            | ConsoleEvent::Wallops { .. } => self.log_operator_action(event),
        }
    }

    fn measured(&mut self, counts: &Counts) {
        self.counts.send_replace(Some(*counts));
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
            tick_bytes_most = counts.outbox.tick_bytes_most,
            closed = closed.join(","),
            "{}",
            text!(self.language, "counters", "计数")
        );
    }

    fn input(&mut self, now: Now, input: &Input<'_>) {
        self.now = now.mono;
        let (kind, conn, count) = match *input {
            Input::Accepted { conn, .. } => ("accepted", Some(conn), None),
            Input::Closed { conn } => ("closed", Some(conn), None),
            Input::Committed { .. } => ("committed", None, None),
            Input::Drained { conn } => ("drained", Some(conn), None),
            Input::Fetched { conn, page } => ("fetched", Some(conn), Some(page.events.len())),
            Input::Identified { .. } => ("identified", None, None),
            Input::LogState(_) => ("log_state", None, None),
            Input::Overflowed { conn } => ("overflowed", Some(conn), None),
            Input::ReadClosed { conn } => ("read_closed", Some(conn), None),
            // Only the number of bytes is logged: they may be a private message or a password.
            Input::Received { conn, ref bytes } => ("received", Some(conn), Some(bytes.len())),
            Input::Shutdown => ("shutdown", None, None),
            Input::Tell => ("tell", None, None),
            Input::Timeout => ("timeout", None, None),
            Input::PasswordChecked { conn, .. } => ("verdict", Some(conn), None),
        };
        let conn = conn.map(tracing::field::display);
        trace!(event = "input", kind, conn, count, "{}", text!(self.language, "input", "输入"));
    }

    fn recording_ended(&mut self, error: &RecordingError) {
        self.log_recording_ended(error);
    }

    fn rehash_wanted(&mut self) {
        self.rehash.notify_one();
    }

    fn stopping(&mut self) {
        let text = text!(self.language, "stopping, no new connections", "正在停止，不再接受新连接");
        info!(event = "stopping", "{text}");
    }
}
