//! Repeating a recording, call by call.

use super::environment::{Done, Repeated};
use crate::recording::{Committed, Digests, Header, Record, Recording};
use bytes::Bytes;
use parlor_protocol::codec;
use parlor_protocol::{Cloaks, Hub, Input, Instant, LogEntry, Now, Options, Seq, Server};
use std::io::{Read, Seek};
use std::sync::Arc;

/// A server that repeats a recording.
#[derive(Debug)]
pub struct Repeat {
    server: Server,
    environment: Repeated,
    now: Now,
    began: Instant,
    /// The position of the last entry that was given to the server.
    committed: Seq,
    read_bytes_max: usize,
    /// Number of calls that were made.
    calls: u64,
    /// Whether the recording is at its end.
    is_ended: bool,
}

/// A difference between the run that was recorded and the one that repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The second in which it appeared, counted from the start.
    pub second: u64,
    /// The wall time at the end of that second, in milliseconds since 1970-01-01T00:00:00Z.
    pub unix_ms: u64,
    /// The kind of difference.
    pub what: Differs,
}

/// The kind of difference between two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Differs {
    /// A call that this server could not have been given.
    Call,
    /// The bytes that were written, or something else that was done.
    Outputs,
    /// The world, and what was written or done.
    World,
}

/// The error for a call that the server could not have been given.
struct Impossible;

impl Repeat {
    /// Begins to repeat a recording; `None` if the world in its header is damaged.
    #[must_use]
    pub fn begin(header: &Header) -> Option<Self> {
        let world = header.world()?;
        let mut environment = Repeated::default();
        environment.remembers = header.options.remembers_outside;
        let options =
            Options { cloaks: Cloaks::new(Arc::new(environment.hashes.clone())), ..header.options.clone() };
        let committed = world.position();
        let server = Server::resume(header.limits, options, world, header.began, &mut environment);
        Some(Self {
            server,
            environment,
            now: header.began,
            began: header.began.mono,
            committed,
            read_bytes_max: header.limits.read_bytes_max,
            calls: 0,
            is_ended: false,
        })
    }

    /// Makes the calls of a block, one after the other. `before` and `after` are called around each; the replay stops when `before`
    /// returns `false`, and the result is whether it may go on.
    ///
    /// # Errors
    /// Returns the first difference between the two runs.
    pub fn block<R: Read + Seek>(
        &mut self,
        recording: &mut Recording<R>,
        records: &[Record<'_>],
        observer: &mut impl Observer,
    ) -> Result<bool, Difference> {
        let mut at = 0;
        while let Some(record) = records.get(at) {
            at += 1;
            let answers = records[at..].iter().take_while(|it| is_answer(it)).count();
            for answer in &records[at..at + answers] {
                match *answer {
                    Record::Cloak { network, hash } => self.environment.hashes.insert(network, hash),
                    Record::ShortWrite { writes, bytes } => {
                        self.environment.short_writes.push_back((writes, bytes));
                    }
                    _ => {}
                }
            }
            at += answers;
            if self.is_ended {
                return Err(self.differs(Differs::Call));
            }
            let bytes;
            let record = match record {
                Record::Received(conn, recorded) => {
                    bytes = recording.received(*conn, recorded);
                    &Record::Received(*conn, &bytes)
                }
                record => record,
            };
            let is_call = is_call(record);
            if is_call {
                if !observer.before(record, self.now, self.server.hub()) {
                    return Ok(false);
                }
                self.calls += 1;
            }
            self.call(record)?;
            if is_call {
                observer.after(
                    self.environment.watched.as_mut().map(std::mem::take).unwrap_or_default(),
                    self.server.hub(),
                );
            }
            if self.environment.is_different
                || self.environment.hashes.is_missing()
                || !self.environment.short_writes.is_empty()
            {
                return Err(self.differs(Differs::Outputs));
            }
        }
        Ok(true)
    }

    /// Has what the server does reported to the observer.
    pub(super) fn watch(&mut self) {
        self.environment.watched = Some(Vec::new());
    }

    /// Returns the hub of the server.
    #[must_use]
    pub const fn hub(&self) -> &Hub {
        self.server.hub()
    }

    /// Returns the time of the last call.
    #[must_use]
    pub const fn now(&self) -> Now {
        self.now
    }

    /// Returns the number of calls so far.
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.calls
    }

    /// Returns the seconds since the start.
    #[must_use]
    pub const fn second(&self) -> u64 {
        self.now.mono.since(self.began).as_secs()
    }

    const fn differs(&self, what: Differs) -> Difference {
        Difference { second: self.second(), unix_ms: self.now.unix_ms, what }
    }

    fn call(&mut self, record: &Record<'_>) -> Result<(), Difference> {
        let made = match record {
            Record::Digests(digests) => return self.compare(digests),
            Record::End(digests) => {
                self.is_ended = true;
                return self.compare(digests);
            }
            Record::Time { mono_us, unix_ms } => self.advance(*mono_us, *unix_ms),
            record => self.make(record),
        };
        made.map_err(|Impossible| self.differs(Differs::Call))
    }

