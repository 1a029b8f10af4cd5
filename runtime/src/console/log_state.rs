//! Logging what happens to the log itself, and to the life of the node.

use super::Console;
use crate::locale::text;
use parlor_protocol::{ConsoleEvent, Language, LogRefusal, LogState};
use tracing::{error, info, warn};

impl Console {
    pub(super) fn log_log_state(&self, event: &ConsoleEvent<'_>) {
        let language = self.language;
        match *event {
            ConsoleEvent::ClockSetBack { by_ms } => {
                let text = text!(
                    language,
                    "the clock was set back by {by_ms} ms; times of messages go back, too",
                    "时钟被回拨 {by_ms} 毫秒，消息时间也随之回拨"
                );
                warn!(event = "clock_set_back", by_ms, "{text}");
            }
            ConsoleEvent::LifeOver { other: Some(other) } => {
                let text = text!(
                    language,
                    "another process has started for this node; this one stops",
                    "本节点已有另一个进程启动，本进程停止"
                );
                error!(event = "life_over", %other, "{text}");
            }
            ConsoleEvent::LifeOver { other: None } => {
                let text =
                    text!(language, "this node was ended; its process stops", "本节点已被移除，其进程停止");
                error!(event = "life_over", "{text}");
            }
            ConsoleEvent::LimitsOverruled { revision } => {
                let text = text!(
                    language,
                    "the limits of revision {revision} in the log are in force, not those of this node",
                    "生效的是日志中第 {revision} 版限制，而非本节点的设置"
                );
                warn!(event = "limits_overruled", revision, "{text}");
            }
            ConsoleEvent::LogState { state: LogState::Running, waiting } => {
                let text = text!(
                    language,
                    "the log is running again; {waiting} proposals have waited",
                    "日志已恢复，有 {waiting} 条提议在等候"
                );
                info!(event = "log_running", waiting, "{text}");
            }
            ConsoleEvent::LogState { state, waiting } => {
                let (event, text) = match state {
                    LogState::Refusing(LogRefusal::Full) => (
                        "log_full",
                        text!(language, "the disk is full; everyone waits", "磁盘已满，所有人都在等候"),
                    ),
                    LogState::Refusing(LogRefusal::Failed) => (
                        "log_failed",
                        text!(
                            language,
                            "the log cannot be written; everyone waits",
                            "日志无法写入，所有人都在等候"
                        ),
                    ),
                    LogState::Running | LogState::Stalled => (
                        "log_stalled",
                        text!(
                            language,
                            "the log does not answer; everyone waits",
                            "日志没有响应，所有人都在等候"
                        ),
                    ),
                };
                error!(event, waiting, "{text}");
            }
            _ => {}
        }
    }
}
