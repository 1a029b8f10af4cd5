//! Reading recordings. Their bytes are not trusted: somebody may have sent them.

use super::blocks::{Chain, HEAD_BYTES, first_line};
use super::header::{self, Header, HeaderError};
use super::record::{InvalidRecord, Record};
use super::{BUILD, MAGIC};
use crate::locale::text;
use minicbor::decode::Decoder;
use parlor_protocol::{ConnId, Language};
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

/// A recording that is read.
#[derive(Debug)]
pub struct Recording<R> {
    from: R,
    /// The header.
    pub header: Header,
    chain: Chain,
    /// The position of the next block.
    at: u64,
    /// The position of the first block after the header, and the chain there.
    start: (u64, Chain),
    revealed: BTreeMap<ConnId, Revealed>,
}

/// The bytes of a connection that were revealed after they were received.
#[derive(Debug, Default)]
struct Revealed {
    /// By the number of bytes before them.
    ranges: BTreeMap<u64, Vec<u8>>,
    /// Number of bytes that the connection has sent so far in this reading.
    received: u64,
}

/// The end of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The block at this position of the file is not as it was written. Nothing behind it is read.
    Damaged(u64),
    /// The recording was cut off there: the server was killed, or runs on.
    Torn(u64),
    /// The server ended.
    Whole,
}

/// The reason why a file cannot be read as a recording.
#[derive(Debug)]
pub enum ReadError {
    /// The beginning is damaged.
    Damaged,
    /// The file is in the format of another version, which has this number.
    Format(String),
    /// The file cannot be read.
    Io(io::Error),
    /// It is not a recording.
    NotARecording,
    /// It was recorded by another build.
    OtherBuild {
        /// The version of that program.
        version: String,
        /// Its core.
        build: String,
    },
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl ReadError {
    /// Returns the message in that language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        match self {
            Self::Damaged => text!(
                language,
                "the beginning of the recording is damaged, and nothing can be replayed without it",
                "录制文件的开头已损坏，无法重放"
            ),
            Self::Format(format) => text!(
                language,
                "the recording has format {format}, and this program reads format 1: use the program that recorded it",
                "录制文件的格式为 {format}，本程序只能读取格式 1：请使用录制它的程序"
            ),
            Self::Io(error) => text!(language, "cannot read: {error}", "无法读取：{error}"),
            Self::NotARecording => text!(language, "this is not a recording", "这不是录制文件"),
            Self::OtherBuild { version, build } => {
                let own = env!("CARGO_PKG_VERSION");
                text!(
                    language,
                    "recorded by another build: version {version}, core {build}; this is version {own}, core {BUILD}. Use the program \
                     that recorded it",
                    "由另一个构建录制：版本 {version}，核心 {build}；本程序为版本 {own}，核心 {BUILD}。请使用录制它的程序"
                )
            }
        }
    }
}

/// The next block of a recording.
#[derive(Debug)]
enum Next {
    Block(Vec<u8>),
    End(Ending),
}

