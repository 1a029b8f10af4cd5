//! The modes of a room, including its lists of bans and exceptions.

mod glob;
mod mask;

use crate::base::digest::Digest;
use crate::base::name::Name;
use crate::base::person::Person;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
pub use glob::{Folded, Glob};
pub(crate) use mask::starred_network;
pub use mask::{Mask, MaskEntry, MaskError, MaskList};

/// A mode of a room that is on or off. The letters are those of IRC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// `i`: only invited members may enter.
    InviteOnly,
    /// `m`: only operators and members with voice may speak.
    Moderated,
    /// `C`: no CTCP messages except actions.
    NoCtcp,
    /// `n`: only members of the room may speak to it.
    NoOutside,
    /// `s`: the room is hidden from everybody who is not in it.
    Secret,
    /// `t`: only operators may set the topic.
    TopicLocked,
}

impl Flag {
    /// All flags, in the order of their letters.
    pub const ALL: [Self; 6] =
        [Self::NoCtcp, Self::InviteOnly, Self::Moderated, Self::NoOutside, Self::Secret, Self::TopicLocked];

    /// Returns the flag's letter in IRC.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::InviteOnly => 'i',
            Self::Moderated => 'm',
            Self::NoCtcp => 'C',
            Self::NoOutside => 'n',
            Self::Secret => 's',
            Self::TopicLocked => 't',
        }
    }
}

/// A status of a member in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// `v`, shown as `+`: the member may speak in a moderated room.
    Voice,
    /// `o`, shown as `@`: the member is an operator of the room.
    Operator,
}

impl Status {
    /// All statuses, the highest first.
    pub const ALL: [Self; 2] = [Self::Operator, Self::Voice];

    /// Returns the letter of the mode that gives the status.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Operator => 'o',
            Self::Voice => 'v',
        }
    }

    /// Returns the character that is shown before the names of members with the status.
    #[must_use]
    pub const fn prefix(self) -> char {
        match self {
            Self::Operator => '@',
            Self::Voice => '+',
        }
    }
}

/// The statuses of one member in one room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statuses(u8);

impl Statuses {
    /// Returns whether `status` is one of them.
    #[must_use]
    pub const fn has(self, status: Status) -> bool {
        self.0 & 1 << status as u8 != 0
    }

    /// Returns the highest of them.
    #[must_use]
    pub fn highest(self) -> Option<Status> {
        Status::ALL.into_iter().find(|&status| self.has(status))
    }

    /// Returns the prefixes to show before a name: all of them, or the highest only.
    #[must_use]
    pub fn prefixes(self, all: bool) -> &'static str {
        match (self.has(Status::Operator), self.has(Status::Voice)) {
            (true, true) if all => "@+",
            (true, _) => "@",
            (false, true) => "+",
            (false, false) => "",
        }
    }

    pub(crate) const fn set(&mut self, status: Status, on: bool) {
        let bit = 1 << status as u8;
        self.0 = if on { self.0 | bit } else { self.0 & !bit };
    }

    pub(crate) fn number(self) -> u64 {
        self.0.into()
    }
}

/// The key (password) of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(Arc<str>);

impl Key {
    /// Maximum number of bytes of a key (ISUPPORT's `KEYLEN`).
    pub const BYTES_MAX: usize = 23;

