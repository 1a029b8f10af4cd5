//! The conditions between limits, and the error for one that does not hold.

use crate::base::language::Language;
use core::fmt;

/// The error for limits that violate one of their [`relations`](super::Limits::relations).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitError {
    pub(super) relation: Relation,
}

/// A condition that limits must satisfy. Its text names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The relation in English.
    pub en: &'static str,
    /// The relation in Chinese.
    pub zh: &'static str,
    /// Whether it holds.
    pub holds: bool,
}

/// The condition that a limit is at least a number.
macro_rules! at_least {
    ($name:ident, $limit:expr, $least:literal) => {
        Relation {
            en: concat!(stringify!($name), " must be at least ", $least),
            zh: concat!(stringify!($name), " 至少为 ", $least),
            holds: $limit >= $least,
        }
    };
}

/// The condition that a limit is at most another limit.
macro_rules! at_most {
    ($name:ident, $other:ident, $holds:expr) => {
        Relation {
            en: concat!(stringify!($name), " must be at most ", stringify!($other)),
            zh: concat!(stringify!($name), " 不能大于 ", stringify!($other)),
            holds: $holds,
        }
    };
}

/// The condition that the size of a kernel's buffer is one that the kernel accepts: it doubles the size, and has a minimum.
macro_rules! socket_bytes {
    ($name:ident, $limit:expr) => {
        Relation {
            en: concat!(stringify!($name), " must be from 4096 to 1073741823"),
            zh: concat!(stringify!($name), " 必须在 4096 到 1073741823 之间"),
            holds: $limit >= 4096 && $limit < 1 << 30,
        }
    };
}

impl LimitError {
    /// Returns the text of the violated relation.
    #[must_use]
    pub const fn relation(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.relation.en,
            Language::Zh => self.relation.zh,
        }
    }

    /// Returns whether the text of the violated relation contains the name `limit`.
    #[must_use]
    pub fn names(&self, limit: &str) -> bool {
        let is_in_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        self.relation.en.split(|character| !is_in_name(character)).any(|word| word == limit)
    }
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid limits: {}", self.relation.en)
    }
}

impl core::error::Error for LimitError {}
