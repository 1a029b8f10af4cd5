//! The records of a recording, and their bytes.
//!
//! A record is an array of CBOR (RFC 8949): its number, and its values. Numbers are never used again, and a record that a build does
//! not know is an error, as a build replays no recording of another.

use super::page;
use minicbor::decode::{Decoder, Error};
use minicbor::encode::Encoder;
use parlor_protocol::codec;
use parlor_protocol::{
    Cloaks, ConnId, Dialect, HistoryPage, Identity, Input, LogEntry, LogRefusal, LogState, Name,
    PasswordResult, RoomName, Seq, Via,
};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

/// A record: a call of the server, something that its environment answered during the call before it, or a digest.
#[derive(Clone, Debug, PartialEq)]
pub enum Record<'b> {
    /// A connection was accepted.
    Accepted {
        /// The connection.
        conn: ConnId,
        /// The dialect of its listener.
        dialect: Dialect,
        /// The address that it comes from.
        peer: SocketAddr,
        /// The way in which it tells who its client is.
        via: Via,
        /// The room of its listener.
        room: Option<RoomName>,
    },
    /// The server went on with entries that it had kept.
    ApplyEntries,
    /// The environment answered with the hash of a network.
    Cloak {
        /// The network.
        network: [u8; 17],
        /// Its hash.
        hash: [u8; Cloaks::HASH_BYTES],
    },
    /// A connection was closed.
    Closed(ConnId),
    /// Entries were committed.
    Committed(Vec<Committed<'b>>),
    /// The digests before the next call.
    Digests(Digests),
    /// The digests at the end. Nothing follows.
    End(Digests),
    /// The turn ended.
    EndTurn,
    /// A part of a history was read.
    Fetched(ConnId, HistoryPage),
    /// The server flushed.
    Flush,
    /// The server followed up a flush.
    FollowUp,
    /// The server's description of itself changed.
    Identified(Arc<Identity>),
    /// The state of the log.
    LogState(LogState),
    /// A password was checked.
    PasswordChecked(ConnId, PasswordResult),
    /// A client has closed its writing side.
    ReadClosed(ConnId),
    /// Bytes were received. Passwords are blanked.
    Received(ConnId, &'b [u8]),
    /// Bytes that were blanked in records before, since they might have been a password.
    Revealed {
        /// The connection that sent them.
        conn: ConnId,
        /// Number of bytes that it had sent before.
        offset: u64,
        /// The bytes.
        bytes: &'b [u8],
    },
    /// A socket took only a part of a write.
    ShortWrite {
        /// Number of writes since the last one of which only a part was taken.
        writes: u64,
        /// Number of bytes that it took.
        bytes: u64,
    },
    /// The server stops.
    Shutdown,
    /// The time of the following calls.
    Time {
        /// Microseconds since the time before.
        mono_us: u64,
        /// Milliseconds since the wall time before.
        unix_ms: i64,
    },
    /// A timer was run.
    TimeOut,
    /// A socket was writable.
    Writable(ConnId),
}

/// Entries that were committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed<'b> {
    /// An entry that the server did not propose, or not as its next proposal: its position, and its bytes.
    Entry(Seq, &'b [u8]),
    /// The next proposals of the server that were not committed yet.
    Own {
        /// The position of the first. The others follow it without a gap.
        seq: Seq,
        /// Their number.
        count: u64,
    },
}

/// Digests of what a server has done so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Of everything that it wrote or did.
    pub outputs: u64,
    /// Of the world.
    pub world: u64,
    /// The position of the world.
    pub position: Seq,
}

/// The error for bytes that are not a record of this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRecord;

impl From<Error> for InvalidRecord {
    fn from(_: Error) -> Self {
        Self
    }
}

