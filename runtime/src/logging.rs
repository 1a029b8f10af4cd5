//! The logs on standard error. A reader that is too slow does not block the server: records that it does not take in
//! time are dropped and counted.

use crate::config::LogFormat;
use crate::locale::text;
use parlor_protocol::Language;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal};
use std::panic::{self, PanicHookInfo};
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::format::debug_fn;

/// Records that wait for a slow reader. Further ones are dropped.
const WAITING_RECORDS_MAX: usize = 16_384;

/// Fields that the text of a record contains, and that a record for people therefore leaves out.
const FIELDS_IN_TEXT: [&str; 24] = [
    "address",
    "buffer_bytes_max",
    "by",
    "changes",
    "connect",
    "connections_max",
    "connections_per_ip_max",
    "event",
    "from",
    "host",
    "is_set",
    "line_bytes_max",
    "name",
    "not_checked",
    "rate_burst",
    "rate_lines",
    "reason",
    "records",
    "room",
    "setting",
    "target",
    "until",
    "version",
    "wrong",
];

/// The guard of the logs. Dropping it writes the records that still wait.
#[derive(Debug)]
pub(crate) struct Logging {
    language: Language,
    dropped: ErrorCounter,
    /// The last field: its drop writes the remaining records, which include the one of `Drop for Logging`.
    _worker: WorkerGuard,
}

impl Logging {
    /// Sends the records of this process to standard error from now on, panics included. Only the first call in a
    /// process has an effect.
    #[must_use]
    pub(crate) fn start(format: LogFormat, level: LevelFilter, language: Language) -> Self {
        let (writer, worker) = NonBlockingBuilder::default()
            .buffered_lines_limit(WAITING_RECORDS_MAX)
            .lossy(true)
            .thread_name("parlor-logs")
            .finish(io::stderr());
        let dropped = writer.error_counter();
        subscribe(format, level, writer);
        panic::set_hook(Box::new(move |panic| report_panic(panic, language)));
        Self { language, dropped, _worker: worker }
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        let dropped = self.dropped.dropped_lines();
        if dropped > 0 {
            let text = text!(
                self.language,
                "log records dropped, for the console was too slow: {dropped}",
                "控制台过慢，已丢弃的日志：{dropped} 条"
            );
            tracing::warn!(event = "logs_dropped", records = dropped, "{text}");
        }
    }
}

/// Logs a panic, which is a bug, as a record like the others, so that whatever collects the logs finds it.
fn report_panic(panic: &PanicHookInfo<'_>, language: Language) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or_default();
    let text = text!(
        language,
        "a bug in parlor, please report it: panicked at {place}: {message}",
        "parlor 出现程序错误，请报告：{place}：{message}"
    );
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(event = "panic", backtrace, "{text}");
}

fn subscribe(format: LogFormat, level: LevelFilter, writer: NonBlocking) {
    let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(writer).with_target(false);
    let set = match format {
        LogFormat::Human => {
            // The text names these already.
            let fields = debug_fn(|writer, field, value| match field.name() {
                "message" => write!(writer, "{value:?}"),
                name if FIELDS_IN_TEXT.contains(&name) => Ok(()),
                name => write!(writer, " {name}={value:?}"),
            });
            let builder = builder.fmt_fields(fields).with_ansi(io::stderr().is_terminal());
            tracing::subscriber::set_global_default(builder.finish())
        }
        LogFormat::Json => {
            tracing::subscriber::set_global_default(builder.json().flatten_event(true).finish())
        }
    };
    // Fails for a second server in one process, which logs where the first one does.
    drop(set);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    /// A writer that keeps the log in memory.
    #[derive(Clone, Default)]
    struct MemoryWriter(Arc<Mutex<Vec<u8>>>);

    impl Write for MemoryWriter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_a_record() {
        let written = MemoryWriter::default();
        let to = written.clone();
        let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || to.clone());
        tracing::subscriber::with_default(subscriber.finish(), || {
            // Other tests run at the same time; their panics are left to the previous hook.
            let before = Arc::new(panic::take_hook());
            let others = Arc::clone(&before);
            let this = std::thread::current().id();
            panic::set_hook(Box::new(move |panic| match std::thread::current().id() == this {
                true => report_panic(panic, Language::En),
                false => others(panic),
            }));
            panic::catch_unwind(|| panic!("on {}", "purpose")).unwrap_err();
            panic::set_hook(Box::new(move |panic| before(panic)));
        });
        let records = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let record: serde_json::Value = serde_json::from_str(&records).unwrap();
        assert_eq!((&record["level"], &record["event"]), (&"ERROR".into(), &"panic".into()));
        let message = record["message"].as_str().unwrap();
        assert!(
            message.contains("runtime/src/logging.rs:") && message.ends_with(": on purpose"),
            "{message}"
        );
    }
}
