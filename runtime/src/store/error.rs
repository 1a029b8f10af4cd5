//! Errors of the store. Each message says what is wrong, where, and what to do.

use crate::locale::text;
use parlor_protocol::{Language, Seq};
use rusqlite::ErrorCode;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The reason why a store cannot be opened.
#[derive(Debug)]
pub enum StoreError {
    /// A file cannot be created for a backup.
    Backup {
        /// Its path.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// The directory cannot be created or used.
    Directory {
        /// Its path.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// The file with the log cannot be used.
    File {
        /// Its path.
        path: PathBuf,
        /// The error.
        error: FileError,
    },
    /// Another process uses the directory.
    InUse {
        /// Its path.
        path: PathBuf,
        /// The number of that process, if it is known.
        process: Option<u32>,
    },
    /// There is no log to be read.
    NoLog {
        /// Its path.
        path: PathBuf,
    },
    /// The system has no random bytes.
    NoRandomNumbers,
    /// The directory belongs to another user.
    Owner {
        /// Its path.
        path: PathBuf,
        /// The number of its owner.
        owner: u32,
        /// The number of the user who runs this process.
        user: u32,
    },
    /// Others may read or write the directory.
    Shared {
        /// Its path.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A thread cannot be started.
    Thread(io::Error),
}

/// The reason why a file is not used as a log.
#[derive(Debug)]
pub enum FileError {
    /// It is damaged.
    Damaged(Damage),
    /// Entries are missing that were on the disk.
    EntriesMissing(Lost),
    /// It is missing or empty, and it was there before.
    Missing,
    /// It was written by a later version of this program.
    Newer {
        /// Its format.
        format: i64,
    },
    /// The system has no random bytes for a new log.
    NoRandomNumbers,
    /// It is another program's.
    NotAStore,
    /// It has a format that this version does not know any more.
    Older {
        /// Its format.
        format: i64,
    },
    /// SQLite cannot read or write it.
    Sqlite(rusqlite::Error),
    /// It is damaged, and what is there cannot be read.
    Unreadable {
        /// The damage, in English.
        what: String,
    },
}

/// Damage at a position of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The position of the entry or of the snapshot.
    pub seq: Seq,
    /// The damage, in English.
    pub what: String,
}

/// Entries that are not there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The first one.
    pub first: Seq,
    /// The last one; `None` if nobody knows it.
    pub last: Option<Seq>,
}

impl Lost {
    /// Returns which entries are lost, in that language.
    pub(crate) fn range(&self, language: Language) -> String {
        let Seq(first) = self.first;
        match self.last {
            Some(Seq(last)) => text!(language, "entries {first} to {last}", "第 {first} 至 {last} 条"),
            None => text!(language, "entries from {first} on", "第 {first} 条及之后的条目"),
        }
    }
}

impl StoreError {
    /// Returns the message in that language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        match self {
            Self::Backup { path, error } => cannot_write(path, error, language),
            Self::Directory { path, error } => {
                let path = path.display();
                text!(
                    language,
                    "cannot use the directory {path}: {error}. Make sure that the user who runs the server can write it and that the disk has \
                     room, or name another directory",
                    "无法使用目录 {path}：{error}。请确认运行服务器的用户可以写入该目录且磁盘有剩余空间，或指定另一个目录"
                )
            }
            Self::File { error: FileError::NoRandomNumbers, .. } | Self::NoRandomNumbers => {
                text!(language, "cannot draw random numbers", "无法生成随机数")
            }
            Self::File { path, error } => {
                let (path, error) = (path.display(), error.in_language(language));
                text!(language, "cannot use the log {path}: {error}", "无法使用日志 {path}：{error}")
            }
            Self::InUse { path, process } => {
                let path = path.display();
                let by = match process {
                    Some(process) => text!(language, "process {process}", "进程 {process}"),
                    None => text!(language, "another process", "另一个进程"),
                };
                text!(
                    language,
                    "the directory {path} is in use by {by}: stop that process first, or name another directory",
                    "目录 {path} 正被{by}使用：请先停止该进程，或指定另一个目录"
                )
            }
            Self::NoLog { path } => {
                let path = path.display();
                text!(
                    language,
                    "there is no log at {path}: name the directory of a server's log with --data",
                    "{path} 处没有日志：请用 --data 指定服务器日志所在的目录"
                )
            }
            Self::Owner { path, owner, user } => {
                let path = path.display();
                text!(
                    language,
                    "the directory {path} belongs to user {owner}, and the server runs as user {user}: start it as its owner, run \
                     `chown -R {user} {path}`, or name another directory",
                    "目录 {path} 属于用户 {owner}，而服务器以用户 {user} 运行：请以目录所有者的身份启动，或运行 `chown -R {user} {path}`，\
                     或指定另一个目录"
                )
            }
            Self::Shared { path, mode } => {
                let path = path.display();
                text!(
                    language,
                    "other users can read or write the directory {path} (mode {mode:04o}), in which the server keeps what is said: \
                     run `chmod 700 {path}`, or name another directory",
                    "其他用户可以读取或写入目录 {path}（权限 {mode:04o}），而服务器会在其中保存聊天内容：请运行 `chmod 700 {path}`，\
                     或指定另一个目录"
                )
            }
            Self::Thread(error) => {
                text!(language, "cannot start a thread: {error}", "无法启动线程：{error}")
            }
        }
    }
}

