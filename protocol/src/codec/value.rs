//! Values that have bytes, and the tables that give their fields and variants numbers.
//!
//! A number is written for ever: it is never given to another field or variant, even if its own is removed. A field or a
//! variant that is added takes the next number, and `since` with a version of the log greater than those before, if an older
//! build must not read the entry without it. Then [`VERSION`](super::VERSION) increases as well. A field whose type has no
//! default, in a record that was stored without it before, needs one: `name: 7 or 20`. A field with its default is left out.
//! That default never changes either, because it is what the stored entries mean.

use super::error::{DecodeError, DecodeErrorKind};
use super::reader::{Fields, Reader, error};
use super::writer::Writer;
use alloc::string::String;
use alloc::vec::Vec;

/// A value that has bytes.
pub(crate) trait Value: Sized {
    /// Returns the value of a field that is missing; `None` if it must not be missing.
    fn absent() -> Option<Self> {
        None
    }

    /// Returns whether a field with this value is left out.
    fn is_absent(&self) -> bool {
        false
    }

    /// Writes the value.
    fn write(&self, to: &mut Writer<'_>);

    /// Reads a value.
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Writes the value as a field; nothing if it is the value of a missing field. Fields have to be written in the order of
    /// their numbers.
    fn write_field(&self, to: &mut Writer<'_>, number: u64, since: u16) {
        if !self.is_absent() {
            to.tag(number, since);
            self.write(to);
        }
    }

    /// Reads the value of a field, which may be missing.
    fn read_field(
        fields: &mut Fields,
        from: &mut Reader<'_>,
        number: u64,
        name: &'static str,
    ) -> Result<Self, DecodeError> {
        let at = from.position();
        if fields.find(from, number)? {
            return Self::read(from);
        }
        Self::absent().ok_or(error(at, DecodeErrorKind::Missing(name)))
    }
}

/// Implements [`Value`] for a struct: its fields and their numbers, which ascend.
macro_rules! record {
    ($type:ident { $($field:ident: $number:literal $(since $since:literal)? $(or $default:expr)?,)* }) => {
        impl Value for $type {
            fn write(&self, to: &mut Writer<'_>) {
                const { assert!(ascend(&[$($number),*])) };
                let Self { $($field),* } = self;
                to.begin_fields(0 $(+ u64::from(!is_left_out!($field $(, $default)?)))*);
                $(if !is_left_out!($field $(, $default)?) {
                    $field.write_field(to, $number, since!($($since)?));
                })*
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let mut fields = from.begin_fields()?;
                $(let $field = field!(fields, from, $field, $number $(, $default)?);)*
                fields.end(from)?;
                Ok(Self { $($field),* })
            }
        }
    };
}

/// Implements [`Value`] for an enum: the numbers of its variants, and those of their fields. The field of a tuple variant is
/// named, too.
macro_rules! variants {
    ($type:ident, $about:literal {$(
        $number:literal $(since $since:literal)? => $variant:ident
            $({ $($field:ident: $field_number:literal $(since $field_since:literal)? $(or $default:expr)?,)* })?
            $(( $inner:ident: $inner_number:literal ))?,
    )*}) => {
        impl Value for $type {
            fn write(&self, to: &mut Writer<'_>) {
                match self {$(
                    Self::$variant $({ $($field),* })? $(($inner))? => {
                        const { assert!(ascend(&[$($($field_number),*)?])) };
                        to.begin_list(2);
                        to.tag($number, since!($($since)?));
                        to.begin_fields(
                            0 $($(+ u64::from(!is_left_out!($field $(, $default)?)))*)? $(+ u64::from(!$inner.is_absent()))?
                        );
                        $($(if !is_left_out!($field $(, $default)?) {
                            $field.write_field(to, $field_number, since!($($field_since)?));
                        })*)?
                        $($inner.write_field(to, $inner_number, 1);)?
                    }
                )*}
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let (number, at) = from.begin_variant()?;
                match number {
                    $($number => {
                        let mut fields = from.begin_fields()?;
                        $($(let $field = field!(fields, from, $field, $field_number $(, $default)?);)*)?
                        $(let $inner = field!(fields, from, $inner, $inner_number);)?
                        fields.end(from)?;
                        Ok(Self::$variant $({ $($field),* })? $(($inner))?)
                    })*
                    _ => Err(from.unknown($about, number, at)),
                }
            }
        }
    };
}

/// Implements [`Value`] for an enum whose variants have no fields: their numbers.
macro_rules! numbers {
    ($type:ident, $about:literal { $($number:literal $(since $since:literal)? => $variant:ident,)* }) => {
        impl Value for $type {
            fn write(&self, to: &mut Writer<'_>) {
                match self {
                    $(Self::$variant => to.tag($number, since!($($since)?)),)*
                }
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let at = from.position();
                match from.number()? {
                    $($number => Ok(Self::$variant),)*
                    number => Err(from.unknown($about, number, at)),
                }
            }
        }
    };
}

/// Implements [`Value`] for a type that is stored as another one.
macro_rules! stored_as {
    ($type:ident as $stored:ty, $about:literal, $store:expr, $restore:expr) => {
        impl Value for $type {
            fn write(&self, to: &mut Writer<'_>) {
                let store: fn(&Self) -> $stored = $store;
                store(self).write(to);
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let at = from.position();
                let restore: fn($stored) -> Option<Self> = $restore;
                restore(<$stored>::read(from)?).ok_or(error(at, DecodeErrorKind::Invalid($about)))
            }
        }
    };
}

/// The version of the log with which a row was added: 1, unless the row gives another one.
macro_rules! since {
    () => {
        1
    };
    ($since:literal) => {
        $since
    };
}

/// Whether the field of a row is left out, because it has the value that a missing field has.
macro_rules! is_left_out {
    ($field:ident) => {
        $field.is_absent()
    };
    ($field:ident, $default:expr) => {
        *$field == $default
    };
}

/// Reads the field of a row.
macro_rules! field {
    ($fields:ident, $from:ident, $field:ident, $number:literal) => {
        Value::read_field(&mut $fields, $from, $number, stringify!($field))?
    };
    ($fields:ident, $from:ident, $field:ident, $number:literal, $default:expr) => {
        if $fields.find($from, $number)? { Value::read($from)? } else { $default }
    };
}

/// Returns whether each number is greater than the one before, as fields are written and read.
pub(crate) const fn ascend(numbers: &[u64]) -> bool {
    let mut at = 1;
    while at < numbers.len() {
        if numbers[at - 1] >= numbers[at] {
            return false;
        }
        at += 1;
    }
    true
}

macro_rules! integers {
    ($($type:ident)*) => {
        $(impl Value for $type {
            fn write(&self, to: &mut Writer<'_>) {
                to.number((*self).into());
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let at = from.position();
                let number = from.number()?.try_into();
                number.map_err(|_| error(at, DecodeErrorKind::Invalid(concat!("a number of type ", stringify!($type)))))
            }
        })*
    };
}

integers!(u16 u32 u64);

impl Value for bool {
    fn absent() -> Option<Self> {
        Some(false)
    }

    fn is_absent(&self) -> bool {
        !self
    }

    fn write(&self, to: &mut Writer<'_>) {
        to.bool(*self);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.bool()
    }
}

impl Value for String {
    fn write(&self, to: &mut Writer<'_>) {
        to.str(self);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.str().map(Into::into)
    }
}

impl<const N: usize> Value for [u8; N] {
    fn write(&self, to: &mut Writer<'_>) {
        to.bytes(self);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let at = from.position();
        let invalid = error(at, DecodeErrorKind::Invalid("a string of so many bytes"));
        from.bytes()?.try_into().map_err(|_| invalid)
    }
}

impl<T: Value> Value for Option<T> {
    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    /// Writes the value inside. Where there is none, the field is left out.
    fn write(&self, to: &mut Writer<'_>) {
        if let Some(value) = self {
            value.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        T::read(from).map(Some)
    }
}

impl<T: Value> Value for Vec<T> {
    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn write(&self, to: &mut Writer<'_>) {
        to.begin_list(self.len());
        self.iter().for_each(|value| value.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // The length is not trusted: each item takes a byte at least, and is read before the next one.
        let mut values = Self::new();
        for _ in 0..from.begin_list()? {
            values.push(T::read(from)?);
        }
        Ok(values)
    }
}
