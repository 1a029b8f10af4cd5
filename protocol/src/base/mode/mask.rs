//! Masks, which select the persons of a ban or an exception.

use crate::base::cloak::Cloaks;
use crate::base::mode::glob::{Folded, Glob};
use crate::base::name::{KEY_FACTOR, Name};
use crate::base::person::{Host, Profile};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use unicode_normalization::UnicodeNormalization;

/// One of the lists of masks of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MaskList {
    /// `b`: persons who may neither enter nor speak.
    Bans,
    /// `e`: persons to whom no ban applies.
    BanExceptions,
    /// `I`: persons who may enter without an invitation.
    InviteExceptions,
}

impl MaskList {
    /// All lists, in the order of their letters.
    pub const ALL: [Self; 3] = [Self::InviteExceptions, Self::Bans, Self::BanExceptions];

    /// Returns the list's letter in IRC.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::BanExceptions => 'e',
            Self::Bans => 'b',
            Self::InviteExceptions => 'I',
        }
    }
}

/// A pattern of `name!user@host`, with `*` for any characters and `?` for one. After the prefix `m:`, it bans from
/// speaking only.
///
/// Two masks are equal if they match the same persons: upper and lower case do not matter, and `?*` equals `*?`.
#[derive(Clone)]
pub struct Mask(Arc<Compiled>);

/// A mask as text and as a compiled pattern.
struct Compiled {
    text: String,
    glob: Glob,
}

/// The reason why a text is not a mask, or can match nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskError {
    /// A character that no host has at that position.
    Host(char),
    /// The mask is empty, or contains white space or a control character.
    Malformed,
    /// A character that no name has.
    Name(char),
    /// The host is a network such as `10.0.0.0/8`, or a pattern of addresses such as `2001:*`, which is not one of the
    /// networks that a cloak shows. It would never match, since hosts are compared as text.
    Network,
    /// The mask is longer than [`Mask::BYTES_MAX`].
    TooLong,
    /// An extended mask of other servers, or a mask that this list does not take.
    UnknownKind,
    /// A character that no user name has.
    User(char),
}

impl fmt::Display for MaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(character) => write!(f, "A host cannot contain '{character}' there"),
            Self::Malformed => f.write_str("A mask has the form nick!user@host"),
            Self::Name(character) => write!(f, "A nick cannot contain '{character}'"),
            Self::Network => f.write_str(
                "A mask takes an address or its network of 24 or 16 bits (IPv6: 64 or 48), as in *!*@192.0.2.0/24",
            ),
            Self::TooLong => f.write_str("The mask is too long"),
            Self::UnknownKind => f.write_str("Unknown kind of mask"),
            Self::User(character) => write!(f, "A user name cannot contain '{character}'"),
        }
    }
}

impl core::error::Error for MaskError {}

impl Mask {
    /// Maximum number of bytes of a mask. With the longest names of its setter and of the room, it fits in one message
    /// of IRC.
    pub const BYTES_MAX: usize = 170;

    /// The prefix of a mask that only mutes.
    pub(crate) const MUTE: &str = "m:";