    /// Parses a key.
    ///
    /// Returns `None` if the text is empty, is too long, begins with a colon, or contains a space, a comma or a control
    /// character.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= Self::BYTES_MAX && !text.starts_with(':');
        (fits && !text.contains(|it: char| it == ' ' || it == ',' || it.is_control()))
            .then(|| Self(text.into()))
    }

    /// Creates a key that was stored. Returns `None` if it is too long, or not one word.
    pub(crate) fn stored(text: &str) -> Option<Self> {
        let is_word = !text.is_empty() && !text.contains(|it: char| it == ' ' || it.is_control());
        (is_word && text.len() <= Self::BYTES_MAX).then(|| Self(text.into()))
    }

    /// Returns the key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One change of a room's modes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModeChange {
    /// A flag.
    Flag {
        /// The flag.
        flag: Flag,
        /// Whether the flag is turned on; otherwise it is turned off.
        on: bool,
    },
    /// The key; `None` removes it.
    Key(Option<Key>),
    /// The maximum number of members; `None` removes the limit.
    Limit(Option<u32>),
    /// A mask in a list.
    Mask {
        /// The list that changes.
        list: MaskList,
        /// The mask.
        mask: Mask,
        /// Whether the mask is added; otherwise it is removed.
        on: bool,
    },
    /// A member's status.
    Status {
        /// The member whose status changes.
        name: Name,
        /// The status.
        status: Status,
        /// Whether the member is given the status; otherwise it is taken away.
        on: bool,
    },
}

impl ModeChange {
    /// Returns whether the change is written with `+`.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        match self {
            Self::Flag { on, .. } | Self::Mask { on, .. } | Self::Status { on, .. } => *on,
            Self::Key(key) => key.is_some(),
            Self::Limit(limit) => limit.is_some(),
        }
    }

    /// Returns the mode's letter in IRC.
    #[must_use]
    pub const fn letter(&self) -> char {
        match self {
            Self::Flag { flag, .. } => flag.letter(),
            Self::Key(_) => 'k',
            Self::Limit(_) => 'l',
            Self::Mask { list, .. } => list.letter(),
            Self::Status { status, .. } => status.letter(),
        }
    }

    /// Returns the parameter of the mode, if it has one. It is `*` for a removed key, which stays unknown to others.
    #[must_use]
    pub fn parameter(&self) -> Option<String> {
        match self {
            Self::Flag { .. } | Self::Limit(None) => None,
            Self::Key(Some(key)) => Some(key.as_str().into()),
            Self::Key(None) => Some("*".into()),
            Self::Limit(Some(limit)) => Some(alloc::format!("{limit}")),
            Self::Mask { mask, .. } => Some(mask.as_str().into()),
            Self::Status { name, .. } => Some(name.as_str().into()),
        }
    }
}

/// Formats changes as the parameters of IRC's `MODE`: `+nt-k+o * alice`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModeString<'a>(pub &'a [ModeChange]);

impl fmt::Display for ModeString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sign = None;
        for change in self.0 {
            if sign != Some(change.is_on()) {
                f.write_str(if change.is_on() { "+" } else { "-" })?;
                sign = Some(change.is_on());
            }
            write!(f, "{}", change.letter())?;
        }
        for parameter in self.0.iter().filter_map(ModeChange::parameter) {
            write!(f, " {parameter}")?;
        }
        Ok(())
    }
}

/// The modes of a room.
#[derive(Clone, Debug, Default)]
pub struct Modes {
    flags: u8,
    key: Option<Key>,
    limit: Option<u32>,
    lists: [Vec<MaskEntry>; MaskList::ALL.len()],
    /// Increased whenever a mask is added or removed: cached results of matching are then out of date.
    masks_version: u32,
}

impl Modes {
    /// Returns the modes of a new room.
    #[must_use]
    pub fn initial() -> Self {
        let mut modes = Self::default();
        modes.set_flag(Flag::NoOutside, true);
        modes
    }

    /// Returns whether the flag is on.
    #[must_use]
    pub const fn has(&self, flag: Flag) -> bool {
        self.flags & 1 << flag as u8 != 0
    }

