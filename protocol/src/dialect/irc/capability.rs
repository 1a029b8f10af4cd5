//! Capabilities of clients (IRCv3, capability-negotiation).

use core::fmt;

/// A set of capabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capabilities(u32);

/// The events that are rendered differently for clients with a capability.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AffectedEvents {
    Away,
    Everything,
    Host,
    Invitation,
    Join,
    Nothing,
    RealName,
    Redaction,
}

macro_rules! capabilities {
    ($($(#[$about:meta])* $name:ident = $bit:literal, $text:literal, $affected:ident;)*) => {
        impl Capabilities {
            $($(#[$about])* pub const $name: Self = Self(1 << $bit);)*

            /// All capabilities and their names, in the order of the names.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, $text),)*];

            /// Returns the capabilities that affect the rendering of `events`, including those that affect all events.
            pub(crate) const fn affecting(events: AffectedEvents) -> Self {
                let mut all = Self::NONE;
                $(
                    if AffectedEvents::$affected as u8 == events as u8 || matches!(AffectedEvents::$affected, AffectedEvents::Everything) {
                        all = all.with(Self::$name);
                    }
                )*
                all
            }

            /// The capabilities that affect the rendering of any event. Clients that differ in others have the same wire class.
            pub(crate) const WIRE: Self = {
                let mut all = Self::NONE;
                $(
                    if !matches!(AffectedEvents::$affected, AffectedEvents::Nothing) {
                        all = all.with(Self::$name);
                    }
                )*
                all
            };
        }
    };
}

// The rows are in the order of the names. A bit is any number that no other row has.
capabilities! {
    /// The client is sent `AWAY` for members of its rooms.
    AWAY_NOTIFY = 0, "away-notify", Away;
    /// The client understands batches.
    BATCH = 1, "batch", Nothing;
    /// The client is sent new and removed capabilities.
    CAP_NOTIFY = 2, "cap-notify", Nothing;
    /// The client is sent `CHGHOST` for members of its rooms.
    CHGHOST = 3, "chghost", Host;
    /// The client asks for histories.
    CHATHISTORY = 16, "draft/chathistory", Nothing;
    /// The client is sent `REDACT` when a message is removed.
    MESSAGE_REDACTION = 18, "draft/message-redaction", Redaction;
    /// The client is told the read marker of a room that it enters.
    READ_MARKER = 17, "draft/read-marker", Nothing;
    /// The client is sent its own messages.
    ECHO_MESSAGE = 5, "echo-message", Nothing;
    /// `JOIN` messages contain the account and the real name.
    EXTENDED_JOIN = 6, "extended-join", Join;
    /// The client is also sent `AWAY`, `CHGHOST` and `SETNAME` for names that it watches.
    EXTENDED_MONITOR = 7, "extended-monitor", Nothing;
    /// The client is sent `INVITE` when another member is invited to one of its rooms.
    INVITE_NOTIFY = 8, "invite-notify", Invitation;
    /// The answer to a line with a label has that label.
    LABELED_RESPONSE = 9, "labeled-response", Nothing;
    /// The client understands tags, and may send client-only tags.
    MESSAGE_TAGS = 10, "message-tags", Everything;
    /// Lists of members show all prefixes of a member, such as `@+`.
    MULTI_PREFIX = 11, "multi-prefix", Nothing;
    /// The client is not sent the names of a room that it enters.
    NO_IMPLICIT_NAMES = 4, "no-implicit-names", Nothing;
    /// Messages have the tag `time`.
    SERVER_TIME = 12, "server-time", Everything;
    /// The client is sent `SETNAME` for members of its rooms.
    SETNAME = 13, "setname", RealName;
    /// The client understands `FAIL`, `WARN` and `NOTE`.
    STANDARD_REPLIES = 14, "standard-replies", Nothing;
    /// The names of a room have user and host.
    USERHOST_IN_NAMES = 15, "userhost-in-names", Nothing;
}

impl Capabilities {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// Creates a set from its bits.
    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns the bits of the set.
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// Returns the capability with a name, which is case-sensitive.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, text)| *text == name).map(|&(capability, _)| capability)
    }

    /// Returns whether the set contains all capabilities of `other`.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the union of both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the intersection of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns the capabilities that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Display for Capabilities {
    /// Formats the names, separated by spaces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for (_, name) in Self::ALL.iter().filter(|(capability, _)| self.has(*capability)) {
            write!(f, "{between}{name}")?;
            between = " ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn each_capability_has_a_unique_bit_and_a_name() {
        let mut all = Capabilities::NONE;
        for &(capability, name) in Capabilities::ALL {
            assert_eq!(all.and(capability), Capabilities::NONE, "{name}");
            assert_eq!(Capabilities::named(name), Some(capability));
            all = all.with(capability);
        }
        assert_eq!(all.to_string().split(' ').count(), Capabilities::ALL.len());
        assert_eq!(Capabilities::named("Batch"), None);
        assert!(Capabilities::ALL.is_sorted_by(|(_, one), (_, next)| one < next), "they are sorted");
    }

    #[test]
    fn sets_are_combined_and_formatted() {
        let two = Capabilities::BATCH.with(Capabilities::SETNAME);
        assert_eq!(two.to_string(), "batch setname");
        assert!(two.has(Capabilities::BATCH) && !two.has(Capabilities::BATCH.with(Capabilities::CHGHOST)));
        assert_eq!(two.without(Capabilities::BATCH), Capabilities::SETNAME);
        assert_eq!(Capabilities::NONE.to_string(), "");
    }
}
