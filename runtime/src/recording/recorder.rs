//! Recording what a driver does with its server.

use super::blank::{Blanking, blank_all};
use super::fold::Fold;
use super::header;
use super::record::{Digests, Encode};
use super::writer::{self, RECORDING_BUFFER_BYTES, Writer};
use parlor_protocol::{
    Cloaks, ConnId, Dialect, Hub, Input, InputForm, Life, Limits, LogEntry, Network, NetworkHash, Now,
    Options, Proposal, Seq, Via, World, proxy,
};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::mem;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub use super::writer::RecordingError;

/// Number of bytes at which records are handed to the thread that writes them, at the next call.
const HAND_OVER_BYTES: usize = 64 << 10;

/// Maximum number of bytes that are held back of a connection whose protocol is not clear. What comes after them stays blanked.
const HELD_BYTES_MAX: usize = 64 << 10;

/// The microseconds after which there are digests again.
const DIGESTS_US: u64 = 1_000_000;

/// Records the calls of a server, and what its environment answers.
#[derive(Debug)]
pub struct Recorder {
    state: State,
    /// Records that are not handed over yet.
    records: Vec<u8>,
    now: Now,
    /// The time of the last digests, in units of [`DIGESTS_US`].
    second: u64,
    outputs: Outputs,
    /// Number of writes since the last one of which a socket took only a part.
    writes: u64,
    conns: BTreeMap<u32, Conn>,
    /// The slots of connections of which bytes are held back.
    held: Vec<u32>,
    /// The connection whose bytes the server handles.
    receiving: Option<ConnId>,
    hashes: Arc<Mutex<Hashes>>,
    life: Life,
    /// The number of the next proposal of this life to be committed.
    next_number: u64,
}

#[derive(Debug)]
enum State {
    Begun(Writer),
    Created(File),
    Ended,
    /// It ends at the next call.
    Failed(RecordingError),
}

/// The state of a connection.
#[derive(Debug, Default)]
struct Conn {
    generation: u32,
    via: Via,
    blanking: Blanking,
    /// Number of bytes that it has sent.
    received: u64,
    /// The bytes from `held_at` on of which it is not clear whether they have passwords in them.
    held: Vec<u8>,
    held_at: u64,
    /// Number of passwords that were checked.
    checked: u64,
}

impl Conn {
    /// Whether more passwords were checked than were blanked or held back: then one was not recognised.
    const fn has_leaked(&self) -> bool {
        self.held.is_empty() && self.checked > self.blanking.passwords()
    }
}

/// The hashes of networks that were asked for.
#[derive(Debug)]
struct Hashes {
    cloaks: Cloaks,
    asked: Vec<([u8; 17], [u8; Cloaks::HASH_BYTES])>,
}

/// The hash of a recorded server.
#[derive(Debug)]
struct RecordedHash(Arc<Mutex<Hashes>>);

impl NetworkHash for RecordedHash {
    fn hash(&self, network: &Network) -> [u8; Cloaks::HASH_BYTES] {
        let mut hashes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = hashes.cloaks.hash(network);
        hashes.asked.push((network.to_bytes(), hash));
        hash
    }
}

/// The digest of everything that a server has written and done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outputs(Fold);

impl Outputs {
    pub(crate) fn wrote(&mut self, conn: ConnId, slices: &[&[u8]], written: usize) {
        self.did(1, conn);
        let mut left = written;
        for slice in slices {
            let taken = left.min(slice.len());
            left -= taken;
            self.0.bytes(&slice[..taken]);
        }
    }

    pub(crate) const fn finished(&mut self, conn: ConnId) {
        self.did(2, conn);
    }

    pub(crate) const fn aborted(&mut self, conn: ConnId) {
        self.did(3, conn);
    }

    pub(crate) const fn paused(&mut self, conn: ConnId, paused: bool) {
        self.did(if paused { 4 } else { 5 }, conn);
    }