mod number {
    pub(super) const TIME: u8 = 0;
    pub(super) const ACCEPTED: u8 = 1;
    pub(super) const CLOSED: u8 = 2;
    pub(super) const LOG_STATE: u8 = 3;
    pub(super) const IDENTIFIED: u8 = 4;
    pub(super) const READ_CLOSED: u8 = 5;
    pub(super) const RECEIVED: u8 = 6;
    pub(super) const SHUTDOWN: u8 = 7;
    pub(super) const PASSWORD_CHECKED: u8 = 8;
    pub(super) const COMMITTED: u8 = 9;
    pub(super) const APPLY_ENTRIES: u8 = 10;
    pub(super) const TIME_OUT: u8 = 11;
    pub(super) const FLUSH: u8 = 12;
    pub(super) const FOLLOW_UP: u8 = 13;
    pub(super) const WRITABLE: u8 = 14;
    pub(super) const END_TURN: u8 = 15;
    pub(super) const SHORT_WRITE: u8 = 16;
    pub(super) const CLOAK: u8 = 17;
    pub(super) const REVEALED: u8 = 18;
    pub(super) const DIGESTS: u8 = 19;
    pub(super) const END: u8 = 20;
    pub(super) const FETCHED: u8 = 21;
}

/// Encodes records.
pub(super) struct Encode<'a>(pub(super) Encoder<&'a mut Vec<u8>>);

/// Discards the result of writing to a vector, which cannot fail.
macro_rules! put {
    ($self:ident $(. $method:ident($($value:expr),*))*) => {{
        let to = &mut $self.0;
        let written: Result<_, minicbor::encode::Error<Infallible>> = Ok(to)$(.and_then(|to| to.$method($($value),*)))*;
        debug_assert!(written.is_ok(), "a vector takes all bytes");
    }};
}

impl<'a> Encode<'a> {
    pub(super) fn to(bytes: &'a mut Vec<u8>) -> Self {
        Self(Encoder::new(bytes))
    }

    pub(super) fn apply_entries(&mut self) {
        self.bare(number::APPLY_ENTRIES);
    }

    pub(super) fn cloak(&mut self, network: &[u8], hash: &[u8]) {
        put!(self.array(3).u8(number::CLOAK).bytes(network).bytes(hash));
    }

    /// Begins a record of committed entries, which have to follow.
    pub(super) fn committed(&mut self, count: u64) {
        put!(self.array(2).u8(number::COMMITTED).array(count));
    }

    pub(super) fn committed_entry(&mut self, entry: LogEntry) {
        let LogEntry { seq: Seq(seq), at_unix_ms, origin, command } = entry;
        let proposal = parlor_protocol::Proposal { at_unix_ms, origin, command };
        // Salts are for texts that may be forgotten; a recording forgets none.
        let bytes = codec::encode(&proposal, &mut || [0; codec::SALT_BYTES]);
        put!(self.array(2).u64(seq).bytes(&bytes));
    }

    pub(super) fn committed_own(&mut self, Seq(seq): Seq, count: u64) {
        put!(self.array(2).u64(seq).u64(count));
    }

    pub(super) fn digests(&mut self, digests: &Digests, is_last: bool) {
        let &Digests { outputs, world, position: Seq(position) } = digests;
        let number = if is_last { number::END } else { number::DIGESTS };
        put!(self.array(4).u8(number).u64(outputs).u64(world).u64(position));
    }

    pub(super) fn end_turn(&mut self) {
        self.bare(number::END_TURN);
    }

    pub(super) fn flush(&mut self) {
        self.bare(number::FLUSH);
    }

    pub(super) fn follow_up(&mut self) {
        self.bare(number::FOLLOW_UP);
    }

