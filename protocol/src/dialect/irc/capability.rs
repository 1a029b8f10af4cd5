//! What a client may ask for beyond the plain protocol (IRCv3, capability-negotiation).

use core::fmt;

/// A set of capabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capabilities(u32);

/// The events that readers with and without a capability see in different forms.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changes {
    Away,
    Everything,
    Host,
    Invitation,
    Join,
    Nothing,
    RealName,
}

macro_rules! capabilities {
    ($($(#[$about:meta])* $name:ident = $bit:literal, $text:literal, $changes:ident;)*) => {
        impl Capabilities {
            $($(#[$about])* pub const $name: Self = Self(1 << $bit);)*

            /// Every capability and its name, in the order of the names.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, $text),)*];

            /// The capabilities that change the form of these events. Those that change the form of everything always do.
            pub(crate) const fn that_change(events: Changes) -> Self {
                let mut all = Self::NONE;
                $(
                    if Changes::$changes as u8 == events as u8 || matches!(Changes::$changes, Changes::Everything) {
                        all = all.with(Self::$name);
                    }
                )*
                all
            }

            /// The capabilities that change the form of any event: a client's others make no wire class.
            pub(crate) const WIRE: Self = {
                let mut all = Self::NONE;
                $(
                    if !matches!(Changes::$changes, Changes::Nothing) {
                        all = all.with(Self::$name);
                    }
                )*
                all
            };
        }
    };
}

capabilities! {
    /// Hears who of its rooms is away.
    AWAY_NOTIFY = 0, "away-notify", Away;
    /// Reads batches.
    BATCH = 1, "batch", Nothing;
    /// Hears of new capabilities, and of those that go.
    CAP_NOTIFY = 2, "cap-notify", Nothing;
    /// Hears who of its rooms has another host.
    CHGHOST = 3, "chghost", Host;
    /// Hears its own messages.
    ECHO_MESSAGE = 5, "echo-message", Nothing;
    /// Joins tell account and real name.
    EXTENDED_JOIN = 6, "extended-join", Join;
    /// Hears more of those it monitors.
    EXTENDED_MONITOR = 7, "extended-monitor", Nothing;
    /// Hears who is invited to its rooms.
    INVITE_NOTIFY = 8, "invite-notify", Invitation;
    /// Answers carry the label of what they answer.
    LABELED_RESPONSE = 9, "labeled-response", Nothing;
    /// Reads tags, and may send some.
    MESSAGE_TAGS = 10, "message-tags", Everything;
    /// Sees every prefix of a member.
    MULTI_PREFIX = 11, "multi-prefix", Nothing;
    /// Asks for the names of a room when it wants them.
    NO_IMPLICIT_NAMES = 4, "no-implicit-names", Nothing;
    /// Messages tell when they were sent.
    SERVER_TIME = 12, "server-time", Everything;
    /// Hears of other real names, and may take one.
    SETNAME = 13, "setname", RealName;
    /// Failures are told in a form for programs.
    STANDARD_REPLIES = 14, "standard-replies", Nothing;
    /// Names come with user and host.
    USERHOST_IN_NAMES = 15, "userhost-in-names", Nothing;
}

impl Capabilities {
    /// None.
    pub const NONE: Self = Self(0);

    /// The set of which these are the bits.
    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits of the set.
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// The capability of that name. Names are as they are, case and all.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, text)| *text == name).map(|&(capability, _)| capability)
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

    /// Those of it that are in `other`, too.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those of it that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Display for Capabilities {
    /// The names, a space between them.
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
    fn each_capability_has_a_bit_and_a_name_of_its_own() {
        let mut all = Capabilities::NONE;
        for &(capability, name) in Capabilities::ALL {
            assert_eq!(all.and(capability), Capabilities::NONE, "{name}");
            assert_eq!(Capabilities::named(name), Some(capability));
            all = all.with(capability);
        }
        assert_eq!(all.to_string().split(' ').count(), Capabilities::ALL.len());
        assert_eq!(Capabilities::named("Batch"), None);
        assert!(Capabilities::ALL.is_sorted_by(|(_, one), (_, next)| one < next), "they are in order");
    }

    #[test]
    fn a_set_is_what_was_put_in() {
        let two = Capabilities::BATCH.with(Capabilities::SETNAME);
        assert_eq!(two.to_string(), "batch setname");
        assert!(two.has(Capabilities::BATCH) && !two.has(Capabilities::BATCH.with(Capabilities::CHGHOST)));
        assert_eq!(two.without(Capabilities::BATCH), Capabilities::SETNAME);
        assert_eq!(Capabilities::NONE.to_string(), "");
    }
}
