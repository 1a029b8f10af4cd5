//! The public identity of a member: name, user name, host and real name.

use crate::base::digest::Digest;
use crate::base::name::Name;
use crate::base::text::Text;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use unicode_normalization::UnicodeNormalization;

/// The public identity of a member: `name!user@host` of IRC, and the real name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The member's name.
    pub name: Name,
    /// Everything but the name.
    pub profile: Profile,
}

/// User name, host and real name of a client. Cloning it is cheap.
///
/// The host is a [cloak](crate::Cloaks), or one that an operator of the server set. The address is not a part of it: the
/// log and the world never contain one.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    /// User name, host and real name, concatenated. Three separate allocations would need more memory than the texts.
    texts: Arc<str>,
    /// The end of the user name in `texts`.
    user_end: u8,
    /// The end of the host in `texts`.
    host_end: u8,
}

/// A set of user modes. The letters are those of IRC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserModes(u8);

impl UserModes {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// `B`: the member is a bot.
    pub const BOT: Self = Self(1);
    /// `i`: members that share no room with the member find it only by its name.
    pub const INVISIBLE: Self = Self(2);
    /// `o`: the member is an operator of the server.
    pub const OPERATOR: Self = Self(4);
    /// `w`: the member is sent the operators' `WALLOPS`.
    pub const WALLOPS: Self = Self(8);

    /// All modes and their letters, in the order of the letters.
    pub const ALL: [(Self, char); 4] =
        [(Self::BOT, 'B'), (Self::INVISIBLE, 'i'), (Self::OPERATOR, 'o'), (Self::WALLOPS, 'w')];

    /// Returns the mode with a letter.
    #[must_use]
    pub fn of_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|&(_, it)| it == letter).map(|(mode, _)| mode)
    }

    /// Returns whether the set contains all modes of `other`.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the union of both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the modes that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn number(self) -> u64 {
        self.0.into()
    }
}

impl fmt::Display for UserModes {
    /// Formats the letters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Self::ALL.into_iter().filter(|&(mode, _)| self.has(mode)).try_for_each(|(_, it)| write!(f, "{it}"))
    }
}

/// A host that is shown instead of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(Arc<str>);

impl Host {
    /// Maximum number of bytes of a host (ISUPPORT's `HOSTLEN`).
    pub const BYTES_MAX: usize = 63;

    /// Parses a host: ASCII letters and digits, `.`, `-`, `_`, `/` and `:`, which must not be the first character.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= Self::BYTES_MAX && !text.starts_with(':');
        (fits && text.chars().all(Self::may_have)).then(|| Self(text.into()))
    }

    /// Creates a host from a cloak, which consists of letters, digits and dots.
    pub(crate) fn of_cloak(cloak: &str) -> Self {
        debug_assert!(Self::parse(cloak).is_some(), "a cloak is a host: {cloak}");
        Self(cloak.into())
    }

    /// Creates a host that was stored. Returns `None` if it is too long, or not one word.
    pub(crate) fn stored(text: &str) -> Option<Self> {
        (text.len() <= Self::BYTES_MAX && is_word(text)).then(|| Self(text.into()))
    }

    /// Returns whether a host may contain the character.
    pub(crate) fn may_have(character: char) -> bool {
        character.is_ascii_alphanumeric() || ".-_/:".contains(character)
    }

    /// Returns the host as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Person {
    pub(crate) fn digest(&self, digest: &mut Digest) {
        digest.text(self.name.as_str());
        digest.text(self.profile.user());
        digest.text(self.profile.host());
        digest.text(self.profile.real_name());
    }
}

impl Profile {
    /// Maximum number of bytes of a user name (ISUPPORT's `USERLEN`).
    pub const USER_BYTES_MAX: usize = 20;

    /// The user name of plain clients.
    const PLAIN_USER: &str = "plain";
    /// The real name of plain clients.
    const PLAIN_REAL_NAME: &str = "plain text";

    /// Creates a profile from the parameters of IRC's `USER`.
    ///
    /// Characters that cannot be in `name!user@host`, or would be wildcards there, are dropped from the user name. If
    /// nothing is left, it is `user`.
    #[must_use]
    pub fn new(user: &str, host: &Host, real_name: &Text) -> Self {
        let mut kept = String::new();
        // Masks are compared in NFC, so the user name is kept in NFC.
        for character in user.nfc().filter(|&it| Self::user_may_have(it)) {
            if kept.len() + character.len_utf8() > Self::USER_BYTES_MAX {
                break;
            }
            kept.push(character);
        }
        let user = if kept.is_empty() { "user" } else { &kept };
        Self::of(user, host.as_str(), real_name.as_str())
    }

    /// Creates a profile of texts that are within their limits.
    fn of(user: &str, host: &str, real_name: &str) -> Self {
        let end = |length| u8::try_from(length).expect("a user name and a host have 83 bytes at most");
        Self {
            texts: [user, host, real_name].concat().into(),
            user_end: end(user.len()),
            host_end: end(user.len() + host.len()),
        }
    }

    /// Creates a profile that was stored. Returns `None` if a part is too long, or the user name or the host is not one word.
    pub(crate) fn stored(user: &str, host: &str, real_name: &str) -> Option<Self> {
        let are_words = [user, host].into_iter().all(is_word);
        let fit = user.len() <= Self::USER_BYTES_MAX && host.len() <= Host::BYTES_MAX;
        (are_words && fit && Text::is_clean(real_name)).then(|| Self::of(user, host, real_name))
    }

