//! Identifiers of connections, nodes, members and rooms.

use core::fmt;

/// A connection of this process.
///
/// The generation distinguishes the connections that use one slot one after the other: an output for a closed
/// connection never reaches the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    /// The index in the tables of connections. It is reused after the connection is closed.
    pub slot: u32,
    /// The number of connections that used this slot before.
    pub generation: u32,
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}.{}", self.slot, self.generation)
    }
}

/// A position in the log. Positions increase, and there may be gaps between them; the first is at least 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

/// A member: the log position of its `Enter`. The world and the log know members only; the hub maps them to
/// connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub Seq);

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{}", self.0.0)
    }
}

/// A room: the log position of the entry that created it. A room that is created again under the same name is
/// another room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub Seq);

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0.0)
    }
}

/// A node: a server, or one of several, that proposes to a log. Its data directory keeps the number, which is 0 where there is
/// one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u16);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// A life of a node: one run of one process. It is a random number, which the embedding program draws once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Life(pub u64);

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn an_identifier_is_formatted_with_the_letter_of_its_kind() {
        assert_eq!(ConnId { slot: 3, generation: 1 }.to_string(), "c3.1");
        assert_eq!(MemberId(Seq(7)).to_string(), "m7");
        assert_eq!(RoomId(Seq(8)).to_string(), "r8");
        assert_eq!(NodeId(2).to_string(), "n2");
        assert_eq!(Life(10).to_string(), "000000000000000a");
    }
}
