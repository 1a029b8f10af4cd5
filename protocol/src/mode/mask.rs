//! Masks: whom a ban or an exception is about.

use crate::name::{Name, fold};
use crate::person::Person;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// A list of masks that a room keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MaskList {
    /// `b`: those who may not enter, nor speak.
    Bans,
    /// `e`: those whom no ban is about.
    BanExceptions,
    /// `I`: those who may enter without an invitation.
    InviteExceptions,
}

impl MaskList {
    /// Every list, in the order of the letters.
    pub const ALL: [Self; 3] = [Self::InviteExceptions, Self::Bans, Self::BanExceptions];

    /// Its letter in IRC.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::BanExceptions => 'e',
            Self::Bans => 'b',
            Self::InviteExceptions => 'I',
        }
    }
}

/// Whom a ban or an exception is about: a pattern of `name!user@host` with `*` for any characters and `?` for
/// one; behind `m:`, whoever matches may enter, and not speak.
#[derive(Clone)]
pub struct Mask(Arc<Compiled>);

/// A mask as text, and what it is compared by.
struct Compiled {
    text: String,
    glob: Glob,
}

impl Mask {
    /// Bytes that a mask has at most: whoever sets it and in whichever room, one message of IRC has a place for it.
    pub const BYTES_MAX: usize = 170;

    /// What stands before the pattern of a mask that only mutes.
    const MUTE: &str = "m:";

    /// The mask of a text: what it leaves out of `name!user@host` is `*`. `None` for one that is empty, too long,
    /// or has a space in it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mute, pattern) = match text.strip_prefix(Self::MUTE) {
            Some(pattern) => (Self::MUTE, pattern),
            None => ("", text),
        };
        if pattern.is_empty()
            || pattern.starts_with(':')
            || pattern.contains(|it: char| it == ' ' || it.is_control())
        {
            return None;
        }
        let (name, rest) = match pattern.split_once('!') {
            Some((name, rest)) => (name, rest),
            // `user@host` has no name, `host.example` no `@`; anything else is a name.
            None if pattern.contains('@') => ("", pattern),
            None => (pattern, ""),
        };
        let (user, host) = rest.split_once('@').unwrap_or((rest, ""));
        let or_any = |part: &str| if part.is_empty() { String::from("*") } else { String::from(part) };
        let mask = alloc::format!("{mute}{}!{}@{}", or_any(name), or_any(user), or_any(host));
        let glob = Glob::new(mask.strip_prefix(Self::MUTE).unwrap_or(&mask));
        (mask.len() <= Self::BYTES_MAX).then(|| Self(Arc::new(Compiled { text: mask, glob })))
    }

    /// The mask as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Whether it only mutes.
    #[must_use]
    pub fn mutes(&self) -> bool {
        self.as_str().starts_with(Self::MUTE)
    }

    /// Whether it is about that person. Case does not matter, by the fold of names.
    #[must_use]
    pub fn matches(&self, person: &Folded) -> bool {
        self.0.glob.matches(person)
    }
}

impl PartialEq for Mask {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Mask {}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// A pattern with `*` for any characters and `?` for one, which matches without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<char>);

/// A text, folded for patterns to match it.
#[derive(Clone, Debug)]
pub struct Folded(Vec<char>);

impl Folded {
    /// A text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.chars().map(fold).collect())
    }

    /// Who somebody is to masks: `name!user@host`.
    #[must_use]
    pub fn of(person: &Person) -> Self {
        let Person { name, profile } = person;
        Self::new(&alloc::format!("{}!{}@{}", name.key(), profile.user(), profile.host()))
    }
}

impl Glob {
    /// The pattern of a text; every text is one.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(pattern.chars().map(fold).collect())
    }

    /// Whether it matches all of a text. The work is at most the product of their lengths.
    #[must_use]
    pub fn matches(&self, text: &Folded) -> bool {
        let (Self(pattern), Folded(text)) = (self, text);
        let (mut at, mut from) = (0, 0);
        // Where to go on when what follows the last star does not match here.
        let mut star: Option<(usize, usize)> = None;
        while at < text.len() {
            match pattern.get(from) {
                Some('*') => {
                    star = Some((from, at));
                    from += 1;
                }
                Some(&it) if it == '?' || it == text[at] => {
                    from += 1;
                    at += 1;
                }
                _ => {
                    let Some((behind, start)) = star else { return false };
                    star = Some((behind, start + 1));
                    from = behind + 1;
                    at = start + 1;
                }
            }
        }
        pattern[from..].iter().all(|&it| it == '*')
    }
}

/// A mask in a list, and who put it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskEntry {
    /// The mask.
    pub mask: Mask,
    /// The name, at that time, of the member who put it there.
    pub by: Name,
    /// When: milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::Profile;
    use crate::text::Text;

    fn person(name: &str) -> Person {
        let profile = Profile::new("al", [10, 0, 0, 1].into(), Text::default());
        Person { name: Name::parse(name).unwrap(), profile }
    }

    #[test]
    fn a_mask_is_completed() {
        for (text, mask) in [
            ("alice", Some("alice!*@*")),
            ("*", Some("*!*@*")),
            ("al!ice", Some("al!ice@*")),
            ("ice@host", Some("*!ice@host")),
            ("@host", Some("*!*@host")),
            ("a!b@c", Some("a!b@c")),
            ("!", Some("*!*@*")),
            ("m:alice", Some("m:alice!*@*")),
            ("", None),
            ("m:", None),
            (":x", None),
            ("a b", None),
        ] {
            assert_eq!(Mask::parse(text).as_ref().map(Mask::as_str), mask, "{text}");
        }
        let room = Mask::BYTES_MAX - "!*@*".len();
        assert!(Mask::parse(&"x".repeat(room)).is_some());
        assert!(Mask::parse(&"x".repeat(room + 1)).is_none());
    }

    #[test]
    fn a_mask_matches_by_the_fold_of_names() {
        for (text, matches) in [
            ("ZOË", true),
            ("zo?", true),
            ("zoe", false),
            ("*!al@*", true),
            ("*@10.0.0.*", true),
            ("*@10.0.1.*", false),
            ("m:zoë", true),
        ] {
            let mask = Mask::parse(text).unwrap();
            assert_eq!(mask.matches(&Folded::of(&person("Zoë"))), matches, "{text}");
            assert_eq!(mask.mutes(), text.starts_with("m:"));
        }
    }

    #[test]
    fn a_star_is_any_text_and_a_question_mark_one_character() {
        for (pattern, text, matches) in [
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("*ab", "aab", true),
            ("a?c", "aéc", true),
            ("A", "a", true),
            ("**a**", "xay", true),
            ("a", "ab", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(&Folded::new(text)), matches, "{pattern} {text}");
        }
        let text = Folded::new(&"a".repeat(59));
        assert!(!Glob::new(&"*a".repeat(60)).matches(&text), "no pattern takes long");
    }
}