    /// Returns whether nothing but bans restricts who may enter the room or know of it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        let is_restricted = self.has(Flag::InviteOnly) || self.has(Flag::Secret);
        !is_restricted && self.key.is_none() && self.limit.is_none()
    }

    /// Returns the key, if there is one.
    #[must_use]
    pub const fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// Returns the maximum number of members, if there is one.
    #[must_use]
    pub const fn limit(&self) -> Option<u32> {
        self.limit
    }

    /// Returns the masks of a list, in the order in which they were added.
    #[must_use]
    pub fn list(&self, list: MaskList) -> &[MaskEntry] {
        &self.lists[list as usize]
    }

    /// Returns whether a mask of the list, other than one that only mutes, matches the person.
    fn lists(&self, list: MaskList, person: &Folded) -> bool {
        self.list(list).iter().any(|entry| !entry.mask.mutes() && entry.mask.matches(person))
    }

    /// Returns whether the person may not enter the room.
    #[must_use]
    pub fn bans(&self, person: &Person) -> bool {
        if self.list(MaskList::Bans).is_empty() {
            return false;
        }
        let person = Folded::of(person);
        self.lists(MaskList::Bans, &person) && !self.lists(MaskList::BanExceptions, &person)
    }

    /// Returns whether the person may enter the room without an invitation.
    #[must_use]
    pub fn invites(&self, person: &Person) -> bool {
        self.lists(MaskList::InviteExceptions, &Folded::of(person))
    }

    /// Returns whether the person may not speak in the room: a ban matches, and no exception.
    pub(crate) fn mutes(&self, person: &Person) -> bool {
        if self.list(MaskList::Bans).is_empty() {
            return false;
        }
        let person = Folded::of(person);
        let any = |list| self.list(list).iter().any(|entry| entry.mask.matches(&person));
        any(MaskList::Bans) && !any(MaskList::BanExceptions)
    }

    /// Returns the modes as changes of an empty set of modes, without masks and statuses.
    #[must_use]
    pub fn changes(&self) -> Vec<ModeChange> {
        let flags = Flag::ALL.into_iter().filter(|&flag| self.has(flag));
        let mut changes: Vec<_> = flags.map(|flag| ModeChange::Flag { flag, on: true }).collect();
        changes.extend(self.key.clone().map(|key| ModeChange::Key(Some(key))));
        changes.extend(self.limit.map(|limit| ModeChange::Limit(Some(limit))));
        changes
    }

    /// Sets a flag. Returns whether it changed.
    pub(crate) const fn set_flag(&mut self, flag: Flag, on: bool) -> bool {
        let before = self.has(flag);
        let bit = 1 << flag as u8;
        self.flags = if on { self.flags | bit } else { self.flags & !bit };
        before != on
    }

    pub(crate) fn set_key(&mut self, key: Option<Key>) -> bool {
        let changed = self.key != key;
        self.key = key;
        changed
    }

    pub(crate) fn set_limit(&mut self, limit: Option<u32>) -> bool {
        core::mem::replace(&mut self.limit, limit) != limit
    }

    /// Returns a number that differs after each change of the masks.
    pub(crate) const fn masks_version(&self) -> u32 {
        self.masks_version
    }

    /// Returns the number of masks in all lists together.
    pub(crate) fn masks(&self) -> usize {
        self.lists.iter().map(Vec::len).sum()
    }

    /// Adds a mask. Returns `false` if the list already has it.
    pub(crate) fn add_mask(&mut self, list: MaskList, entry: MaskEntry) -> bool {
        let is_new = !self.has_mask(list, &entry.mask);
        if is_new {
            self.lists[list as usize].push(entry);
            self.masks_version = self.masks_version.wrapping_add(1);
        }
        is_new
    }

    pub(crate) fn has_mask(&self, list: MaskList, mask: &Mask) -> bool {
        self.list(list).iter().any(|entry| entry.mask == *mask)
    }

    /// Removes a mask, however it is written. Returns it as it was written in the list.
    pub(crate) fn remove_mask(&mut self, list: MaskList, mask: &Mask) -> Option<Mask> {
        let list = &mut self.lists[list as usize];
        let at = list.iter().position(|entry| entry.mask == *mask)?;
        self.masks_version = self.masks_version.wrapping_add(1);
        Some(list.remove(at).mask)
    }

    pub(crate) fn digest(&self, digest: &mut Digest) {
        digest.number(self.flags.into());
        digest.text(self.key.as_ref().map_or("", Key::as_str));
        digest.number(self.limit.map_or(0, |limit| 1 + u64::from(limit)));
        for list in &self.lists {
            digest.number(list.len() as u64);
            for MaskEntry { mask, by, at_unix_ms } in list {
                digest.text(mask.as_str());
                digest.text(by.as_str());
                digest.number(*at_unix_ms);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::cloak::Cloaks;
    use crate::base::person::Profile;
    use crate::base::text::Text;
    use alloc::string::ToString;
    use alloc::vec;

    fn person(name: &str) -> Person {
        let profile = Profile::new("al", &Cloaks::default().host([10, 0, 0, 1].into()), &Text::default());
        Person { name: Name::parse(name).unwrap(), profile }
    }

    #[test]
    fn a_key_is_one_word() {
        for (text, is_key) in [
            ("secret", true),
            ("12345678901234567890123", true),
            ("123456789012345678901234", false),
            ("", false),
            ("a b", false),
            ("a,b", false),
            (":a", false),
            ("a\u{7}", false),
        ] {
            assert_eq!(Key::parse(text).is_some(), is_key, "{text}");
        }
        assert_eq!(
            Key::stored("a,b").as_ref().map(Key::as_str),
            Some("a,b"),
            "an older server may have taken it"
        );
        for text in ["", "a b", "a\n", "123456789012345678901234"] {
            assert_eq!(Key::stored(text), None, "{text:?}");
        }
    }

    #[test]
    fn changes_are_formatted_as_in_irc() {
        let on = |flag| ModeChange::Flag { flag, on: true };
        let alice = Name::parse("alice").unwrap();
        let changes = vec![
            on(Flag::NoOutside),
            on(Flag::TopicLocked),
            ModeChange::Key(None),
            ModeChange::Limit(None),
            ModeChange::Limit(Some(5)),
            ModeChange::Status { name: alice, status: Status::Operator, on: true },
            ModeChange::Mask {
                list: MaskList::Bans,
                mask: Mask::parse("x", &Cloaks::default()).unwrap(),
                on: false,
            },
        ];
        assert_eq!(ModeString(&changes).to_string(), "+nt-kl+lo-b * 5 alice x!*@*");
        assert_eq!(ModeString(&[]).to_string(), "");
    }

    #[test]
    fn exceptions_override_bans_and_a_muted_person_may_enter() {
        let entry = |text| MaskEntry {
            mask: Mask::parse(text, &Cloaks::default()).unwrap(),
            by: Name::parse("op").unwrap(),
            at_unix_ms: 0,
        };
        let mut modes = Modes::initial();
        let alice = person("alice");
        assert!(!modes.bans(&alice) && !modes.mutes(&alice));
        assert!(modes.add_mask(MaskList::Bans, entry("m:alice")));
        assert!(!modes.add_mask(MaskList::Bans, entry("m:alice")), "the list already has it");
        assert!(!modes.bans(&alice) && modes.mutes(&alice));
        modes.add_mask(MaskList::Bans, entry("alice"));
        assert!(modes.bans(&alice));
        modes.add_mask(MaskList::BanExceptions, entry("*!al@*"));
        assert!(!modes.bans(&alice) && !modes.mutes(&alice));
        assert_eq!(modes.masks(), 3);
        assert!(!modes.invites(&alice));
        assert!(modes.add_mask(MaskList::InviteExceptions, entry("bob")));
        assert!(modes.invites(&person("bob")) && !modes.invites(&alice));
        assert!(
            modes
                .remove_mask(MaskList::InviteExceptions, &Mask::parse("bob", &Cloaks::default()).unwrap())
                .is_some()
        );
        let removed =
            modes.remove_mask(MaskList::BanExceptions, &Mask::parse("*!AL@**", &Cloaks::default()).unwrap());
        assert_eq!(removed.as_ref().map(Mask::as_str), Some("*!al@*"), "as it was written");
        assert!(
            modes
                .remove_mask(MaskList::BanExceptions, &Mask::parse("*!al@*", &Cloaks::default()).unwrap())
                .is_none()
        );
        assert!(modes.set_flag(Flag::Moderated, true) && !modes.set_flag(Flag::Moderated, true));
    }
}
