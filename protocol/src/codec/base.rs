//! The bytes of the types of the base layer.
//!
//! Values come back by constructors that change nothing: they neither clean a text nor fold a name again, for another version
//! of the Unicode tables might do so differently. They check only what the rest of the server relies on.

use super::error::{DecodeError, DecodeErrorKind};
use super::reader::{Reader, error};
use super::value::{Value, ascend};
use super::writer::Writer;
use crate::base::ban::{BanTarget, NewBan, ServerBan};
use crate::base::id::{MemberId, RoomId, Seq};
use crate::base::limits::WorldLimits;
use crate::base::mode::{Flag, Key, Mask, MaskList, ModeChange, Status};
use crate::base::name::{Name, RoomName};
use crate::base::network::Network;
use crate::base::person::{Host, Profile, UserModes};
use crate::base::text::Text;
use alloc::string::String;
use alloc::sync::Arc;

variants! { BanTarget, "target of a ban" {
    1 => Mask(mask: 1),
    2 => Network(network: 1),
} }

numbers! { Flag, "flag of a room" {
    1 => InviteOnly,
    2 => Moderated,
    3 => NoCtcp,
    4 => NoOutside,
    5 => Secret,
    6 => TopicLocked,
} }

stored_as! { Host as String, "a host", |host| host.as_str().into(), |text| Host::stored(&text) }

stored_as! { Key as String, "the key of a room", |key| key.as_str().into(), |text| Key::stored(&text) }

stored_as! {
    Mask as Folded,
    "a mask",
    |mask| Folded::of(mask.as_str(), &mask.pattern()),
    |stored| Mask::stored(&stored.text, stored.key())
}

numbers! { MaskList, "list of masks" {
    1 => Bans,
    2 => BanExceptions,
    3 => InviteExceptions,
} }

stored_as! { MemberId as u64, "a member", |member| member.0.0, |number| Some(MemberId(Seq(number))) }

variants! { ModeChange, "change of modes" {
    1 => Flag { flag: 1, on: 2, },
    2 => Key(key: 1),
    3 => Limit(limit: 1),
    4 => Mask { list: 1, mask: 2, on: 3, },
    5 => Status { name: 1, status: 2, on: 3, },
} }

stored_as! {
    Name as Folded,
    "a name",
    |name| Folded::of(name.as_str(), name.key()),
    |stored| Name::stored(&stored.text, stored.key())
}

stored_as! {
    Network as [u8; 17],
    "a network",
    |network| network.to_bytes(),
    |bytes| Network::from_bytes(&bytes)
}

record! { NewBan {
    target: 1,
    lasts_ms: 2,
    reason: 3,
} }

stored_as! {
    Profile as StoredProfile,
    "a profile",
    |profile| StoredProfile {
        user: profile.user().into(),
        host: profile.host().into(),
        real_name: Committed(profile.real_name().into()),
    },
    |StoredProfile { user, host, real_name }| Profile::stored(&user, &host, &real_name.0)
}

stored_as! { RoomId as u64, "a room", |room| room.0.0, |number| Some(RoomId(Seq(number))) }

stored_as! {
    RoomName as Folded,
    "the name of a room",
    |name| Folded::of(name.as_str(), name.key()),
    |stored| RoomName::stored(&stored.text, stored.key())
}

stored_as! { Seq as u64, "a position", |seq| seq.0, |number| Some(Seq(number)) }

record! { ServerBan {
    target: 1,
    reason: 2,
    by: 3,
    at_unix_ms: 4,
    ends_unix_ms: 5,
} }

numbers! { Status, "status" {
    1 => Voice,
    2 => Operator,
} }

record! { WorldLimits {
    invitations_max: 1,
    masks_max: 2,
    rooms_max: 3,
    rooms_per_host_max: 4,
    rooms_per_member_max: 5,
    server_bans_max: 6,
    topic_bytes_max: 7,
    room_keep_ms: 8 since 2 or 0,
    room_operators_max: 9 since 2 or 0,
    room_return_ms: 10 since 2 or 0,
    history_keep_ms: 11 since 2 or 0,
} }

/// The user modes and the bits for them, with the versions of the log in which they were added.
const USER_MODES: [(UserModes, u64, u16); UserModes::ALL.len()] = [
    (UserModes::BOT, 1, 1),
    (UserModes::INVISIBLE, 2, 1),
    (UserModes::OPERATOR, 4, 1),
    (UserModes::WALLOPS, 8, 1),
];

impl Value for UserModes {
    fn absent() -> Option<Self> {
        Some(Self::NONE)
    }

    fn is_absent(&self) -> bool {
        *self == Self::NONE
    }

    fn write(&self, to: &mut Writer<'_>) {
        let modes = USER_MODES.iter().filter(|(mode, ..)| self.has(*mode));
        let (bits, since) =
            modes.fold((0, 1), |(bits, since), (_, bit, added)| (bits | bit, (*added).max(since)));
        to.tag(bits, since);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (at, bits) = (from.position(), from.number()?);
        let known = USER_MODES.iter().fold(0, |known, (_, bit, _)| known | bit);
        if bits & !known != 0 {
            return Err(from.unknown("user mode", bits, at));
        }
        let modes = USER_MODES.iter().filter(|(_, bit, _)| bits & bit != 0);
        Ok(modes.fold(Self::NONE, |modes, (mode, ..)| modes.with(*mode)))
    }
}

/// A text that a person wrote is not in the body of an entry: a commitment stands for it there, so that the text can be
/// forgotten. This concerns every [`Text`]:
///
/// - Messages, parting messages, topics and the texts of absent members are what was said.
/// - The reason of a kick, a kill or a ban is often about another person, who may want it forgotten most of all.
/// - A real name is free text about a person. Nothing in the log depends on it, unlike a user name, which masks match.
/// - The `WALLOPS` of an operator are messages like any other.
///
/// The tags of a message are texts, too (see [`Committed`]): a client may write anything into their values, and a reaction is a
/// message of its own.
///
/// Names, user names, hosts, masks, keys and the targets of bans stay in the body. The entries that follow depend on them:
/// without them, the same log would make another world.
impl Value for Text {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn is_absent(&self) -> bool {
        self.as_str().is_empty()
    }

    fn write(&self, to: &mut Writer<'_>) {
        to.commit(self.as_str());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (text, at) = from.committed()?;
        Self::stored(text).ok_or(error(at, DecodeErrorKind::Invalid("a text without control characters")))
    }
}

/// A text of a person that is not a [`Text`].
pub(super) struct Committed(pub(super) Arc<str>);

impl Value for Committed {
    fn absent() -> Option<Self> {
        Some(Self("".into()))
    }

    fn is_absent(&self) -> bool {
        self.0.is_empty()
    }

    fn write(&self, to: &mut Writer<'_>) {
        to.commit(&self.0);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(from.committed()?.0.into()))
    }
}

/// The parts of a [`Profile`].
struct StoredProfile {
    user: String,
    host: String,
    real_name: Committed,
}

record! { StoredProfile {
    user: 1,
    host: 2,
    real_name: 3,
} }

/// A text with its folded form, by which it is compared.
struct Folded {
    text: String,
    /// `None` if the text is its own folded form.
    key: Option<String>,
}

record! { Folded {
    text: 1,
    key: 2,
} }

impl Folded {
    fn of(text: &str, key: &str) -> Self {
        Self { text: text.into(), key: (key != text).then(|| key.into()) }
    }

    fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.text)
    }
}
