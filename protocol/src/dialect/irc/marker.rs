//! Read markers: up to which time a client has read what was said in a room or by another member (IRCv3, draft/read-marker).
//!
//! They are state of the client's connection, and not of the log: nobody else is told of them, and a member without an account ends
//! with its connection.

use super::name::room_name;
use crate::base::name::Name;
use crate::planted;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

/// The read markers of a client.
#[derive(Debug, Default)]
pub(super) struct ReadMarkers {
    /// The times by target, in milliseconds since 1970-01-01T00:00:00Z.
    unix_ms: BTreeMap<MarkerTarget, u64>,
}

/// A room or a member, by its folded name. There need not be one with that name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MarkerTarget(String);

impl MarkerTarget {
    /// Parses the name of a room or a member.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let name = || Name::parse_any(text).ok().map(|name| name.key().to_string());
        // No name of a member begins with `#`.
        room_name(text).map(|room| alloc::format!("#{}", room.key())).or_else(name).map(Self)
    }
}

impl ReadMarkers {
    /// Returns the marker of a target.
    pub(super) fn of(&self, target: &MarkerTarget) -> Option<u64> {
        self.unix_ms.get(target).copied()
    }

    /// Moves the marker of a target forward to a time. Returns the marker, which is later if it was later before; `None` if there
    /// are `max` markers of other targets already.
    pub(super) fn set(&mut self, target: MarkerTarget, unix_ms: u64, max: usize) -> Option<u64> {
        if self.unix_ms.len() >= max && !self.unix_ms.contains_key(&target) {
            return None;
        }
        let marker = self.unix_ms.entry(target).or_default();
        *marker = planted::marker(*marker, unix_ms);
        Some(*marker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_only_moves_forward_and_there_are_no_more_than_the_limit() {
        let target = |text| MarkerTarget::parse(text).unwrap();
        let mut markers = ReadMarkers::default();
        assert_eq!(markers.of(&target("#tea")), None);
        assert_eq!(markers.set(target("#tea"), 5, 2), Some(5));
        assert_eq!(markers.set(target("#TEA"), 4, 2), Some(5));
        assert_eq!(markers.set(target("tea"), 3, 2), Some(3));
        assert_eq!(markers.set(target("other"), 7, 2), None);
        assert_eq!(markers.set(target("#tea"), 6, 2), Some(6));
        assert_eq!((markers.of(&target("#tea")), markers.of(&target("Tea"))), (Some(6), Some(3)));
        assert_eq!(markers.of(&target("other")), None);
        assert_eq!(MarkerTarget::parse("# tea"), None);
    }
}