    /// Writes an input. Those that the server gives to its hub by itself are not written.
    pub(super) fn input(&mut self, input: &Input<'_>) {
        match input {
            Input::Accepted { conn, dialect, peer, via, room } => {
                let peer = peer.to_string();
                self.of_conn(6, number::ACCEPTED, *conn);
                put!(self.u8(dialect_number(*dialect)).str(&peer).u8(via_number(*via)));
                self.optional(room.map(RoomName::as_str));
            }
            Input::Closed { conn } => self.of_conn(2, number::CLOSED, *conn),
            Input::Committed { .. }
            | Input::Drained { .. }
            | Input::Overflowed { .. }
            | Input::Tell
            | Input::Timeout => {}
            Input::Fetched { conn, page: read } => {
                self.of_conn(2 + page::VALUES, number::FETCHED, *conn);
                page::encode(read, self);
            }
            Input::Identified { identity } => {
                put!(self.array(2).u8(number::IDENTIFIED));
                self.identity(identity);
            }
            Input::LogState(state) => put!(self.array(2).u8(number::LOG_STATE).u8(state_number(*state))),
            Input::PasswordChecked { conn, result } => {
                self.of_conn(3, number::PASSWORD_CHECKED, *conn);
                put!(self.u8(match result {
                    PasswordResult::NotChecked => 0,
                    PasswordResult::Right => 1,
                    PasswordResult::Wrong => 2,
                }));
            }
            Input::ReadClosed { conn } => self.of_conn(2, number::READ_CLOSED, *conn),
            Input::Received { conn, bytes } => self.received(*conn, bytes),
            Input::Shutdown => self.bare(number::SHUTDOWN),
        }
    }

    pub(super) fn received(&mut self, conn: ConnId, bytes: &[u8]) {
        self.of_conn(3, number::RECEIVED, conn);
        put!(self.bytes(bytes));
    }

    pub(super) fn revealed(&mut self, conn: ConnId, offset: u64, bytes: &[u8]) {
        self.of_conn(4, number::REVEALED, conn);
        put!(self.u64(offset).bytes(bytes));
    }

    pub(super) fn short_write(&mut self, writes: u64, bytes: u64) {
        put!(self.array(3).u8(number::SHORT_WRITE).u64(writes).u64(bytes));
    }

    pub(super) fn time(&mut self, mono_us: u64, unix_ms: i64) {
        put!(self.array(3).u8(number::TIME).u64(mono_us).i64(unix_ms));
    }

    pub(super) fn time_out(&mut self) {
        self.bare(number::TIME_OUT);
    }

    pub(super) fn writable(&mut self, conn: ConnId) {
        self.of_conn(2, number::WRITABLE, conn);
    }

    pub(super) fn identity(&mut self, identity: &Identity) {
        let Identity { name, description, network, motd, configuration, admin, has_password, reserved_names } =
            identity;
        put!(self.array(8).str(name).str(description).str(network));
        self.strings(motd.iter().map(String::as_str));
        put!(self.str(configuration));
        self.strings(admin.iter().map(String::as_str));
        put!(self.bool(*has_password));
        self.strings(reserved_names.iter().map(Name::as_str));
    }

    pub(super) fn strings<'t>(&mut self, texts: impl ExactSizeIterator<Item = &'t str>) {
        put!(self.array(texts.len() as u64));
        for text in texts {
            put!(self.str(text));
        }
    }

    fn optional(&mut self, text: Option<&str>) {
        match text {
            None => put!(self.null()),
            Some(text) => put!(self.str(text)),
        }
    }

    fn bare(&mut self, number: u8) {
        put!(self.array(1).u8(number));
    }

    /// Begins a record of `length` values, the number of the record and the connection (one value) among them.
    fn of_conn(&mut self, length: u64, number: u8, conn: ConnId) {
        put!(self.array(length).u8(number).array(2).u32(conn.slot).u32(conn.generation));
    }
}

