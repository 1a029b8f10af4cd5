//! Bytes to values.

use super::chain::{HASH_BYTES, SALT_BYTES, Salt, commitment};
use super::error::{DecodeError, DecodeErrorKind};
use alloc::vec::Vec;
use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};

/// Decodes the values that a [`Writer`](super::writer::Writer) encoded.
///
/// Lengths that the bytes claim are never trusted: nothing is allocated before the bytes of a value were read. Values that are
/// unknown are skipped without a recursion or a stack.
pub(crate) struct Reader<'b> {
    body: Decoder<'b>,
    texts: Texts<'b>,
    /// The smallest version of the log with which the entry can be read, as the entry says.
    needs: u16,
    /// Whether texts are compared with their commitments.
    checks: bool,
    /// The numbers of the texts that were read and are forgotten.
    forgotten: Vec<u64>,
}

/// The texts of an entry.
#[derive(Clone)]
pub(super) struct Texts<'b> {
    decoder: Decoder<'b>,
    /// The number of the next text.
    next: u64,
    count: u64,
}

/// A text of a person, and the salt of its commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaltedText<'b> {
    /// The salt.
    pub salt: Salt,
    /// The text.
    pub text: &'b str,
}

/// The progress among the fields of a value.
pub(crate) struct Fields {
    /// Number of fields whose numbers were not read.
    left: u64,
    /// The number of the last field, and whether its value was not read yet.
    last: Option<(u64, bool)>,
}

impl<'b> Reader<'b> {
    /// Creates a reader of a body, which ends where its decoder ends.
    pub(super) fn new(mut body: Decoder<'b>, texts: Texts<'b>, checks: bool) -> Result<Self, DecodeError> {
        begin_pair(&mut body, "the version of an entry")?;
        let (at, knows) = (body.position(), super::VERSION);
        let needs = u16::try_from(number(&mut body)?);
        let needs = needs.map_err(|_| error(at, DecodeErrorKind::Invalid("a version of the log")))?;
        if needs > knows {
            return Err(error(at, DecodeErrorKind::Newer { needs, knows }));
        }
        Ok(Self { body, texts, needs, checks, forgotten: Vec::new() })
    }

    /// Returns the numbers of the forgotten texts, if the body and the texts were read to their ends.
    pub(super) fn finish(mut self) -> Result<Vec<u64>, DecodeError> {
        expect_end(&self.body)?;
        while self.texts.read()?.is_some() {}
        self.texts.end()?;
        Ok(self.forgotten)
    }

    /// Returns the position of the next byte.
    pub(crate) fn position(&self) -> usize {
        self.body.position()
    }

    pub(crate) fn bool(&mut self) -> Result<bool, DecodeError> {
        let at = self.position();
        self.body.bool().map_err(|error| expected(&error, at, "true or false"))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'b [u8], DecodeError> {
        let at = self.position();
        self.body.bytes().map_err(|error| expected(&error, at, "a string of bytes"))
    }

    pub(crate) fn number(&mut self) -> Result<u64, DecodeError> {
        number(&mut self.body)
    }

    pub(crate) fn str(&mut self) -> Result<&'b str, DecodeError> {
        let at = self.position();
        self.body.str().map_err(|error| expected(&error, at, "a text"))
    }

    /// Reads the head of a list, and returns its length.
    pub(crate) fn begin_list(&mut self) -> Result<u64, DecodeError> {
        begin_list(&mut self.body)
    }

    /// Reads the head of a value with fields.
    pub(crate) fn begin_fields(&mut self) -> Result<Fields, DecodeError> {
        let at = self.position();
        let left = self.body.map().map_err(|error| expected(&error, at, "a value with fields"))?;
        Ok(Fields {
            left: left.ok_or(error(at, DecodeErrorKind::Expected("a number of fields")))?,
            last: None,
        })
    }

    /// Reads the head of a variant with fields, and returns its number and the position of that.
    pub(crate) fn begin_variant(&mut self) -> Result<(u64, usize), DecodeError> {
        begin_pair(&mut self.body, "a variant")?;
        let at = self.position();
        Ok((self.number()?, at))
    }

    /// Reads a commitment and returns its text, which is empty if it was forgotten, and the position of that.
    pub(crate) fn committed(&mut self) -> Result<(&'b str, usize), DecodeError> {
        begin_pair(&mut self.body, "a commitment to a text")?;
        let (number, at) = (self.number()?, self.position());
        let committed = self.bytes()?;
        if committed.len() != HASH_BYTES {
            return Err(error(at, DecodeErrorKind::Invalid("a commitment")));
        }
        let text_at = self.texts.decoder.position();
        let Some(text) = self.texts.nth(number)? else {
            self.forgotten.push(number);
            return Ok(("", text_at));
        };
        if self.checks && commitment(&text.salt, text.text) != *committed {
            return Err(error(text_at, DecodeErrorKind::WrongText));
        }
        Ok((text.text, text_at))
    }

    /// Returns the error for the number of a variant that there is not.
    pub(crate) fn unknown(&self, of: &'static str, number: u64, at: usize) -> DecodeError {
        let (needs, knows) = (self.needs, super::VERSION);
        error(at, DecodeErrorKind::UnknownVariant { of, number, needs, knows })
    }
}