    fn make(&mut self, record: &Record<'_>) -> Result<(), Impossible> {
        let (now, env) = (self.now, &mut self.environment);
        match record {
            Record::ApplyEntries => self.server.apply_entries(now, env),
            Record::Committed(committed) => return self.commit(committed),
            Record::EndTurn => drop(self.server.end_turn()),
            Record::Flush => drop(self.server.flush(env)),
            Record::FollowUp => drop(self.server.follow_up(now, env)),
            Record::TimeOut => drop(self.server.time_out(now, env)),
            Record::Writable(conn) => self.server.writable(*conn),
            Record::Accepted { conn, dialect, peer, via, room } => {
                if self.server.vacant() != Some(*conn) {
                    return Err(Impossible);
                }
                let room = room.as_ref();
                return self.input(Input::Accepted {
                    conn: *conn,
                    dialect: *dialect,
                    peer: *peer,
                    via: *via,
                    room,
                });
            }
            Record::Closed(conn) => return self.input(Input::Closed { conn: *conn }),
            Record::Fetched(conn, page) => return self.input(Input::Fetched { conn: *conn, page }),
            Record::Identified(identity) => {
                return self.input(Input::Identified { identity: Arc::clone(identity) });
            }
            Record::LogState(state) => return self.input(Input::LogState(*state)),
            Record::PasswordChecked(conn, result) => {
                return self.input(Input::PasswordChecked { conn: *conn, result: *result });
            }
            Record::Received(conn, bytes) => {
                let bytes = Bytes::copy_from_slice(bytes);
                return self.input(Input::Received { conn: *conn, bytes });
            }
            Record::ReadClosed(conn) => return self.input(Input::ReadClosed { conn: *conn }),
            Record::Shutdown => return self.input(Input::Shutdown),
            // An answer to no call, or not a call.
            Record::Cloak { .. } | Record::ShortWrite { .. } => return Err(Impossible),
            Record::Digests(_) | Record::End(_) | Record::Revealed { .. } | Record::Time { .. } => {}
        }
        Ok(())
    }

    fn input(&mut self, input: Input<'_>) -> Result<(), Impossible> {
        if matches!(&input, Input::Received { bytes, .. } if bytes.len() > self.read_bytes_max) {
            return Err(Impossible);
        }
        self.server.input(self.now, input, &mut self.environment);
        Ok(())
    }

    fn commit(&mut self, committed: &[Committed<'_>]) -> Result<(), Impossible> {
        let mut entries = Vec::new();
        for one in committed {
            match *one {
                Committed::Entry(seq, bytes) => {
                    let proposal = codec::decode(bytes).map_err(|_| Impossible)?.proposal;
                    entries.push(self.follow(proposal.committed_at(seq))?);
                }
                Committed::Own { seq, count } => {
                    for number in 0..count {
                        let proposal = self.environment.take_proposal().ok_or(Impossible)?;
                        let seq = seq.0.checked_add(number).ok_or(Impossible)?;
                        entries.push(self.follow(proposal.committed_at(Seq(seq)))?);
                    }
                }
            }
        }
        self.server.committed(self.now, &mut entries, &mut self.environment);
        Ok(())
    }

    /// Returns the entry if its position is behind that of the last one.
    fn follow(&mut self, entry: LogEntry) -> Result<LogEntry, Impossible> {
        if entry.seq <= self.committed {
            return Err(Impossible);
        }
        self.committed = entry.seq;
        Ok(entry)
    }

    fn advance(&mut self, mono_us: u64, unix_ms: i64) -> Result<(), Impossible> {
        let mono = self.now.mono.as_micros().checked_add(mono_us).ok_or(Impossible)?;
        let unix_ms = self.now.unix_ms.checked_add_signed(unix_ms).ok_or(Impossible)?;
        self.now = Now { mono: Instant::from_micros(mono), unix_ms };
        Ok(())
    }

    fn compare(&self, recorded: &Digests) -> Result<(), Difference> {
        let world = self.server.hub().world();
        let is_same = recorded.world == world.digest() && recorded.position == world.position();
        match (is_same, recorded.outputs == self.environment.outputs.digest()) {
            (true, true) => Ok(()),
            (false, _) => Err(self.differs(Differs::World)),
            (true, false) => Err(self.differs(Differs::Outputs)),
        }
    }
}

/// Follows a replay.
pub trait Observer {
    /// Is called before each call. Returns whether it is to be made; if not, the replay ends.
    fn before(&mut self, record: &Record<'_>, now: Now, hub: &Hub) -> bool;

    /// Is called after each call, with what the server did.
    fn after(&mut self, done: Vec<Done>, hub: &Hub) {
        let _ = (done, hub);
    }
}

const fn is_answer(record: &Record<'_>) -> bool {
    matches!(record, Record::Cloak { .. } | Record::ShortWrite { .. })
}

const fn is_call(record: &Record<'_>) -> bool {
    !matches!(
        record,
        Record::Digests(_)
            | Record::End(_)
            | Record::Revealed { .. }
            | Record::Time { .. }
            | Record::Cloak { .. }
            | Record::ShortWrite { .. }
    )
}
