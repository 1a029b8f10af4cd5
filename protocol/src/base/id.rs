//! The identities of connections, members and rooms.

use core::fmt;

/// A connection of this process. The generation tells one tenant of a slot from the next, so that an
/// output for a dead connection can never reach the one that follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    /// The index in the tables of connections; used again after the connection is gone.
    pub slot: u32,
    /// How many connections held this slot before.
    pub generation: u32,
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}.{}", self.slot, self.generation)
    }
}

/// A position in the log. The first entry has position 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

/// A member of the chat: the log position of its `Enter`. The world and the log know members only, never
/// connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub Seq);

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{}", self.0.0)
    }
}

/// A room: the log position of the entry that began it, so that a room that ends and begins again is
/// another room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub Seq);

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn an_identity_is_shown_with_its_kind() {
        assert_eq!(ConnId { slot: 3, generation: 1 }.to_string(), "c3.1");
        assert_eq!(MemberId(Seq(7)).to_string(), "m7");
        assert_eq!(RoomId(Seq(8)).to_string(), "r8");
    }
}