impl<'b> Texts<'b> {
    /// Reads the head of the texts.
    pub(super) fn new(mut decoder: Decoder<'b>) -> Result<Self, DecodeError> {
        let count = begin_list(&mut decoder)?;
        Ok(Self { decoder, next: 0, count })
    }

    /// Returns the number of the next text.
    pub(super) fn number(&self) -> u64 {
        self.next
    }

    /// Returns an error if something follows the texts.
    pub(super) fn end(&self) -> Result<(), DecodeError> {
        expect_end(&self.decoder)
    }

    /// Returns the position of the next text.
    pub(super) fn position(&self) -> usize {
        self.decoder.position()
    }

    /// Reads the next text. The inner value is `None` if it was forgotten; the outer one if there is no further text.
    pub(super) fn read(&mut self) -> Result<Option<Option<SaltedText<'b>>>, DecodeError> {
        if self.next == self.count {
            return Ok(None);
        }
        self.next += 1;
        let at = self.position();
        if self.decoder.datatype().is_ok_and(|it| it == Type::Null) {
            self.decoder.null().map_err(|error| expected(&error, at, "a text or nothing"))?;
            return Ok(Some(None));
        }
        begin_pair(&mut self.decoder, "a salt and a text")?;
        let at = self.position();
        let salt = self.decoder.bytes().map_err(|error| expected(&error, at, "a salt"))?;
        let salt = <[u8; SALT_BYTES]>::try_from(salt);
        let salt = salt.map_err(|_| error(at, DecodeErrorKind::Invalid("a salt")))?;
        let at = self.position();
        let text = self.decoder.str().map_err(|error| expected(&error, at, "a text"))?;
        Ok(Some(Some(SaltedText { salt, text })))
    }

    /// Reads the text with a number, which has to be greater than those of the texts before.
    fn nth(&mut self, number: u64) -> Result<Option<SaltedText<'b>>, DecodeError> {
        let missing = error(self.position(), DecodeErrorKind::Missing("text"));
        if number < self.next {
            return Err(missing);
        }
        while self.next < number {
            self.read()?.ok_or(missing)?;
        }
        self.read()?.ok_or(missing)
    }
}

impl Fields {
    /// Skips unknown fields before the one with a number. Returns whether there is one; then its value has to be read.
    pub(crate) fn find(&mut self, from: &mut Reader<'_>, number: u64) -> Result<bool, DecodeError> {
        loop {
            let next = match self.last {
                Some((last, true)) => last,
                _ if self.left == 0 => return Ok(false),
                last => self.next(from, last.map(|(last, _)| last))?,
            };
            self.last = Some((next, next > number));
            if next >= number {
                return Ok(next == number);
            }
            skip(from)?;
        }
    }

    /// Skips the unknown fields that are left.
    pub(crate) fn end(mut self, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        while self.find(from, u64::MAX)? {
            skip(from)?;
        }
        Ok(())
    }

    /// Reads the number of a field. Numbers ascend: the same field twice would be read differently by different builds.
    fn next(&mut self, from: &mut Reader<'_>, last: Option<u64>) -> Result<u64, DecodeError> {
        let at = from.position();
        self.left -= 1;
        let number = from.number()?;
        if last.is_some_and(|last| number <= last) {
            return Err(error(at, DecodeErrorKind::Expected("a field with a greater number")));
        }
        Ok(number)
    }
}

fn number(decoder: &mut Decoder<'_>) -> Result<u64, DecodeError> {
    let at = decoder.position();
    decoder.u64().map_err(|error| expected(&error, at, "a number"))
}

/// Reads the head of a list, and returns its length.
fn begin_list(decoder: &mut Decoder<'_>) -> Result<u64, DecodeError> {
    let at = decoder.position();
    let length = decoder.array().map_err(|error| expected(&error, at, "a list"))?;
    length.ok_or(error(at, DecodeErrorKind::Expected("the length of a list")))
}

/// Reads the head of a list of two values.
pub(super) fn begin_pair(decoder: &mut Decoder<'_>, about: &'static str) -> Result<(), DecodeError> {
    let at = decoder.position();
    let length = decoder.array().map_err(|error| expected(&error, at, about))?;
    if length == Some(2) { Ok(()) } else { Err(error(at, DecodeErrorKind::Expected(about))) }
}

/// Returns an error if bytes follow.
fn expect_end(decoder: &Decoder<'_>) -> Result<(), DecodeError> {
    let at = decoder.position();
    if at == decoder.input().len() { Ok(()) } else { Err(error(at, DecodeErrorKind::Expected("the end"))) }
}

pub(crate) const fn error(at: usize, kind: DecodeErrorKind) -> DecodeError {
    DecodeError { at, kind }
}

/// Returns the error for bytes that the decoder does not read as what was expected.
pub(super) fn expected(cause: &Error, at: usize, expected: &'static str) -> DecodeError {
    let kind = if cause.is_end_of_input() {
        DecodeErrorKind::Truncated
    } else {
        DecodeErrorKind::Expected(expected)
    };
    error(cause.position().unwrap_or(at), kind)
}

/// Skips an unknown value. One with a part of indefinite length, which no [`Writer`](super::writer::Writer) writes, may be refused.
fn skip(from: &mut Reader<'_>) -> Result<(), DecodeError> {
    let at = from.position();
    from.body.skip().map_err(|error| expected(&error, at, "a value"))
}