    /// Returns whether a user name may contain the character.
    pub(crate) fn user_may_have(character: char) -> bool {
        character.is_alphanumeric() || "-_.~+[]{}|^\\`'".contains(character)
    }

    /// Creates the profile of a plain client.
    #[must_use]
    pub fn of_host(host: &Host) -> Self {
        Self::of(Self::PLAIN_USER, host.as_str(), Self::PLAIN_REAL_NAME)
    }

    /// Returns the user name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.texts[..self.user_end.into()]
    }

    /// Returns the host: the cloak, or the host that an operator of the server set (`CHGHOST`).
    #[must_use]
    pub fn host(&self) -> &str {
        &self.texts[self.user_end.into()..self.host_end.into()]
    }

    /// Returns the real name, a free text that is often empty.
    #[must_use]
    pub fn real_name(&self) -> &str {
        &self.texts[self.host_end.into()..]
    }

    /// Returns the profile with another host.
    #[must_use]
    pub fn with_host(&self, host: &Host) -> Self {
        Self::of(self.user(), host.as_str(), self.real_name())
    }

    /// Returns the profile with another real name.
    #[must_use]
    pub fn with_real_name(&self, real_name: &Text) -> Self {
        Self::of(self.user(), self.host(), real_name.as_str())
    }
}

/// Returns whether a text can stand between the marks of `name!user@host`.
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|it: char| it.is_control() || " !@".contains(it))
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("user", &self.user())
            .field("host", &self.host())
            .field("real_name", &self.real_name())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn profile(user: &str, host: &str) -> Profile {
        Profile::new(user, &Host::parse(host).unwrap(), &Text::default())
    }

    #[test]
    fn characters_that_a_mask_cannot_contain_are_dropped_from_a_user_name() {
        for (user, kept) in [
            ("alice", "alice"),
            ("~a.b-c", "~a.b-c"),
            ("a\\b", "a\\b"),
            ("a!b@c*d?e f", "abcdef"),
            ("", "user"),
            ("!@", "user"),
            ("小明", "小明"),
            ("123456789012345678901", "12345678901234567890"),
            ("1234567890123456789é", "1234567890123456789"),
        ] {
            assert_eq!(profile(user, "a.cloak").user(), kept, "{user}");
        }
    }

    #[test]
    fn modes_are_formatted_as_their_letters() {
        let mut all = UserModes::NONE;
        for (mode, letter) in UserModes::ALL {
            assert_eq!(UserModes::of_letter(letter), Some(mode));
            assert!(!all.has(mode));
            all = all.with(mode);
        }
        assert_eq!(all.to_string(), "Biow");
        assert_eq!(all.without(UserModes::OPERATOR).to_string(), "Biw");
        assert_eq!(UserModes::of_letter('x'), None);
    }

    #[test]
    fn a_host_is_one_word() {
        for (text, is_host) in [
            ("tea.example", true),
            ("a/b_c:1", true),
            ("", false),
            (":a", false),
            ("a b", false),
            ("a@b", false),
            ("茶", false),
        ] {
            assert_eq!(Host::parse(text).is_some(), is_host, "{text}");
        }
        assert!(Host::parse(&"x".repeat(63)).is_some() && Host::parse(&"x".repeat(64)).is_none());
        let shown = profile("alice", "a.cloak").with_host(&Host::parse("tea.example").unwrap());
        assert_eq!((shown.user(), shown.host(), shown.real_name()), ("alice", "tea.example", ""));
    }

    #[test]
    fn a_stored_profile_is_not_changed() {
        let stored = Profile::stored("a*b", "tea_house", "\u{FEFF}Al").unwrap();
        assert_eq!((stored.user(), stored.host(), stored.real_name()), ("a*b", "tea_house", "\u{FEFF}Al"));
        let (user, host) = ("u".repeat(20), "h".repeat(63));
        assert!(Profile::stored(&user, &host, "").is_some());
        for (user, host, real_name) in [
            ("", "h", ""),
            ("u", "", ""),
            ("a!b", "h", ""),
            ("u", "a@b", ""),
            ("u", "a b", ""),
            ("u", "h", "a\nb"),
            (&*alloc::format!("{user}u"), "h", ""),
            ("u", &*alloc::format!("{host}h"), ""),
        ] {
            assert!(Profile::stored(user, host, real_name).is_none(), "{user} {host} {real_name:?}");
        }
        assert_eq!(Host::stored(&host).as_ref().map(Host::as_str), Some(&*host));
        for text in ["", "a b", "a!b", "a\r", &alloc::format!("{host}h")] {
            assert!(Host::stored(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn with_real_name_changes_nothing_else() {
        let one = profile("alice", "a.cloak");
        let words = Text::clean("Alice in 茶".as_bytes(), false);
        let other = one.with_real_name(&words);
        assert_eq!(other.real_name(), "Alice in 茶");
        assert_eq!((other.user(), other.host()), (one.user(), one.host()));
        assert_eq!(other.with_real_name(&Text::default()), one);
        let host = Host::parse("tea.example").unwrap();
        assert_eq!(other.with_host(&host), one.with_host(&host).with_real_name(&words));
        assert_eq!(one.with_host(&host).with_host(&Host::parse(one.host()).unwrap()), one);
    }
}
