//! The bytes of entries.
//!
//! # Versions
//!
//! An entry that was stored once has to be readable for ever. It is CBOR (RFC 8949); fields and variants have numbers, which
//! the tables in `codec/base.rs` and `codec/log.rs` list, and which are never used again. A build skips a field that it does
//! not know, and gives a missing one the default of its type. An entry for which that would be wrong belongs to a later
//! version of the log: each entry begins with the smallest version with which it can be read, and a build that knows only
//! earlier ones refuses it.
//!
//! # Texts
//!
//! An entry has two parts, so that a text of a person can be forgotten. The *body* has a commitment in the place of each
//! text, and the *texts* have each of them with its salt, or nothing in the place of one that was forgotten. The
//! [`chain`] of hashes over the entries is over their bodies: it shows a damaged or a divergent log at its entry, whatever
//! was forgotten.
//!
//! ```
//! use parlor_protocol::codec::{self, FIRST_LINK};
//! use parlor_protocol::{Command, Life, MemberId, NodeId, Origin, Proposal, Seq, Text};
//!
//! let origin = Origin { node: NodeId(0), life: Life(7), number: 1 };
//! let command = Command::Wallops { member: MemberId(Seq(1)), text: Text::clean(b"a secret", false) };
//! let proposal = Proposal { at_unix_ms: 1_700_000_000_000, origin, command };
//!
//! // A real program draws the salts at random.
//! let bytes = codec::encode(&proposal, &mut || [1; codec::SALT_BYTES]);
//! assert_eq!(codec::decode(&bytes)?.proposal, proposal);
//!
//! let forgotten = codec::forget(&bytes, 0)?;
//! assert!(!forgotten.windows(6).any(|it| it == b"secret"));
//! assert_eq!(codec::decode(&forgotten)?.forgotten, [0]);
//! let link = |bytes| Ok::<_, codec::DecodeError>(codec::chain(FIRST_LINK, Seq(1), codec::body(bytes)?));
//! assert_eq!(link(&forgotten)?, link(&bytes)?);
//! # Ok::<(), codec::DecodeError>(())
//! ```

mod chain;
mod error;
mod reader;
#[macro_use]
mod value;
mod base;
mod log;
#[cfg(test)]
mod tests;
mod writer;

use crate::log::entry::Proposal;
use alloc::vec::Vec;
use minicbor::decode::Decoder;
use reader::Texts;

pub(crate) use reader::Reader;
pub(crate) use value::{Value, ascend};
pub(crate) use writer::Writer;

pub use chain::{FIRST_LINK, HASH_BYTES, Link, SALT_BYTES, Salt, chain};
pub use error::{DecodeError, DecodeErrorKind};
pub use reader::SaltedText;

/// The version of the log that this build knows. It can read those before, too.
pub const VERSION: u16 = 3;

/// CBOR's `null`, in the place of a forgotten text.
const NULL: u8 = 0xF6;

/// An entry that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The entry. Its forgotten texts are empty, and a message whose tags were forgotten has none.
    pub proposal: Proposal,
    /// The numbers of its forgotten texts. (Texts in fields that this build does not know are not among them.)
    pub forgotten: Vec<u64>,
}

/// Encodes an entry. `salts` returns random bytes for each of its texts.
#[must_use]
pub fn encode(proposal: &Proposal, salts: &mut dyn FnMut() -> Salt) -> Vec<u8> {
    write(proposal, salts)
}

/// Decodes an entry, without comparing its texts with their commitments.
///
/// # Errors
/// Returns an error if the bytes are not an entry, or one of a later version of the log.
pub fn decode(entry: &[u8]) -> Result<Decoded, DecodeError> {
    read(entry, false).map(|(proposal, forgotten)| Decoded { proposal, forgotten })
}

/// Decodes an entry, and checks that its texts are those with which it was written. Forgotten texts are not checked.
///
/// # Errors
/// Returns an error if the bytes are not an entry, or one of a later version of the log, or if a text is another one.
pub fn decode_and_check(entry: &[u8]) -> Result<Decoded, DecodeError> {
    read(entry, true).map(|(proposal, forgotten)| Decoded { proposal, forgotten })
}

/// Returns the body of an entry, which the [`chain`] is over.
///
/// # Errors
/// Returns an error if the bytes are not those of an entry of any version.
pub fn body(entry: &[u8]) -> Result<&[u8], DecodeError> {
    Ok(Parts::of(entry)?.body)
}

/// Returns the texts of an entry, in the order of their numbers; `None` for those that were forgotten.
///
/// # Errors
/// Returns an error if the bytes are not those of an entry of any version.
pub fn texts(entry: &[u8]) -> Result<Vec<Option<SaltedText<'_>>>, DecodeError> {
    let mut rest = Parts::of(entry)?.texts;
    let mut texts = Vec::new();
    while let Some(text) = rest.read()? {
        texts.push(text);
    }
    rest.end()?;
    Ok(texts)
}

/// Returns the entry without one of its texts, of which not even the salt is left. Nothing else changes. An entry that has no
/// such text, or no longer, is returned as it is.
///
/// # Errors
/// Returns an error if the bytes are not those of an entry of any version.
pub fn forget(entry: &[u8], text: u64) -> Result<Vec<u8>, DecodeError> {
    let mut texts = Parts::of(entry)?.texts;
    let mut found = None;
    loop {
        let (number, start) = (texts.number(), texts.position());
        if texts.read()?.is_none() {
            break;
        }
        if number == text {
            found = Some(start..texts.position());
        }
    }
    texts.end()?;
    let mut forgotten = entry.to_vec();
    if let Some(range) = found {
        forgotten.splice(range, [NULL]);
    }
    Ok(forgotten)
}

/// Encodes a value in the manner of an entry.
pub(crate) fn encode_value(value: &impl Value, salts: &mut dyn FnMut() -> Salt) -> Vec<u8> {
    write(value, salts)
}

/// Decodes a value that was encoded in the manner of an entry.
pub(crate) fn decode_value<T: Value>(bytes: &[u8]) -> Result<T, DecodeError> {
    read(bytes, false).map(|(value, _)| value)
}

fn write(value: &impl Value, salts: &mut dyn FnMut() -> Salt) -> Vec<u8> {
    let mut writer = Writer::new(salts);
    value.write(&mut writer);
    writer.finish()
}

/// Reads a value, and returns it with the numbers of its forgotten texts.
fn read<T: Value>(entry: &[u8], checks: bool) -> Result<(T, Vec<u64>), DecodeError> {
    let Parts { body_start, body, texts } = Parts::of(entry)?;
    // Positions in errors are those in the whole entry.
    let mut decoder = Decoder::new(&entry[..body_start + body.len()]);
    decoder.set_position(body_start);
    let mut reader = Reader::new(decoder, texts, checks)?;
    let value = T::read(&mut reader)?;
    Ok((value, reader.finish()?))
}

/// The parts of an entry.
struct Parts<'b> {
    /// The position of the body in the entry.
    body_start: usize,
    body: &'b [u8],
    texts: Texts<'b>,
}

impl<'b> Parts<'b> {
    fn of(entry: &'b [u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(entry);
        reader::begin_pair(&mut decoder, "an entry")?;
        let at = decoder.position();
        let body = decoder.bytes().map_err(|error| reader::expected(&error, at, "the body of an entry"))?;
        Ok(Self { body_start: decoder.position() - body.len(), body, texts: Texts::new(decoder)? })
    }
}