    pub(crate) const fn asked_for_password(&mut self, conn: ConnId) {
        self.did(6, conn);
    }

    pub(crate) const fn proposed(&mut self, proposal: &Proposal) {
        self.0.number(7);
        self.0.number(proposal.at_unix_ms);
        self.0.number(proposal.origin.number);
    }

    pub(crate) const fn digest(&self) -> u64 {
        self.0.finish()
    }

    const fn did(&mut self, what: u64, conn: ConnId) {
        self.0.number(what);
        self.0.number((conn.slot as u64) << 32 | conn.generation as u64);
    }
}

impl Recorder {
    /// Creates the file of a recording, which must not exist.
    ///
    /// # Errors
    /// The file exists, or cannot be created or written.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            state: State::Created(writer::create(path)?),
            records: Vec::new(),
            now: Now::default(),
            second: 0,
            outputs: Outputs::default(),
            writes: 0,
            conns: BTreeMap::new(),
            held: Vec::new(),
            receiving: None,
            hashes: Arc::new(Mutex::new(Hashes { cloaks: Cloaks::default(), asked: Vec::new() })),
            life: Life::default(),
            next_number: 1,
        })
    }

    /// Begins the recording of a server that goes on with this world. From now on, the options have cloaks that are recorded.
    pub(crate) fn begin(&mut self, limits: &Limits, options: &mut Options, world: &World, now: Now) {
        self.life = options.life;
        (self.now, self.second) = (now, now.mono.as_micros() / DIGESTS_US);
        let header = header::encode(limits, options, world, now);
        let former =
            mem::replace(&mut options.cloaks, Cloaks::new(Arc::new(RecordedHash(Arc::clone(&self.hashes)))));
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner).cloaks = former;
        if let State::Created(file) = mem::replace(&mut self.state, State::Ended) {
            self.state = match Writer::start(file, &header) {
                Ok(writer) => State::Begun(writer),
                Err(error) => State::Failed(RecordingError::Write(error)),
            };
        }
    }

    /// Returns the error that has ended the recording, once.
    pub(crate) fn take_error(&mut self) -> Option<RecordingError> {
        match mem::replace(&mut self.state, State::Ended) {
            State::Failed(error) => Some(error),
            state => {
                self.state = state;
                None
            }
        }
    }

    /// Hands the records of the calls so far over to be written.
    pub(crate) fn hand_over(&mut self) {
        if self.records.is_empty() {
            return;
        }
        if let State::Begun(writer) = &self.state
            && let Err(error) = writer.hand_over(&mut self.records)
        {
            self.state = State::Failed(error);
        }
        if !matches!(self.state, State::Begun(_)) {
            self.records = Vec::new();
        }
    }

    /// Records an input, before it is given to the server.
    pub(crate) fn input(&mut self, now: Now, input: &Input<'_>, hub: &Hub) {
        if !self.begin_call(now, hub) {
            return;
        }
        match input {
            Input::Accepted { conn, dialect, via, .. } => {
                if matches!(dialect, Dialect::Custom(_)) {
                    let error = io::Error::other("the program has a dialect of its own");
                    self.state = State::Failed(RecordingError::Write(error));
                }
                self.conns
                    .insert(conn.slot, Conn { generation: conn.generation, via: *via, ..Conn::default() });
            }
            Input::Closed { conn } => {
                self.reveal(*conn, hub);
                self.conns.remove(&conn.slot);
            }
            Input::ReadClosed { conn } => self.reveal(*conn, hub),
            Input::Received { conn, bytes } => return self.received(*conn, bytes, hub),
            _ => {}
        }
        Encode::to(&mut self.records).input(input);
    }

    /// Completes the record of an input, after the server has handled it.
    pub(crate) fn after_input(&mut self, hub: &Hub) {
        self.end_call();
        if let Some(conn) = self.receiving.take() {
            self.reveal(conn, hub);
        }
    }

    /// Records entries, before they are given to the server.
    pub(crate) fn committed(&mut self, now: Now, entries: &[LogEntry], hub: &Hub) {
        if !self.begin_call(now, hub) {
            return;
        }
        let mut runs: Vec<(Seq, u64)> = Vec::new();
        for entry in entries {
            let is_next = entry.origin.life == self.life && entry.origin.number == self.next_number;
            self.next_number += u64::from(is_next);
            match runs.last_mut() {
                Some((first, count)) if is_next && *count > 0 && first.0 + *count == entry.seq.0 => {
                    *count += 1;
                }
                _ => runs.push((entry.seq, is_next.into())),
            }
        }
        let mut to = Encode::to(&mut self.records);
        to.committed(runs.len() as u64);
        let mut entries = entries.iter();
        for (seq, count) in runs {
            let skipped = usize::try_from(count.max(1)).unwrap_or(usize::MAX);
            let last = entries.nth(skipped - 1);
            match last {
                Some(entry) if count == 0 => to.committed_entry(entry.clone()),
                _ => to.committed_own(seq, count),
            }
        }
    }

    pub(crate) fn apply_entries(&mut self, now: Now, hub: &Hub) {
        if self.begin_call(now, hub) {
            Encode::to(&mut self.records).apply_entries();
        }
    }

    pub(crate) fn time_out(&mut self, now: Now, hub: &Hub) {
        if self.begin_call(now, hub) {
            Encode::to(&mut self.records).time_out();
        }
    }

    pub(crate) fn follow_up(&mut self, now: Now, hub: &Hub) {
        if self.begin_call(now, hub) {
            Encode::to(&mut self.records).follow_up();
        }
    }

    pub(crate) fn flush(&mut self) {
        if self.is_recording() {
            Encode::to(&mut self.records).flush();
        }
    }

    pub(crate) fn writable(&mut self, conn: ConnId) {
        if self.is_recording() {
            Encode::to(&mut self.records).writable(conn);
        }
    }

    pub(crate) fn end_turn(&mut self) {
        if self.is_recording() {
            Encode::to(&mut self.records).end_turn();
        }
    }

    /// Records the answers that the environment gave without being asked by the recorder: hashes. Must run after each call that may ask
    /// for some.
    pub(crate) fn end_call(&mut self) {
        let mut hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        if !hashes.asked.is_empty() {
            let asked = mem::take(&mut hashes.asked);
            drop(hashes);
            let mut to = Encode::to(&mut self.records);
            asked.iter().for_each(|(network, hash)| to.cloak(network, hash));
        }
    }

    /// Records the end of the server.
    pub(crate) fn end(&mut self, now: Now, hub: &Hub) {
        if !self.begin_call(now, hub) {
            return;
        }
        self.reveal_all(hub);
        let digests = self.digests(hub);
        Encode::to(&mut self.records).digests(&digests, true);
        self.hand_over();
    }

    pub(crate) fn wrote(&mut self, conn: ConnId, slices: &[&[u8]], written: usize) {
        self.outputs.wrote(conn, slices, written);
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        if written < offered && self.is_recording() {
            Encode::to(&mut self.records).short_write(mem::take(&mut self.writes), written as u64);
        } else {
            self.writes += 1;
        }
    }

    /// Records that a password is checked. It must have been blanked before.
    pub(crate) fn asked_for_password(&mut self, conn: ConnId, password: &[u8]) {
        self.outputs.asked_for_password(conn);
        let state = self.conns.get_mut(&conn.slot).filter(|state| state.generation == conn.generation);
        let has_leaked = state.is_none_or(|state| {
            state.checked += u64::from(!password.is_empty());
            state.has_leaked()
        });
        if has_leaked {
            self.leaked();
        }
    }

    /// Ends the recording, because there may be a password in it.
    fn leaked(&mut self) {
        if self.is_recording() {
            self.records.clear();
            self.state = State::Failed(RecordingError::Password);
        }
    }

    /// Returns the outputs, to which the environment adds.
    pub(crate) const fn outputs(&mut self) -> &mut Outputs {
        &mut self.outputs
    }

    const fn is_recording(&self) -> bool {
        matches!(self.state, State::Begun(_))
    }

    /// Records the time of a call, and the digests before it if a second has begun. Returns whether the call is recorded.
    fn begin_call(&mut self, now: Now, hub: &Hub) -> bool {
        if !self.is_recording() {
            return false;
        }
        if self.records.len() >= HAND_OVER_BYTES {
            self.hand_over();
        }
        let second = now.mono.as_micros() / DIGESTS_US;
        if second > self.second {
            self.second = second;
            self.reveal_all(hub);
            let digests = self.digests(hub);
            Encode::to(&mut self.records).digests(&digests, false);
        }
        if now != self.now {
            let mono_us = now.mono.as_micros().saturating_sub(self.now.mono.as_micros());
            let unix_ms = now.unix_ms.wrapping_sub(self.now.unix_ms).cast_signed();
            Encode::to(&mut self.records).time(mono_us, unix_ms);
            self.now = now;
        }
        true
    }

    fn digests(&self, hub: &Hub) -> Digests {
        let world = hub.world();
        Digests { outputs: self.outputs.digest(), world: world.digest(), position: world.position() }
    }

    fn received(&mut self, conn: ConnId, bytes: &[u8], hub: &Hub) {
        let mut bytes = bytes.to_vec();
        let form = hub.input_form(conn);
        // What was held back is in the form that is clear now, and so is what comes.
        if form != InputForm::Unclear {
            self.reveal(conn, hub);
        }
        let state = self.conns.entry(conn.slot).or_default();
        match form {
            InputForm::Ended => blank_all(&mut bytes),
            InputForm::Lines | InputForm::Typed => state.blanking.blank(form, &mut bytes),
            InputForm::Unclear => {
                let left = HELD_BYTES_MAX.saturating_sub(state.held.len());
                if state.held.is_empty() {
                    self.held.push(conn.slot);
                    state.held_at = state.received;
                }
                state.held.extend_from_slice(&bytes[..bytes.len().min(left)]);
                blank_all(&mut bytes);
            }
        }
        state.received += bytes.len() as u64;
        self.receiving = Some(conn);
        Encode::to(&mut self.records).received(conn, &bytes);
    }

    /// Records the bytes that were held back of all connections of which it is clear by now how they are read.
    fn reveal_all(&mut self, hub: &Hub) {
        for slot in self.held.clone() {
            if let Some(conn) = self.conns.get(&slot) {
                self.reveal(ConnId { slot, generation: conn.generation }, hub);
            }
        }
    }

    /// Records the bytes that were held back of a connection, with its passwords blanked, if it is clear how they are read.
    fn reveal(&mut self, conn: ConnId, hub: &Hub) {
        let form = hub.input_form(conn);
        let Some(state) = self.conns.get_mut(&conn.slot).filter(|it| it.generation == conn.generation) else {
            return;
        };
        if state.held.is_empty() || form == InputForm::Unclear {
            return;
        }
        let mut bytes = mem::take(&mut state.held);
        self.held.retain(|slot| *slot != conn.slot);
        let header = match (state.via, proxy::Header::read(&bytes)) {
            (Via::Proxy, proxy::Header::Read { bytes, .. }) => bytes,
            _ => 0,
        };
        state.blanking.blank(form, &mut bytes[header..]);
        let (offset, has_leaked) = (state.held_at, state.has_leaked());
        if has_leaked {
            return self.leaked();
        }
        Encode::to(&mut self.records).revealed(conn, offset, &bytes);
    }
}

const _: () = assert!(HAND_OVER_BYTES < RECORDING_BUFFER_BYTES, "what is handed over fits");

impl Drop for Recorder {
    /// Hands over what is left. If the server has panicked, the call in which it did is the last one.
    fn drop(&mut self) {
        self.hand_over();
    }
}
