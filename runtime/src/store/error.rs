//! Errors of the store.

use crate::locale::text;
use parlor_protocol::{Language, Seq};
use std::fmt;
use std::io;
use std::path::PathBuf;

/// The reason why a store cannot be opened.
#[derive(Debug)]
pub enum StoreError {
    /// The log is damaged.
    Damaged(Damage),
    /// The directory cannot be created or used.
    Directory {
        /// Its path.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// Another process uses the directory.
    InUse {
        /// Its path.
        path: PathBuf,
        /// The number of that process, if it is known.
        process: Option<u32>,
    },
    /// The file was written by a later version of this program.
    Newer {
        /// The file's format.
        format: i64,
    },
    /// The system has no random bytes.
    NoRandomNumbers,
    /// The file is another program's.
    NotAStore,
    /// SQLite cannot read or write the file.
    Sqlite(rusqlite::Error),
    /// A thread cannot be started.
    Thread(io::Error),
}

/// Damage at a position of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The position of the entry or of the snapshot.
    pub seq: Seq,
    /// The damage, in English.
    pub what: String,
}

impl StoreError {
    /// Returns the message in that language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        match self {
            Self::Damaged(Damage { seq: Seq(seq), what }) => text!(
                language,
                "the log is damaged at entry {seq}: {what}. Nothing was changed: restore a copy, or name another directory",
                "日志在第 {seq} 条处损坏：{what}。没有改动任何内容：请恢复备份，或指定另一个目录"
            ),
            Self::Directory { path, error } => {
                let path = path.display();
                text!(language, "cannot use the directory {path}: {error}", "无法使用目录 {path}：{error}")
            }
            Self::InUse { path, process: Some(process) } => {
                let path = path.display();
                text!(
                    language,
                    "the directory {path} is in use by process {process}",
                    "目录 {path} 正被进程 {process} 使用"
                )
            }
            Self::InUse { path, process: None } => {
                let path = path.display();
                text!(
                    language,
                    "the directory {path} is in use by another process",
                    "目录 {path} 正被另一个进程使用"
                )
            }
            Self::Newer { format } => text!(
                language,
                "the log has format {format}, which a later version of Parlor wrote: start that version, or name another directory",
                "日志的格式为 {format}，由更新版本的 Parlor 写入：请启动该版本，或指定另一个目录"
            ),
            Self::NoRandomNumbers => text!(language, "cannot draw random numbers", "无法生成随机数"),
            Self::NotAStore => text!(
                language,
                "the file log.db in the directory is not a log of Parlor",
                "目录中的文件 log.db 不是 Parlor 的日志"
            ),
            Self::Sqlite(error) => {
                text!(language, "cannot open the log: {error}", "无法打开日志：{error}")
            }
            Self::Thread(error) => {
                text!(language, "cannot start a thread: {error}", "无法启动线程：{error}")
            }
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_language(Language::En))
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}