impl<R: Read + Seek> Recording<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// The file cannot be read, is no recording, or one of another build.
    pub fn open(mut from: R) -> Result<Self, ReadError> {
        let line = first_line();
        let mut begin = vec![0; line.len()];
        let length = read_up_to(&mut from, &mut begin)?;
        begin.truncate(length);
        let format = begin.strip_prefix(MAGIC.as_bytes()).ok_or(ReadError::NotARecording)?;
        if begin != line.as_bytes() {
            let digits = format.iter().take_while(|byte| byte.is_ascii_digit()).map(|&byte| char::from(byte));
            return Err(ReadError::Format(digits.collect()));
        }
        let (mut chain, mut at) = (Chain::new(), line.len() as u64);
        let Next::Block(block) = next_block(&mut from, &mut chain, &mut at)? else {
            return Err(ReadError::Damaged);
        };
        let header = header::decode(&block).map_err(|error| match error {
            HeaderError::Invalid => ReadError::Damaged,
            HeaderError::OtherBuild { version, build } => ReadError::OtherBuild { version, build },
        })?;
        Ok(Self { from, header, chain, at, start: (at, chain), revealed: BTreeMap::new() })
    }

    /// Reads the whole recording once, so that bytes that were revealed late are known in time. Returns how it ends. `progress` is called
    /// with the position in the file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn survey(&mut self, mut progress: impl FnMut(u64)) -> Result<Ending, ReadError> {
        let mut revealed: BTreeMap<ConnId, Revealed> = BTreeMap::new();
        let mut is_complete = false;
        let ending = loop {
            let begins = self.at;
            match next_block(&mut self.from, &mut self.chain, &mut self.at)? {
                Next::Block(block) => {
                    let each = |record: Record<'_>| {
                        is_complete = matches!(record, Record::End(_));
                        if let Record::Revealed { conn, offset, bytes } = record {
                            revealed.entry(conn).or_default().ranges.insert(offset, bytes.to_vec());
                        }
                    };
                    if records(&block, each).is_err() {
                        break Ending::Damaged(begins);
                    }
                }
                Next::End(Ending::Whole) if !is_complete => break Ending::Torn(begins),
                Next::End(ending) => break ending,
            }
            progress(self.at);
        };
        (self.at, self.chain) = self.start;
        self.from.seek(SeekFrom::Start(self.at))?;
        self.revealed = revealed;
        Ok(ending)
    }

    /// Reads the next block, whose records [`records`](Self::records) returns; `None` at the end of what can be read.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_block(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(match next_block(&mut self.from, &mut self.chain, &mut self.at)? {
            Next::Block(block) => Some(block),
            Next::End(_) => None,
        })
    }

    /// Returns the position in the file.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.at
    }

    /// Returns the records of a block: calls of a server, and after each the answers that its environment gave.
    ///
    /// # Errors
    /// The block has a record that this build does not write.
    pub fn records(block: &[u8]) -> Result<Vec<Record<'_>>, InvalidRecord> {
        let mut all = Vec::new();
        let mut from = Decoder::new(block);
        while from.position() < block.len() {
            all.push(Record::read(&mut from)?);
        }
        Ok(all)
    }

    /// Returns the next bytes that a connection has sent, with those that were revealed later.
    pub fn received(&mut self, conn: ConnId, recorded: &[u8]) -> Vec<u8> {
        let mut bytes = recorded.to_vec();
        let Some(revealed) = self.revealed.get_mut(&conn) else { return bytes };
        let (from, until) = (revealed.received, revealed.received + bytes.len() as u64);
        revealed.received = until;
        for (&offset, range) in revealed.ranges.range(..until) {
            for (at, &byte) in (offset..until).zip(range) {
                if let Some(at) = at.checked_sub(from).and_then(|at| usize::try_from(at).ok()) {
                    bytes[at] = byte;
                }
            }
        }
        revealed.ranges.retain(|offset, range| offset.saturating_add(range.len() as u64) > until);
        bytes
    }
}

fn records<'b>(block: &'b [u8], mut each: impl FnMut(Record<'b>)) -> Result<(), InvalidRecord> {
    let mut from = Decoder::new(block);
    while from.position() < block.len() {
        each(Record::read(&mut from)?);
    }
    Ok(())
}

fn next_block(from: &mut impl Read, chain: &mut Chain, at: &mut u64) -> Result<Next, ReadError> {
    let mut head = [0; HEAD_BYTES];
    match read_up_to(from, &mut head)? {
        0 => return Ok(Next::End(Ending::Whole)),
        HEAD_BYTES => {}
        _ => return Ok(Next::End(Ending::Torn(*at))),
    }
    let Some(length) = Chain::length(&head) else { return Ok(Next::End(Ending::Damaged(*at))) };
    // The length is not trusted: only what is there is allocated.
    let mut block = Vec::new();
    from.by_ref().take(length as u64).read_to_end(&mut block)?;
    if block.len() < length {
        return Ok(Next::End(Ending::Torn(*at)));
    }
    if !chain.accept(&head, &block) {
        return Ok(Next::End(Ending::Damaged(*at)));
    }
    *at += (HEAD_BYTES + length) as u64;
    Ok(Next::Block(block))
}

/// Reads until the buffer is full or the file ends. Returns the number of bytes.
fn read_up_to(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match from.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}