    /// Parses a mask. Parts of `name!user@host` that are missing become `*`.
    ///
    /// A text without `!` and `@` is a host if it contains `.`, `:` or `/`, and a name otherwise. An address, or one of the
    /// networks that a cloak shows, is converted to the pattern of its cloaks.
    ///
    /// # Errors
    /// Returns an error if the text is not a mask, or can match nobody.
    pub fn parse(text: &str, cloaks: &Cloaks) -> Result<Self, MaskError> {
        let text: String = text.nfc().collect();
        let (mute, pattern) = match text.strip_prefix(Self::MUTE) {
            Some(pattern) => (Self::MUTE, pattern),
            None => ("", text.as_str()),
        };
        if pattern.is_empty() || pattern.contains(|it: char| it.is_whitespace() || it.is_control()) {
            return Err(MaskError::Malformed);
        }
        if is_extended(pattern) {
            return Err(MaskError::UnknownKind);
        }
        let (name, user, host) = match (pattern.split_once('!'), pattern.split_once('@')) {
            (Some((name, rest)), _) => {
                let (user, host) = rest.split_once('@').unwrap_or((rest, ""));
                (name, user, host)
            }
            (None, Some((user, host))) => ("", user, host),
            (None, None) if pattern.contains(['.', ':', '/']) => ("", "", pattern),
            (None, None) => (pattern, "", ""),
        };
        let host = cloaked_host(host, cloaks)?;
        let or_any = |part: &str| if part.is_empty() { String::from("*") } else { String::from(part) };
        let mask = alloc::format!("{mute}{}!{}@{}", or_any(name), or_any(user), or_any(&host));
        if mask.len() > Self::BYTES_MAX {
            return Err(MaskError::TooLong);
        }
        let invalid = |part, may_have: fn(char) -> bool| Glob::new(part).literals().find(|&it| !may_have(it));
        if let Some(character) = invalid(name, Name::may_have) {
            return Err(MaskError::Name(character));
        }
        if let Some(character) = invalid(user, Profile::user_may_have) {
            return Err(MaskError::User(character));
        }
        if let Some(character) = invalid(&host, Host::may_have).or(host.starts_with(':').then_some(':')) {
            return Err(MaskError::Host(character));
        }
        let glob = Glob::new(mask.strip_prefix(Self::MUTE).unwrap_or(&mask));
        Ok(Self(Arc::new(Compiled { text: mask, glob })))
    }

    /// Creates a mask that was stored, with the folded pattern that it had then. Returns `None` if it is too long, or not one
    /// word.
    pub(crate) fn stored(text: &str, pattern: &str) -> Option<Self> {
        let is_word =
            |text: &str| !text.is_empty() && !text.contains(|it: char| it == ' ' || it.is_control());
        let fits = text.len() <= Self::BYTES_MAX && pattern.len() <= KEY_FACTOR * Self::BYTES_MAX;
        let is_valid = fits && is_word(text) && is_word(pattern);
        is_valid.then(|| Self(Arc::new(Compiled { text: text.into(), glob: Glob::of_folded(pattern) })))
    }

    /// Returns the folded pattern, without the prefix of a mask that only mutes.
    pub(crate) fn pattern(&self) -> String {
        self.0.glob.to_string()
    }

    /// Parses a mask for a list. A list of invitations takes no mask that only mutes.
    ///
    /// # Errors
    /// Returns an error if the text is not a mask, can match nobody, or is not suitable for the list.
    pub fn parse_for(list: MaskList, text: &str, cloaks: &Cloaks) -> Result<Self, MaskError> {
        let mask = Self::parse(text, cloaks)?;
        if list == MaskList::InviteExceptions && mask.mutes() {
            Err(MaskError::UnknownKind)
        } else {
            Ok(mask)
        }
    }

    /// Returns the mask as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Returns whether the mask only mutes.
    #[must_use]
    pub fn mutes(&self) -> bool {
        self.as_str().starts_with(Self::MUTE)
    }

    /// Returns whether the mask selects persons by their hosts alone.
    pub(crate) fn selects_hosts(&self) -> bool {
        self.as_str().starts_with("*!*@")
    }

    /// Returns whether nothing about a person matters to the mask.
    pub(crate) fn matches_everybody(&self) -> bool {
        self.0.glob.literals().all(|it| it == '!' || it == '@')
    }

    /// Returns whether the mask matches the person.
    #[must_use]
    pub fn matches(&self, person: &Folded) -> bool {
        self.0.glob.matches(person)
    }
}

impl PartialEq for Mask {
    fn eq(&self, other: &Self) -> bool {
        self.mutes() == other.mutes() && self.0.glob == other.0.glob
    }
}