impl<'b> Record<'b> {
    /// Reads the next record.
    ///
    /// # Errors
    /// Returns an error if the bytes are not a record that this build writes.
    pub(super) fn read(from: &mut Decoder<'b>) -> Result<Self, InvalidRecord> {
        let length = from.array()?.ok_or(InvalidRecord)?;
        let number = from.u8()?;
        let record = match number {
            number::TIME => Self::Time { mono_us: from.u64()?, unix_ms: from.i64()? },
            number::ACCEPTED => Self::Accepted {
                conn: conn(from)?,
                dialect: dialect(from.u8()?)?,
                peer: from.str()?.parse().map_err(|_| InvalidRecord)?,
                via: via(from.u8()?)?,
                room: optional_room(from)?,
            },
            number::CLOSED => Self::Closed(conn(from)?),
            number::LOG_STATE => Self::LogState(state(from.u8()?)?),
            number::IDENTIFIED => Self::Identified(Arc::new(identity(from)?)),
            number::READ_CLOSED => Self::ReadClosed(conn(from)?),
            number::RECEIVED => Self::Received(conn(from)?, from.bytes()?),
            number::SHUTDOWN => Self::Shutdown,
            number::PASSWORD_CHECKED => Self::PasswordChecked(conn(from)?, result(from.u8()?)?),
            number::COMMITTED => Self::Committed(committed(from)?),
            number::APPLY_ENTRIES => Self::ApplyEntries,
            number::TIME_OUT => Self::TimeOut,
            number::FLUSH => Self::Flush,
            number::FOLLOW_UP => Self::FollowUp,
            number::WRITABLE => Self::Writable(conn(from)?),
            number::END_TURN => Self::EndTurn,
            number::SHORT_WRITE => Self::ShortWrite { writes: from.u64()?, bytes: from.u64()? },
            number::CLOAK => Self::Cloak { network: fixed(from)?, hash: fixed(from)? },
            number::REVEALED => {
                Self::Revealed { conn: conn(from)?, offset: from.u64()?, bytes: from.bytes()? }
            }
            number::DIGESTS => Self::Digests(digests(from)?),
            number::END => Self::End(digests(from)?),
            number::FETCHED => Self::Fetched(conn(from)?, page::decode(from)?),
            _ => return Err(InvalidRecord),
        };
        if length == record.length() { Ok(record) } else { Err(InvalidRecord) }
    }

    /// Returns the length of the array that is the record.
    const fn length(&self) -> u64 {
        match self {
            Self::Accepted { .. } | Self::Fetched(..) => 6,
            Self::Digests(_) | Self::End(_) | Self::Revealed { .. } => 4,
            Self::Cloak { .. }
            | Self::PasswordChecked(..)
            | Self::Received(..)
            | Self::ShortWrite { .. }
            | Self::Time { .. } => 3,
            Self::Closed(_)
            | Self::Committed(_)
            | Self::Identified(_)
            | Self::LogState(_)
            | Self::ReadClosed(_)
            | Self::Writable(_) => 2,
            Self::ApplyEntries
            | Self::EndTurn
            | Self::Flush
            | Self::FollowUp
            | Self::Shutdown
            | Self::TimeOut => 1,
        }
    }
}

const fn dialect_number(dialect: Dialect) -> u8 {
    match dialect {
        // A program with a dialect of its own is not recorded; see `Recorder::begin`.
        Dialect::Auto | Dialect::Custom(_) => 0,
        Dialect::Irc => 1,
        Dialect::Plain => 2,
    }
}

fn dialect(number: u8) -> Result<Dialect, InvalidRecord> {
    [Dialect::Auto, Dialect::Irc, Dialect::Plain].get(usize::from(number)).copied().ok_or(InvalidRecord)
}

const fn via_number(via: Via) -> u8 {
    match via {
        Via::Direct => 0,
        Via::Gateway => 1,
        Via::Proxy => 2,
    }
}

fn via(number: u8) -> Result<Via, InvalidRecord> {
    [Via::Direct, Via::Gateway, Via::Proxy].get(usize::from(number)).copied().ok_or(InvalidRecord)
}

const STATES: [LogState; 4] = [
    LogState::Running,
    LogState::Refusing(LogRefusal::Failed),
    LogState::Refusing(LogRefusal::Full),
    LogState::Stalled,
];

