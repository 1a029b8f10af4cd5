//! Bans from the server: of a network, or of the persons that a mask matches.

use crate::base::cloak::Cloaks;
use crate::base::digest::Digest;
use crate::base::mode::{Folded, Mask, MaskError, starred_network};
use crate::base::name::Name;
use crate::base::network::Network;
use crate::base::person::Person;
use crate::base::text::Text;
use alloc::string::String;
use core::fmt::{self, Write};
use core::net::IpAddr;

/// The connections to which a ban applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BanTarget {
    /// The persons that a mask matches.
    Mask(Mask),
    /// The addresses of a network.
    Network(Network),
}

/// The reason why a text is not the target or the duration of a ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BanTargetError {
    /// The duration is nothing, or too long.
    Duration,
    /// Everybody would be banned.
    Everybody,
    /// It is neither a network nor a mask.
    Mask(MaskError),
}

/// A ban from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerBan {
    /// The connections to which it applies.
    pub target: BanTarget,
    /// The reason, if one was given. Whoever is banned reads it.
    pub reason: Option<Text>,
    /// The name of the operator who set the ban, at that time.
    pub by: Name,
    /// The time at which it was set, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
    /// The time at which it ends; `None` if it does not end by itself.
    pub ends_unix_ms: Option<u64>,
}

/// A ban that an operator asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBan {
    /// The connections to which it applies.
    pub target: BanTarget,
    /// The number of milliseconds after which it ends; `None` if it does not end by itself.
    pub lasts_ms: Option<u64>,
    /// The reason, if one was given.
    pub reason: Option<Text>,
}

impl BanTarget {
    /// Parses an address, a network, or a mask. An IPv6 address stands for its /64, which commonly belongs to one host.
    ///
    /// # Errors
    /// Returns an error if the text is none of these, or everybody would be banned.
    pub fn parse(text: &str, cloaks: &Cloaks) -> Result<Self, BanTargetError> {
        let address = text.strip_prefix("*!*@").or_else(|| text.strip_prefix("*@")).unwrap_or(text);
        if let Some(network) = network(address) {
            return if network.is_whole_family() {
                Err(BanTargetError::Everybody)
            } else {
                Ok(Self::Network(network))
            };
        }
        let mask = Mask::parse(text, cloaks).map_err(BanTargetError::Mask)?;
        match mask {
            mask if mask.mutes() => Err(BanTargetError::Mask(MaskError::UnknownKind)),
            mask if mask.matches_everybody() => Err(BanTargetError::Everybody),
            mask => Ok(Self::Mask(mask)),
        }
    }

    /// Returns whether the ban applies to every connection from this address, whoever makes it. `cloak` computes the
    /// person without name and user name that has the cloak of the address.
    pub(crate) fn applies_to_address<'a>(&self, ip: IpAddr, cloak: impl FnOnce() -> &'a Folded) -> bool {
        match self {
            Self::Mask(mask) => mask.selects_hosts() && mask.matches(cloak()),
            Self::Network(network) => network.contains(ip),
        }
    }

    /// Returns whether the ban applies to a person because of a mask.
    pub(crate) fn applies_to_person(&self, person: &Folded) -> bool {
        matches!(self, Self::Mask(mask) if mask.matches(person))
    }

    pub(crate) fn digest(&self, digest: &mut Digest) {
        match self {
            Self::Mask(mask) => digest.text(mask.as_str()),
            Self::Network(network) => digest.bytes(&network.to_bytes()),
        }
    }
}

impl fmt::Display for BanTarget {
    /// Formats the target as [`parse`](Self::parse) takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mask(mask) => f.write_str(mask.as_str()),
            Self::Network(network) => match network.as_v4_address() {
                Some(address) => write!(f, "{address}"),
                None => write!(f, "{network}"),
            },
        }
    }
}

impl ServerBan {
    /// Returns whether the ban is over.
    #[must_use]
    pub fn is_over(&self, now_unix_ms: u64) -> bool {
        self.ends_unix_ms.is_some_and(|end| end <= now_unix_ms)
    }

    /// Returns the text that whoever is banned reads: the reason, and the end.
    #[must_use]
    pub fn message(&self) -> Option<Text> {
        let mut words = String::new();
        if let Some(reason) = &self.reason {
            words += reason.as_str();
        }
        if let Some(end) = self.ends_unix_ms {
            let (before, behind) = if words.is_empty() { ("", "") } else { (" (", ")") };
            let end = crate::base::calendar::Utc::from_unix_ms(end);
            write!(words, "{before}until {end}{behind}").expect("a string accepts all text");
        }
        Some(Text::clean(words.as_bytes(), false)).filter(|text| !text.is_empty())
    }

    pub(crate) fn digest(&self, digest: &mut Digest) {
        self.target.digest(digest);
        digest.text(self.reason.as_ref().map_or("", Text::as_str));
        digest.text(self.by.as_str());
        digest.number(self.at_unix_ms);
        digest.number(self.ends_unix_ms.unwrap_or(u64::MAX));
    }
}

/// Returns the person without name and user name that has the cloak of an address.
pub(crate) fn cloaked_nobody(ip: IpAddr, cloaks: &Cloaks) -> Folded {
    Folded::new(&alloc::format!("!@{}", cloaks.host(ip).as_str()))
}

/// Returns whether a ban applies to a member's connection: by its address, by its cloak, or by the host that others see.
pub(crate) fn applies_to_member(target: &BanTarget, person: &Person, ip: IpAddr, cloaks: &Cloaks) -> bool {
    match target {
        BanTarget::Mask(mask) => {
            let cloaked = Person { profile: person.profile.with_host(&cloaks.host(ip)), ..person.clone() };
            [person, &cloaked].into_iter().any(|it| mask.matches(&Folded::of(it)))
        }
        BanTarget::Network(network) => network.contains(ip),
    }
}

