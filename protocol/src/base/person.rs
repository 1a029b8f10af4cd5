//! Who a member is to others.

use crate::base::digest::Digest;
use crate::base::name::Name;
use crate::base::text::Text;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;
use core::net::IpAddr;
use unicode_normalization::UnicodeNormalization;

/// What everybody may know of a member: what IRC shows as `name!user@host` and its real name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Its name.
    pub name: Name,
    /// The rest.
    pub profile: Profile,
}

/// What a connection says of itself, and where it is, before it has a name. Cloning it is cheap.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    /// The user name, the address, the host where it is another one, and the real name, one behind the other: a profile
    /// is made once and kept for as long as its member is there, and four allocations would be larger than the texts.
    texts: Arc<str>,
    user_end: u8,
    address_end: u8,
    /// Equal to `address_end` where the address is shown.
    host_end: u8,
}

/// What a member has set for itself, or has shown that it is. The letters are those of IRC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserModes(u8);

impl UserModes {
    /// None.
    pub const NONE: Self = Self(0);
    /// `B`: it is a program.
    pub const BOT: Self = Self(1);
    /// `i`: who shares no room with it finds it only by its name.
    pub const INVISIBLE: Self = Self(2);
    /// `o`: it is an operator of the server.
    pub const OPERATOR: Self = Self(4);
    /// `w`: it hears what operators say to all.
    pub const WALLOPS: Self = Self(8);

    /// Every mode and its letter, in the order of the letters.
    pub const ALL: [(Self, char); 4] =
        [(Self::BOT, 'B'), (Self::INVISIBLE, 'i'), (Self::OPERATOR, 'o'), (Self::WALLOPS, 'w')];

    /// The mode of that letter.
    #[must_use]
    pub fn of_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|&(_, it)| it == letter).map(|(mode, _)| mode)
    }

    /// Whether all of `other` are in it.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of it that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn number(self) -> u64 {
        self.0.into()
    }
}

impl fmt::Display for UserModes {
    /// The letters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Self::ALL.into_iter().filter(|&(mode, _)| self.has(mode)).try_for_each(|(_, it)| write!(f, "{it}"))
    }
}

/// A host that is shown instead of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(Arc<str>);

impl Host {
    /// Bytes that a host has at most (ISUPPORT's `HOSTLEN`).
    pub const BYTES_MAX: usize = 63;

    /// A host; `None` where the text is none: letters and digits of ASCII, `.`, `-`, `_`, `/` and `:`, which is not
    /// the first.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= Self::BYTES_MAX && !text.starts_with(':');
        (fits && text.chars().all(Self::may_have)).then(|| Self(text.into()))
    }

    /// Whether some host has that character.
    pub(crate) fn may_have(character: char) -> bool {
        character.is_ascii_alphanumeric() || ".-_/:".contains(character)
    }

    /// The host as text.
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
        digest.text(self.profile.address());
        digest.text(self.profile.real_name());
    }
}

impl Profile {
    /// Bytes that a user name has at most (ISUPPORT's `USERLEN`).
    pub const USER_BYTES_MAX: usize = 20;

    /// The user name of those who speak the plain dialect, and name none; and their real name.
    const PLAIN_USER: &str = "plain";
    const PLAIN_REAL_NAME: &str = "plain text";

    /// A profile from what a client says of itself. Of the user name, what cannot be in a `name!user@host`, or
    /// would be a wildcard there, is dropped; nothing left over is `user`.
    #[must_use]
    pub fn new(user: &str, ip: IpAddr, real_name: &Text) -> Self {
        let mut kept = String::new();
        // Masks are compared in NFC, where some letters are a letter and a mark.
        for character in user.nfc().filter(|&it| Self::user_may_have(it)) {
            if kept.len() + character.len_utf8() > Self::USER_BYTES_MAX {
                break;
            }
            kept.push(character);
        }
        let user = if kept.is_empty() { "user" } else { &kept };
        Self::of(user, &address_as_host(ip), None, real_name.as_str())
    }

