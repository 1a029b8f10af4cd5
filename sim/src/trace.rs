//! What happened in a run: a line an event, and a hash over all of them.

use crate::scenario::Act;
use parlor_protocol::{ConnId, Input, Now, Output};
use std::fmt::Write;

/// The events of a run. The hash is always kept, the lines where they are asked for.
#[derive(Clone, Debug)]
pub struct Trace {
    hash: u64,
    lines: Option<String>,
}

impl Trace {
    /// A trace that keeps its hash.
    #[must_use]
    pub const fn hash_only() -> Self {
        Self { hash: FNV_OFFSET, lines: None }
    }

    /// A trace that keeps its lines, too.
    #[must_use]
    pub const fn with_lines() -> Self {
        Self { hash: FNV_OFFSET, lines: Some(String::new()) }
    }

    /// The hash of everything so far.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// The lines so far: the time in microseconds, what happened, to whom, what, and the hash.
    #[must_use]
    pub fn lines(&self) -> &str {
        self.lines.as_deref().unwrap_or_default()
    }

    pub(crate) fn act(&mut self, at_us: u64, client: u16, act: &Act) {
        self.note(at_us, act.word(), client.into(), b"", || format!("client {client}"));
    }

    pub(crate) fn arrival(&mut self, at_us: u64, client: u16, bytes: &[u8]) {
        self.note(at_us, "arrives", client.into(), bytes, || format!("client {client}"));
    }

    pub(crate) fn accepted(&mut self, at_us: u64, conn: ConnId, client: u16) {
        self.note(at_us, "accepted", key(conn), b"", || format!("{conn} is client {client}"));
    }

    pub(crate) fn closed(&mut self, at_us: u64, conn: ConnId) {
        self.note(at_us, "closed", key(conn), b"", || format!("{conn}"));
    }

    pub(crate) fn sent(&mut self, at_us: u64, conn: ConnId, bytes: &[u8]) {
        self.note(at_us, "sent", key(conn), bytes, || format!("{conn}"));
    }

    pub(crate) fn input(&mut self, now: Now, input: &Input<'_>) {
        let at_us = now.mono.as_micros();
        match input {
            Input::Accepted { .. } | Input::Closed { .. } => {}
            Input::Committed { entries } => {
                for entry in *entries {
                    self.note(at_us, "committed", entry.seq.0, b"", || {
                        format!("{} {:?}", entry.seq.0, entry.command)
                    });
                }
            }
            Input::Drained { conn } => self.note(at_us, "drained", key(*conn), b"", || format!("{conn}")),
            Input::Overflowed { conn } => {
                self.note(at_us, "overflowed", key(*conn), b"", || format!("{conn}"));
            }
            Input::ReadClosed { conn } => {
                self.note(at_us, "read_closed", key(*conn), b"", || format!("{conn}"));
            }
            Input::Received { conn, bytes } => {
                self.note(at_us, "received", key(*conn), bytes, || format!("{conn}"));
            }
            Input::Shutdown => self.note(at_us, "shutdown", 0, b"", String::new),
            Input::Timeout => self.note(at_us, "timeout", 0, b"", String::new),
        }
    }

    pub(crate) fn output(&mut self, at_us: u64, output: &Output<'_>) {
        match output {
            Output::Abort { conn } => self.note(at_us, "abort", key(*conn), b"", || format!("{conn}")),
            Output::Close { conn, reason, .. } => {
                self.note(at_us, "close", key(*conn), b"", || format!("{conn} {}", reason.word()));
            }
            Output::PauseReads { conn } => self.note(at_us, "pause", key(*conn), b"", || format!("{conn}")),
            Output::ResumeReads { conn } => self.note(at_us, "resume", key(*conn), b"", || format!("{conn}")),
            _ => {}
        }
    }

    fn note(&mut self, at_us: u64, word: &str, who: u64, bytes: &[u8], shown: impl FnOnce() -> String) {
        self.mix(&at_us.to_le_bytes());
        self.mix(word.as_bytes());
        self.mix(&who.to_le_bytes());
        self.mix(bytes);
        let hash = self.hash;
        if let Some(lines) = &mut self.lines {
            let shown = shown();
            let bytes = String::from_utf8_lossy(bytes);
            let bytes = if bytes.is_empty() { String::new() } else { format!(" {bytes:?}") };
            writeln!(lines, "{at_us:>12}  {word:<12}{shown}{bytes}  {hash:016x}").expect("a string grows");
        }
    }

    /// FNV-1a, eight bytes at a time.
    fn mix(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.hash = (self.hash ^ u64::from_le_bytes(word)).wrapping_mul(FNV_PRIME);
        }
        self.hash = (self.hash ^ bytes.len() as u64).wrapping_mul(FNV_PRIME);
        self.hash ^= self.hash >> 29;
    }
}

const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01B3;

fn key(conn: ConnId) -> u64 {
    u64::from(conn.slot) << 32 | u64::from(conn.generation)
}
