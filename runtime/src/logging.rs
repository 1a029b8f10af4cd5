//! The logs on standard error. A console that nobody reads holds nobody up: what it does not take is
//! dropped, and counted.

use crate::config::LogFormat;
use std::io::{self, IsTerminal};
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::format::debug_fn;

/// Records that wait for a slow console; one more is dropped.
const WAITING_RECORDS_MAX: usize = 16_384;

/// Keeps the logs going; what is logged last is written when it is dropped.
#[derive(Debug)]
pub(crate) struct Logging {
    dropped: ErrorCounter,
    /// Dropped last: it writes what is left.
    _worker: WorkerGuard,
}

impl Logging {
    /// Sends this process's records to standard error, from here on. The first call decides.
    #[must_use]
    pub(crate) fn start(format: LogFormat, level: LevelFilter) -> Self {
        let (writer, worker) = NonBlockingBuilder::default()
            .buffered_lines_limit(WAITING_RECORDS_MAX)
            .lossy(true)
            .thread_name("parlor-logs")
            .finish(io::stderr());
        let dropped = writer.error_counter();
        subscribe(format, level, writer);
        Self { dropped, _worker: worker }
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        let dropped = self.dropped.dropped_lines();
        if dropped > 0 {
            tracing::warn!(
                event = "logs_dropped",
                records = dropped,
                "{dropped} log records were dropped: the console was too slow"
            );
        }
    }
}

fn subscribe(format: LogFormat, level: LevelFilter, writer: NonBlocking) {
    let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(writer).with_target(false);
    let set = match format {
        LogFormat::Human => {
            // What the words say already is not said again.
            let fields = debug_fn(|writer, field, value| match field.name() {
                "message" => write!(writer, "{value:?}"),
                "address" | "event" | "name" | "reason" | "records" => Ok(()),
                name => write!(writer, " {name}={value:?}"),
            });
            let builder = builder.fmt_fields(fields).with_ansi(io::stderr().is_terminal());
            tracing::subscriber::set_global_default(builder.finish())
        }
        LogFormat::Json => {
            tracing::subscriber::set_global_default(builder.json().flatten_event(true).finish())
        }
    };
    // A second server in one process logs where the first one does.
    drop(set);
}
