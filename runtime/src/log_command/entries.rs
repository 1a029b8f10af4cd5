//! Printing entries.

use super::Failure;
use super::fields::Fields;
use crate::progress::Progress;
use crate::store::{END, Reader};
use parlor_protocol::Seq;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc;
use std::time::Duration;

/// The time after which it is looked for new entries.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(200);

/// Prints the last `lines` entries, and goes on with new ones if `follow` says so.
pub(super) fn tail(reader: &Reader, lines: u64, follow: bool) -> Result<(), Failure> {
    let last = reader.range()?.map_or(0, |(_, last)| last.0);
    let before = Seq(last.saturating_sub(lines));
    let mut walk = reader.walk(before);
    // The state that names the members.
    walk.run(before, &mut |_, _| true)?;
    // Nothing is ever sent: it is a timer.
    let (_keep, never) = mpsc::channel::<()>();
    loop {
        let mut output = Output::new();
        walk.run(END, &mut |world, read| output.line(&Fields::of(read, world).to_line()))?;
        output.end()?;
        if !follow {
            return Ok(());
        }
        never.recv_timeout(FOLLOW_INTERVAL).ok();
    }
}

/// Prints all entries as JSON.
pub(super) fn export(reader: &Reader) -> Result<(), Failure> {
    let Some((first, last)) = reader.range()? else { return Ok(()) };
    // Behind the lines on a terminal, a bar would be in their way.
    let mut progress = (!io::stdout().is_terminal()).then(|| Progress::new(last.0 - first.0 + 1));
    let mut output = Output::new();
    let mut walk = reader.walk(Seq(first.0 - 1));
    let walked = walk.run(END, &mut |world, read| {
        if let Some(progress) = &mut progress {
            progress.set(read.entry.seq.0 - first.0);
        }
        output.line(&Fields::of(read, world).to_json())
    });
    if let Some(progress) = &progress {
        progress.end();
    }
    // What precedes the damage is printed.
    output.end()?;
    walked.map(drop).map_err(Failure::Store)
}

/// Standard output, until it fails.
struct Output {
    stdout: io::BufWriter<io::StdoutLock<'static>>,
    error: Option<io::Error>,
}

impl Output {
    fn new() -> Self {
        Self { stdout: io::BufWriter::new(io::stdout().lock()), error: None }
    }

    /// Writes a line. Returns whether it can be.
    fn line(&mut self, line: &str) -> bool {
        self.error = writeln!(self.stdout, "{line}").err();
        self.error.is_none()
    }

    fn end(mut self) -> Result<(), Failure> {
        match self.error.take() {
            Some(error) => Err(Failure::Output(error)),
            None => self.stdout.flush().map_err(Failure::Output),
        }
    }
}