const fn state_number(state: LogState) -> u8 {
    match state {
        LogState::Running => 0,
        LogState::Refusing(LogRefusal::Failed) => 1,
        LogState::Refusing(LogRefusal::Full) => 2,
        LogState::Stalled => 3,
    }
}

fn state(number: u8) -> Result<LogState, InvalidRecord> {
    STATES.get(usize::from(number)).copied().ok_or(InvalidRecord)
}

fn result(number: u8) -> Result<PasswordResult, InvalidRecord> {
    let results = [PasswordResult::NotChecked, PasswordResult::Right, PasswordResult::Wrong];
    results.get(usize::from(number)).copied().ok_or(InvalidRecord)
}

/// Reads the head of an array of a known length.
pub(super) fn array(from: &mut Decoder<'_>, length: u64) -> Result<(), InvalidRecord> {
    if from.array()? == Some(length) { Ok(()) } else { Err(InvalidRecord) }
}

fn conn(from: &mut Decoder<'_>) -> Result<ConnId, InvalidRecord> {
    array(from, 2)?;
    Ok(ConnId { slot: from.u32()?, generation: from.u32()? })
}

fn optional_room(from: &mut Decoder<'_>) -> Result<Option<RoomName>, InvalidRecord> {
    if from.datatype()? == minicbor::data::Type::Null {
        from.null()?;
        return Ok(None);
    }
    RoomName::parse(from.str()?).map(Some).map_err(|_| InvalidRecord)
}

fn fixed<const N: usize>(from: &mut Decoder<'_>) -> Result<[u8; N], InvalidRecord> {
    from.bytes()?.try_into().map_err(|_| InvalidRecord)
}

fn digests(from: &mut Decoder<'_>) -> Result<Digests, InvalidRecord> {
    Ok(Digests { outputs: from.u64()?, world: from.u64()?, position: Seq(from.u64()?) })
}

fn committed<'b>(from: &mut Decoder<'b>) -> Result<Vec<Committed<'b>>, InvalidRecord> {
    // The length is not trusted: each item takes bytes, and is read before the next one.
    let mut all = Vec::new();
    for _ in 0..from.array()?.ok_or(InvalidRecord)? {
        array(from, 2)?;
        let seq = Seq(from.u64()?);
        all.push(match from.datatype()? {
            minicbor::data::Type::Bytes => Committed::Entry(seq, from.bytes()?),
            _ => Committed::Own { seq, count: from.u64()? },
        });
    }
    Ok(all)
}

/// Reads the strings of an array. None of them may have control characters: clients are shown them.
pub(super) fn strings(from: &mut Decoder<'_>) -> Result<Vec<String>, InvalidRecord> {
    let mut all = Vec::new();
    for _ in 0..from.array()?.ok_or(InvalidRecord)? {
        all.push(string(from)?);
    }
    Ok(all)
}

fn string(from: &mut Decoder<'_>) -> Result<String, InvalidRecord> {
    let text = from.str()?;
    if text.chars().any(char::is_control) { Err(InvalidRecord) } else { Ok(text.to_owned()) }
}

/// Reads a string that is a word of the protocol, so that it has no spaces.
fn word(from: &mut Decoder<'_>) -> Result<String, InvalidRecord> {
    let word = string(from)?;
    let is_word = !word.is_empty() && !word.contains(' ') && !word.starts_with(':');
    if is_word { Ok(word) } else { Err(InvalidRecord) }
}

pub(super) fn identity(from: &mut Decoder<'_>) -> Result<Identity, InvalidRecord> {
    array(from, 8)?;
    Ok(Identity {
        name: word(from)?,
        description: string(from)?,
        network: word(from)?,
        motd: strings(from)?,
        configuration: word(from)?,
        admin: strings(from)?,
        has_password: from.bool()?,
        reserved_names: strings(from)?
            .iter()
            .map(|name| Name::parse(name).map_err(|_| InvalidRecord))
            .collect::<Result<_, _>>()?,
    })
}