/// Returns the message for a file that cannot be created.
fn cannot_write(path: &Path, error: &io::Error, language: Language) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::AlreadyExists => text!(
            language,
            "{path} exists, and nothing is overwritten: name another file, or delete it",
            "{path} 已存在，不会覆盖：请指定另一个文件，或将其删除"
        ),
        _ => text!(language, "cannot write {path}: {error}", "无法写入 {path}：{error}"),
    }
}

impl FileError {
    /// Returns what is wrong with the file and what to do, in that language.
    fn in_language(&self, language: Language) -> String {
        match self {
            Self::Damaged(Damage { seq: Seq(seq), what }) => text!(
                language,
                "it is damaged at entry {seq}: {what}. Nothing was changed. Restore a copy, or name another directory",
                "第 {seq} 条处损坏：{what}。没有改动任何内容。请恢复备份，或指定另一个目录"
            ),
            Self::EntriesMissing(lost) => {
                let range = lost.range(language);
                text!(
                    language,
                    "{range} are missing, though they were on the disk: log.db or log.db-wal is damaged, or a copy of it was older than \
                     the other files. Nothing was changed. Restore a copy of the whole directory, or delete the file `lock` in it to go \
                     on without them",
                    "{range}曾写入磁盘，现在缺失：log.db 或 log.db-wal 已损坏，或者是比其他文件更旧的副本。没有改动任何内容。请恢复整个目录的备份；\
                     如要放弃这些条目继续，请删除目录中的文件 lock"
                )
            }
            Self::Missing => text!(
                language,
                "it is missing or empty, and this directory had a log. Restore a copy, or delete the file `lock` beside it to begin \
                 a new log",
                "文件不存在或为空，而此目录曾有日志。请恢复备份；如要开始新的日志，请删除同一目录中的文件 lock"
            ),
            Self::Newer { format } => text!(
                language,
                "it has format {format}, which a later version of Parlor wrote. Start that version, or name another directory",
                "格式为 {format}，由更新版本的 Parlor 写入。请启动该版本，或指定另一个目录"
            ),
            Self::NoRandomNumbers => text!(language, "cannot draw random numbers", "无法生成随机数"),
            Self::NotAStore => text!(
                language,
                "it is not a log of Parlor, or its beginning is damaged. Nothing was changed. Name another directory, or restore a copy \
                 if it was a log",
                "它不是 Parlor 的日志，或者开头已损坏。没有改动任何内容。请指定另一个目录；如果它曾是日志，请恢复备份"
            ),
            Self::Older { format } => text!(
                language,
                "it has format {format}, which this version of Parlor does not know any more. Start an older version, or name another \
                 directory",
                "格式为 {format}，此版本的 Parlor 已不再支持。请启动较旧的版本，或指定另一个目录"
            ),
            Self::Sqlite(error) => text!(
                language,
                "{error}. Make sure that the disk works and has room, and start again",
                "{error}。请确认磁盘工作正常并有剩余空间，然后重新启动"
            ),
            Self::Unreadable { what } => text!(
                language,
                "it is damaged: {what}. Nothing was changed. Restore a copy, or name another directory",
                "文件已损坏：{what}。没有改动任何内容。请恢复备份，或指定另一个目录"
            ),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_language(Language::En))
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for FileError {
    fn from(error: rusqlite::Error) -> Self {
        match (error.sqlite_error_code(), &error) {
            (Some(ErrorCode::NotADatabase), _) => Self::NotAStore,
            // A table is missing, or a value is of another type: the format says otherwise.
            (Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown), _)
            | (
                None,
                rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::FromSqlConversionFailure(..),
            ) => Self::Unreadable { what: error.to_string() },
            _ => Self::Sqlite(error),
        }
    }
}