/// Parses a duration: numbers with a unit, such as `30m`, `12h`, `7d`, `2w` or `1d12h`. Returns it in milliseconds, or
/// `None` if the text has another form.
///
/// # Errors
/// Returns an error if the duration is nothing or too long. The text must not be taken for a name then: that name would be
/// banned for good, and not the target behind it.
pub fn parse_duration(text: &str) -> Result<Option<u64>, BanTargetError> {
    let mut rest = text;
    let mut seconds: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let unit: u64 = match rest.as_bytes().get(digits) {
            _ if digits == 0 => return Ok(None),
            Some(b's' | b'S') => 1,
            Some(b'm' | b'M') => 60,
            Some(b'h' | b'H') => 3_600,
            Some(b'd' | b'D') => 86_400,
            Some(b'w' | b'W') => 604_800,
            _ => return Ok(None),
        };
        let count = rest[..digits].parse().unwrap_or(u64::MAX);
        seconds = seconds.saturating_add(unit.saturating_mul(count));
        rest = &rest[digits + 1..];
    }
    // Longer ones would end after the times that a calendar shows.
    const YEARS_SECONDS: u64 = 100 * 366 * 86_400;
    match seconds {
        _ if text.is_empty() => Ok(None),
        1..=YEARS_SECONDS => Ok(Some(seconds * 1_000)),
        _ => Err(BanTargetError::Duration),
    }
}

/// Parses an address or a network, also as `192.0.2.*`; bits behind the prefix do not matter.
fn network(text: &str) -> Option<Network> {
    if let Some((ip, bits)) = starred_network(text) {
        return Network::new(ip, bits);
    }
    let (first, bits) = text.split_once('/').map_or((text, None), |(first, bits)| (first, Some(bits)));
    // In IRC, the first colon of `::1` marks the last parameter.
    let ip: IpAddr = first.parse().ok().or_else(|| alloc::format!(":{first}").parse().ok())?;
    match bits {
        None => Some(Network::host(ip)),
        Some(bits) if bits.bytes().all(|it| it.is_ascii_digit()) => Network::new(ip, bits.parse().ok()?),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::person::Profile;
    use alloc::string::ToString;

    fn parsed(text: &str) -> Result<String, BanTargetError> {
        BanTarget::parse(text, &Cloaks::default()).map(|target| target.to_string())
    }

    #[test]
    fn a_target_is_an_address_a_network_or_a_mask() {
        for (text, target) in [
            ("192.0.2.7", "192.0.2.7"),
            ("*!*@192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("*@192.0.2.0/22", "192.0.0.0/22"),
            ("*!*@192.0.2.*", "192.0.2.0/24"),
            ("192.0.*", "192.0.0.0/16"),
            ("2001:db8::7", "2001:db8::/64"),
            ("2001:db8::7/128", "2001:db8::7/128"),
            (":1", "::/64"),
            ("bob", "bob!*@*"),
            ("*!*@*.a.b.cloak", "*!*@*.a.b.cloak"),
            ("54321", "54321!*@*"),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(target), "{text}");
            assert_eq!(parsed(target).as_deref(), Ok(target), "{text}");
        }
        for text in ["*", "*!*@*", "?*", "0.0.0.0/0", "::/0"] {
            assert_eq!(parsed(text), Err(BanTargetError::Everybody), "{text}");
        }
        assert_eq!(parsed("m:bob"), Err(BanTargetError::Mask(MaskError::UnknownKind)));
        assert_eq!(parsed("bob!*@192.0.2.0/22"), Err(BanTargetError::Mask(MaskError::Network)));
    }

    #[test]
    fn a_ban_applies_by_address_cloak_name_and_host() {
        let (cloaks, ip) = (Cloaks::default(), IpAddr::from([192, 0, 2, 7]));
        let cloak = cloaks.host(ip);
        let shown =
            Profile::of_host(&cloak).with_host(&crate::base::person::Host::parse("tea.example").unwrap());
        let person = Person { name: Name::parse("bob").unwrap(), profile: shown };
        let near = &cloak.as_str()[cloak.as_str().find('.').unwrap()..];
        for (text, applies) in [
            ("192.0.2.0/24", true),
            ("192.0.3.0/24", false),
            ("BOB", true),
            ("alice", false),
            ("*!*@tea.example", true),
            (&alloc::format!("*!*@*{near}"), true),
            (&alloc::format!("b*!*@{}", cloak.as_str()), true),
            (&alloc::format!("a*!*@{}", cloak.as_str()), false),
        ] {
            let target = BanTarget::parse(text, &cloaks).unwrap();
            assert_eq!(applies_to_member(&target, &person, ip, &cloaks), applies, "{text}");
        }
    }

    #[test]
    fn a_duration_is_numbers_with_units() {
        for (text, seconds) in [
            ("30s", 30),
            ("30m", 1_800),
            ("12H", 43_200),
            ("7d", 604_800),
            ("1w", 604_800),
            ("1d12h", 129_600),
        ] {
            assert_eq!(parse_duration(text), Ok(Some(seconds * 1_000)), "{text}");
        }
        for text in ["", "m", "30", "1x", "1h30", "-1h", "１h"] {
            assert_eq!(parse_duration(text), Ok(None), "{text}");
        }
        for text in ["0s", "0w0d", "36601d", "9999999w", "99999999999999999999d", "30500568904943w1s"] {
            assert_eq!(parse_duration(text), Err(BanTargetError::Duration), "{text}");
        }
        assert_eq!(parse_duration("36600d"), Ok(Some(36_600 * 86_400_000)));
    }
}