impl Eq for Mask {}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// Returns whether the pattern is an extended mask of other servers: `$a:account`, `~q:name`, `r:real name`. No name,
/// user name or host has this form, except IPv6 addresses.
fn is_extended(pattern: &str) -> bool {
    let is_address = || pattern.parse::<IpAddr>().is_ok();
    let kind = pattern.split_once(':').map(|(kind, _)| kind);
    let is_kind = |kind: &str| kind.chars().all(|it| it.is_ascii_alphanumeric() || it == '!');
    match pattern.strip_prefix('~') {
        // `~user@host` is a pattern of a user name.
        Some(_) => kind.is_some_and(|kind| is_kind(&kind[1..])) || !pattern.contains(['!', '@']),
        None if pattern.starts_with('$') => true,
        None => {
            let is_letter = |kind: &str| kind.len() == 1 && kind.as_bytes()[0].is_ascii_alphabetic();
            kind.is_some_and(is_letter) && !is_address()
        }
    }
}

/// Converts an address or a network to the pattern of its cloaks; returns any other host unchanged. In the notation that
/// is customary on IRC, `192.0.2.*` is a network, too.
fn cloaked_host(host: &str, cloaks: &Cloaks) -> Result<String, MaskError> {
    let (first, size) = host.split_once('/').map_or((host, None), |(first, size)| (first, Some(size)));
    // `MODE #tea +b ::1` arrives as `:1`: its first colon marks the last parameter.
    let ip = first.parse::<IpAddr>().or_else(|_| alloc::format!(":{first}").parse()).ok();
    let all_bits = |ip: IpAddr| if ip.to_canonical().is_ipv4() { 32 } else { 128 };
    let network = match (ip, size) {
        (Some(ip), None) => Some((ip, all_bits(ip))),
        (Some(ip), Some(size)) => size.parse().ok().filter(|_| !size.starts_with('+')).map(|bits| (ip, bits)),
        (None, None) => starred_network(host),
        (None, Some(_)) => None,
    };
    if let Some((ip, bits)) = network {
        return cloaks.pattern(ip, bits).ok_or(MaskError::Network);
    }
    let has_chars = |chars: fn(&char) -> bool| first.chars().all(|it| "*?".contains(it) || chars(&it));
    let is_v4 = first.contains('.')
        && first.contains(|it: char| it.is_ascii_digit())
        && has_chars(|it| it.is_ascii_digit() || *it == '.');
    let is_v6 = first.contains(':') && has_chars(|it| it.is_ascii_hexdigit() || ".:".contains(*it));
    if is_v4 || is_v6 { Err(MaskError::Network) } else { Ok(host.into()) }
}

/// Parses `192.0.2.*`, `192.0.*.*` or `192.0.*`: an address of the network, and the number of its bits.
pub(crate) fn starred_network(host: &str) -> Option<(IpAddr, u8)> {
    let parts: Vec<&str> = host.split('.').collect();
    let numbers = parts.iter().take_while(|&&it| it != "*").count();
    let bits = match (numbers, parts.len()) {
        (3, 4) => 24,
        (2, 3 | 4) => 16,
        _ => return None,
    };
    if parts[numbers..].iter().any(|&it| it != "*") {
        return None;
    }
    let mut octets = [0; 4];
    for (octet, part) in octets.iter_mut().zip(&parts[..numbers]) {
        // Neither `+1` nor `01` is how addresses are written.
        let is_number = !part.starts_with(['+', '0']) || *part == "0";
        *octet = part.parse().ok().filter(|_| is_number)?;
    }
    Some((octets.into(), bits))
}

