//! The settings of the store.

use super::super::value::{choice, number, quoted, single};
use super::{Arity, Setting, Topic};
use crate::config::Config;
use crate::locale::{Bilingual, Localized, both};
use crate::store::Sync;
use std::path::PathBuf;

/// The value of `data` without a directory.
const NONE: &str = "none";

pub(super) const DATA: Setting = setting!(
    "data",
    Store,
    "DIR|none",
    "Directory in which the log is kept, so that bans from the server survive a restart, and hosts keep their cloaks. It is created, \
     readable for its owner only, and used by one process at a time; one that others can read is refused. Nothing is deleted from it yet",
    "保存日志的目录：服务器封禁和主机掩码因此在重启后仍然有效。目录会自动创建，只有所有者可读，同时只供一个进程使用；其他用户可读的目录会被拒绝。目前不会删除其中的内容",
    |config| quoted(match &config.data {
        None => NONE.to_owned(),
        Some(path) => path.display().to_string(),
    }),
    |config, text| {
        config.data = match text {
            "" => return Err(both!("names no directory", "没有指定目录")),
            NONE => None,
            path => Some(PathBuf::from(path)),
        };
        Ok(())
    }
);

pub(super) const LOG_CLOSE_MS: Setting = number!(
    "log_close_ms",
    Store,
    "MS",
    "How long a stopping server waits for its log once no connection is left. Then it ends with an error, for what was sent last may not \
     be in the log",
    "服务器停止时，所有连接关闭后等待日志写完的时限。超时则以错误结束，因为最后发送的内容可能没有写入日志",
    driver.log_close_ms
);

pub(super) const SYNC: Setting = setting!(
    "sync",
    Store,
    "always|second",
    "How often the log waits for the disk. What was told survives a crash of the process in any case; with second, a power cut may lose \
     the last second, with always it loses nothing",
    "日志多久等待一次磁盘写入。已经发出的内容在进程崩溃后总会保留；选 second 时断电可能丢失最后一秒，选 always 则不会丢失",
    |config| quoted(match config.sync {
        Sync::Always => "always",
        Sync::Second => "second",
    }),
    |config, text| choice(text, &[("always", Sync::Always), ("second", Sync::Second)], &mut config.sync)
);
