//! Values to bytes.

use super::chain::{Salt, commitment};
use alloc::vec::Vec;
use core::convert::Infallible;
use minicbor::encode::{Encoder, Error, Write};

/// Encodes values as CBOR (RFC 8949), with the shortest heads and without indefinite lengths.
///
/// The texts of persons are written apart, so that they can be forgotten; see [`commit`](Self::commit).
pub(crate) struct Writer<'s> {
    body: Encoder<Buffer>,
    texts: Encoder<Buffer>,
    texts_count: u64,
    salts: &'s mut dyn FnMut() -> Salt,
    /// The smallest version of the log with which everything that was written can be read.
    needs: u16,
}

impl<'s> Writer<'s> {
    /// Creates a writer that draws the salt of each text from `salts`.
    pub(crate) fn new(salts: &'s mut dyn FnMut() -> Salt) -> Self {
        let empty = || Encoder::new(Buffer(Vec::new()));
        Self { body: empty(), texts: empty(), texts_count: 0, salts, needs: 1 }
    }

    /// Returns the entry: what was written after its version, as a string of bytes, and the list of the texts.
    pub(super) fn finish(self) -> Vec<u8> {
        let Self { body, texts, texts_count, needs, .. } = self;
        let (body, texts) = (body.into_writer().0, texts.into_writer().0);
        let mut version = Encoder::new(Buffer(Vec::new()));
        done(version.array(2).and_then(|it| it.u16(needs)));
        let version = version.into_writer().0;
        let mut entry = Encoder::new(Buffer(Vec::with_capacity(body.len() + texts.len() + HEADS_BYTES)));
        done(entry.array(2).and_then(|it| it.bytes_len((version.len() + body.len()) as u64)));
        entry.writer_mut().0.extend_from_slice(&version);
        entry.writer_mut().0.extend_from_slice(&body);
        done(entry.array(texts_count));
        entry.writer_mut().0.extend_from_slice(&texts);
        entry.into_writer().0
    }

    pub(crate) fn bool(&mut self, value: bool) {
        done(self.body.bool(value));
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) {
        done(self.body.bytes(value));
    }

    pub(crate) fn number(&mut self, value: u64) {
        done(self.body.u64(value));
    }

    pub(crate) fn str(&mut self, value: &str) {
        done(self.body.str(value));
    }

    /// Begins a list of values, which have to follow.
    pub(crate) fn begin_list(&mut self, length: usize) {
        done(self.body.array(length as u64));
    }

    /// Begins a value with fields, which have to follow.
    pub(crate) fn begin_fields(&mut self, count: u64) {
        done(self.body.map(count));
    }

    /// Writes the number of a field or a variant that was added with the version `since` of the log.
    pub(crate) fn tag(&mut self, number: u64, since: u16) {
        self.needs = self.needs.max(since);
        self.number(number);
    }

    /// Writes a commitment to a text, and the text with its salt among the other texts.
    ///
    /// The number of the text stands beside the commitment. Without it, a build that skips an unknown field with a text would
    /// take this text for that of the next field.
    pub(crate) fn commit(&mut self, text: &str) {
        let salt = (self.salts)();
        self.begin_list(2);
        self.number(self.texts_count);
        self.bytes(&commitment(&salt, text));
        self.texts_count += 1;
        done(self.texts.array(2).and_then(|it| it.bytes(&salt)).and_then(|it| it.str(text)));
    }
}

/// The number of bytes of an entry that are neither in its body nor in its texts, mostly.
const HEADS_BYTES: usize = 8;

/// The bytes of an encoder.
struct Buffer(Vec<u8>);

impl Write for Buffer {
    type Error = Infallible;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

fn done<T>(written: Result<T, Error<Infallible>>) {
    written.map(drop).expect("a buffer takes all bytes");
}