/// An entry of a list of masks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskEntry {
    /// The mask.
    pub mask: Mask,
    /// The name of the member who set the mask, at that time.
    pub by: Name,
    /// The time at which the mask was set, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::person::Person;
    use crate::base::text::Text;

    fn person(name: &str) -> Person {
        let profile = Profile::new("al", &Cloaks::default().host([10, 0, 0, 1].into()), &Text::default());
        Person { name: Name::parse(name).unwrap(), profile }
    }

    fn parse(text: &str) -> Result<Mask, MaskError> {
        Mask::parse(text, &Cloaks::default())
    }

    #[test]
    fn missing_parts_of_a_mask_become_stars() {
        for (text, mask) in [
            ("alice", "alice!*@*"),
            ("*", "*!*@*"),
            ("al!ice", "al!ice@*"),
            ("ice@host", "*!ice@host"),
            ("@host", "*!*@host"),
            ("a!b@c", "a!b@c"),
            ("!", "*!*@*"),
            ("m:alice", "m:alice!*@*"),
            ("*.example.com", "*!*@*.example.com"),
            ("gateway/web/x", "*!*@gateway/web/x"),
            ("*!~al@*", "*!~al@*"),
            (r"al\ice", r"al\ice!*@*"),
            ("alice`", "alice`!*@*"),
            ("Zoe\u{308}", "Zoë!*@*"),
        ] {
            assert_eq!(parse(text).as_ref().map(Mask::as_str), Ok(mask), "{text}");
        }
        let longest = Mask::BYTES_MAX - "!*@*".len();
        assert!(parse(&"x".repeat(longest)).is_ok());
        assert_eq!(parse(&"x".repeat(longest + 1)), Err(MaskError::TooLong));
    }

    #[test]
    fn an_address_or_a_network_of_a_cloak_becomes_a_pattern_of_cloaks() {
        let pattern = |ip: &str, bits| Cloaks::default().pattern(ip.parse().unwrap(), bits).unwrap();
        for (text, before, ip, bits) in [
            ("127.0.0.1", "*!*@", "127.0.0.1", 32),
            ("m:127.0.0.1", "m:*!*@", "127.0.0.1", 32),
            ("al!~al@127.0.0.1/32", "al!~al@", "127.0.0.1", 32),
            ("*!*@::ffff:10.0.0.1", "*!*@", "10.0.0.1", 32),
            ("*!*@10.0.0.7/24", "*!*@", "10.0.0.0", 24),
            ("10.0.0.*", "*!*@", "10.0.0.0", 24),
            ("10.0.0.0/16", "*!*@", "10.0.0.0", 16),
            ("10.0.*", "*!*@", "10.0.0.0", 16),
            ("10.0.*.*", "*!*@", "10.0.0.0", 16),
            ("2001:DB8:0::1", "*!*@", "2001:db8::1", 128),
            ("f::1", "*!*@", "f::1", 128),
            ("::1", "*!*@", "::1", 128),
            (":1", "*!*@", "::1", 128),
            ("2001:db8:0:1::/64", "*!*@", "2001:db8:0:1::", 64),
            ("m:2001:db8:1::/48", "m:*!*@", "2001:db8:1::", 48),
        ] {
            let mask = alloc::format!("{before}{}", pattern(ip, bits));
            assert_eq!(parse(text).as_ref().map(Mask::as_str), Ok(&*mask), "{text}");
        }
    }

    #[test]
    fn a_mask_that_can_match_nobody_is_an_error() {
        for (text, error) in [
            ("", MaskError::Malformed),
            ("m:", MaskError::Malformed),
            ("a b", MaskError::Malformed),
            ("a\u{7}", MaskError::Malformed),
            ("$a:bob", MaskError::UnknownKind),
            ("$a", MaskError::UnknownKind),
            ("$x:*!*@*", MaskError::UnknownKind),
            ("~q:bob", MaskError::UnknownKind),
            ("~!a:bob", MaskError::UnknownKind),
            ("~q:*!*@10.0.0.1", MaskError::UnknownKind),
            ("~bob", MaskError::UnknownKind),
            ("r:bob", MaskError::UnknownKind),
            ("M:bob", MaskError::UnknownKind),
            ("m:m:bob", MaskError::UnknownKind),
            ("m:$a:bob", MaskError::UnknownKind),
            ("127.0.0.0/8", MaskError::Network),
            ("127.0.0.1/+24", MaskError::Network),
            ("127.*", MaskError::Network),
            ("127.*.0.1", MaskError::Network),
            ("127.0.*.1", MaskError::Network),
            ("127.0.0.1*", MaskError::Network),
            ("127.0.01.*", MaskError::Network),
            ("127.0.+1.*", MaskError::Host('+')),
            ("127.0.256.*", MaskError::Network),
            ("127.0.0.*.*", MaskError::Network),
            ("127.0.?.*", MaskError::Network),
            ("2001:db8:*", MaskError::Network),
            ("*!*@127.0.0.0/8", MaskError::Network),
            ("m:*!*@10.0.*/16", MaskError::Network),
            ("2001:db8::/32", MaskError::Network),
            ("10.0.0.0/255.0.0.0", MaskError::Network),
            ("+x", MaskError::Name('+')),
            ("a.b!*@*", MaskError::Name('.')),
            ("#tea", MaskError::Name('#')),
            (r"a\*", MaskError::Name('*')),
            ("我说", MaskError::Name('说')),
            ("*!a=b@*", MaskError::User('=')),
            ("*!*@茶", MaskError::Host('茶')),
            ("*!*@a@b", MaskError::Host('@')),
            ("*!*@:x", MaskError::Host(':')),
        ] {
            assert_eq!(parse(text).err(), Some(error), "{text}");
            assert!(!error.to_string().is_empty());
        }
        assert_eq!(
            Mask::parse_for(MaskList::InviteExceptions, "m:bob", &Cloaks::default()),
            Err(MaskError::UnknownKind)
        );
        assert!(Mask::parse_for(MaskList::BanExceptions, "m:bob", &Cloaks::default()).is_ok());
    }

    #[test]
    fn masks_that_match_the_same_persons_are_equal() {
        for (one, other) in [
            ("Evil!*@*", "eVIL!*@*"),
            ("ZOË", "zoe\u{308}"),
            ("m:K", "m:\u{212a}"),
            ("a**", "a*"),
            ("a?*?", "a*??"),
            ("*!*@Tea.Example", "*!*@tea.example"),
        ] {
            assert_eq!(parse(one).unwrap(), parse(other).unwrap(), "{one} {other}");
        }
        for (one, other) in [("a", "m:a"), ("a*", "a?"), ("a?*", "a*"), (r"a\b", r"a\\b"), ("a|", r"a\")] {
            assert_ne!(parse(one).unwrap(), parse(other).unwrap(), "{one} {other}");
        }
    }

    #[test]
    fn a_stored_mask_keeps_its_pattern() {
        for text in ["Evil!*@*", "m:ZOË", "a?*?**", r"a\b\!*@*.Example", r"*\\!*@*"] {
            let mask = parse(text).unwrap();
            let stored = Mask::stored(mask.as_str(), &mask.pattern()).unwrap();
            assert_eq!((stored.as_str(), &stored), (mask.as_str(), &mask));
            assert_eq!((stored.mutes(), stored.pattern()), (mask.mutes(), mask.pattern()));
        }
        let stored = Mask::stored("Evil!*@*", "ev1l!*@*").unwrap();
        assert!(
            stored.matches(&Folded::of(&person("ev1l"))) && !stored.matches(&Folded::of(&person("evil")))
        );
        let longest = "x".repeat(Mask::BYTES_MAX);
        assert!(Mask::stored(&longest, &longest.repeat(2)).is_some());
        for (text, pattern) in [
            ("", "a"),
            ("a", ""),
            ("a b", "a"),
            ("a", "a\n"),
            (&*alloc::format!("{longest}x"), "a"),
            ("a", &*alloc::format!("{longest}x{longest}")),
        ] {
            assert!(Mask::stored(text, pattern).is_none(), "{text} {pattern:?}");
        }
    }

    #[test]
    fn a_name_with_a_backslash_matches_exactly_itself() {
        let names = [r"al\ice", r"al\\ice", r"alice\", r"alice\\", r"\", r"\\"];
        for text in names {
            for name in names {
                let mask = parse(text).unwrap();
                assert_eq!(mask.matches(&Folded::of(&person(name))), text == name, "{text} {name}");
            }
        }
    }

    #[test]
    fn a_mask_matches_regardless_of_case() {
        for (text, matches) in [
            ("ZOË", true),
            ("zo?", true),
            ("zoe", false),
            ("*!al@*", true),
            ("*@10.0.0.*", true),
            ("*@10.0.1.*", false),
            ("m:zoë", true),
        ] {
            let mask = parse(text).unwrap();
            assert_eq!(mask.matches(&Folded::of(&person("Zoë"))), matches, "{text}");
            assert_eq!(mask.mutes(), text.starts_with("m:"));
        }
    }
}