    /// A profile of these texts, which are known to be within their limits.
    fn of(user: &str, address: &str, host: Option<&str>, real_name: &str) -> Self {
        let host = host.filter(|&host| host != address);
        let texts = [user, address, host.unwrap_or_default(), real_name].concat();
        let end =
            |length| u8::try_from(length).expect("a user name, an address and a host have 129 bytes at most");
        let user_end = user.len();
        let address_end = user_end + address.len();
        let host_end = address_end + host.map_or(0, str::len);
        Self {
            texts: texts.into(),
            user_end: end(user_end),
            address_end: end(address_end),
            host_end: end(host_end),
        }
    }

    /// Whether some user name has that character.
    pub(crate) fn user_may_have(character: char) -> bool {
        character.is_alphanumeric() || "-_.~+[]{}|^\\`'".contains(character)
    }

    /// The profile of a client that says nothing of itself.
    #[must_use]
    pub fn of_address(ip: IpAddr) -> Self {
        Self::of(Self::PLAIN_USER, &address_as_host(ip), None, Self::PLAIN_REAL_NAME)
    }

    /// The user name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.texts[..self.user_end.into()]
    }

    /// Where it is shown to connect from: its address, or what an operator of the server has it shown as.
    #[must_use]
    pub fn host(&self) -> &str {
        self.shown_host().unwrap_or_else(|| self.address())
    }

    /// Where it connects from, whatever is shown: for operators of the server and for itself.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.texts[self.user_end.into()..self.address_end.into()]
    }

    /// What it calls itself, in any words; often nothing.
    #[must_use]
    pub fn real_name(&self) -> &str {
        &self.texts[self.host_end.into()..]
    }

    /// The same, shown at another host.
    #[must_use]
    pub fn with_host(&self, host: &Host) -> Self {
        Self::of(self.user(), self.address(), Some(host.as_str()), self.real_name())
    }

    /// The same with other words.
    #[must_use]
    pub fn with_real_name(&self, real_name: &Text) -> Self {
        Self::of(self.user(), self.address(), self.shown_host(), real_name.as_str())
    }

    /// The host that is shown instead of the address.
    fn shown_host(&self) -> Option<&str> {
        let (start, end) = (self.address_end.into(), self.host_end.into());
        (start < end).then(|| &self.texts[start..end])
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("user", &self.user())
            .field("address", &self.address())
            .field("host", &self.host())
            .field("real_name", &self.real_name())
            .finish()
    }
}

/// An address as a host name. One that begins with a colon would end the parameters of a message.
pub(crate) fn address_as_host(ip: IpAddr) -> String {
    let shown = ip.to_canonical().to_string();
    if shown.starts_with(':') { alloc::format!("0{shown}") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(user: &str, ip: &str) -> Profile {
        Profile::new(user, ip.parse().unwrap(), &Text::default())
    }

    #[test]
    fn a_user_name_is_what_can_be_in_a_mask() {
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
            assert_eq!(profile(user, "10.0.0.1").user(), kept, "{user}");
        }
    }

    #[test]
    fn modes_are_shown_by_their_letters() {
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
    fn a_host_is_an_address() {
        for (ip, host) in [
            ("10.0.0.1", "10.0.0.1"),
            ("::1", "0::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
        ] {
            assert_eq!(profile("x", ip).host(), host);
        }
    }

    #[test]
    fn a_host_that_is_shown_is_one_word() {
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
        let shown = profile("alice", "10.0.0.1").with_host(&Host::parse("tea.example").unwrap());
        assert_eq!((shown.user(), shown.host(), shown.address()), ("alice", "tea.example", "10.0.0.1"));
    }

    #[test]
    fn another_real_name_changes_nothing_else() {
        let one = profile("alice", "10.0.0.1");
        let words = Text::clean("Alice in 茶".as_bytes(), false);
        let other = one.with_real_name(&words);
        assert_eq!(other.real_name(), "Alice in 茶");
        assert_eq!((other.user(), other.host()), (one.user(), one.host()));
        assert_eq!(other.with_real_name(&Text::default()), one);
        let host = Host::parse("tea.example").unwrap();
        assert_eq!(other.with_host(&host), one.with_host(&host).with_real_name(&words));
        assert_eq!(one.with_host(&host).with_host(&Host::parse(one.address()).unwrap()), one);
    }
}
