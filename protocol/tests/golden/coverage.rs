//! The variants and fields that entries have. The matches have no wildcards and name every field: what is added to a command
//! does not compile before it is here, and fails before the golden log has it.

use parlor_protocol::{
    BanTarget, CloseReason, Command, Flag, MaskList, Message, MessageKind, ModeChange, NameRequest, NewBan,
    Status, UserModes, WorldLimits,
};
use std::collections::{BTreeMap, BTreeSet};

/// The variants that were seen, and the fields that were seen set and unset.
#[derive(Default)]
pub(crate) struct Coverage {
    variants: BTreeSet<String>,
    /// The values of the fields that may be missing, by their names: whether each was seen unset, and set.
    fields: BTreeMap<&'static str, [bool; 2]>,
}

/// Implements [`Variants`].
macro_rules! variants {
    ($($type:ident { $($variant:ident)* })*) => {
        $(impl Variants for $type {
            const VARIANTS: &[&str] = &[$(concat!(stringify!($type), "::", stringify!($variant))),*];

            fn variant(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => concat!(stringify!($type), "::", stringify!($variant)),)*
                }
            }
        })*

        /// Returns all variants of these types.
        fn all_variants() -> impl Iterator<Item = &'static str> {
            [$(<$type as Variants>::VARIANTS),*].concat().into_iter()
        }
    };
}

/// The variants of an enum.
trait Variants {
    const VARIANTS: &[&str];

    fn variant(&self) -> &'static str;
}

variants! {
    BanTarget { Mask Network }
    CloseReason {
        AddressFull Banned EndOfInput Killed KilledLately NotProxy OtherDialect OtherProtocol Password PasswordNotChecked
        PingTimeout ProxyHeader ProxyTimeout Quit RegistrationTimeout Reset Restarted ServerFull Shutdown SlowReader
    }
    Command {
        Configure Ended EndRoom Enter Invite Kick Kill Leave LiftBan Move Promote Redact Rename Reply Say SetAway SetBan SetHost SetModes
        SetRealName SetTopic SetUserModes Started Tell Wallops
    }
    Flag { InviteOnly Moderated NoCtcp NoOutside Secret TopicLocked }
    MaskList { Bans BanExceptions InviteExceptions }
    MessageKind { Action Ctcp CtcpReply Notice Tags Text }
    ModeChange { Flag Key Limit Mask Status }
    NameRequest { Name Port }
    Status { Voice Operator }
}

impl Coverage {
    /// Adds what a command has.
    pub(crate) fn add(&mut self, command: &Command) {
        self.variant(command);
        match command {
            Command::Configure { revision: _, limits } => {
                let WorldLimits { history_keep_ms, room_keep_ms, room_operators_max, room_return_ms, .. } =
                    *limits;
                self.field("WorldLimits.history_keep_ms", history_keep_ms > 0);
                self.field("WorldLimits.room_keep_ms", room_keep_ms > 0);
                self.field("WorldLimits.room_operators_max", room_operators_max > 0);
                self.field("WorldLimits.room_return_ms", room_return_ms > 0);
            }
            Command::Ended { node: _, life: _ }
            | Command::EndRoom { room: _, empty_since_unix_ms: _ }
            | Command::Invite { member: _, name: _, room: _ }
            | Command::Promote { member: _ }
            | Command::Rename { member: _, name: _ }
            | Command::SetHost { member: _, name: _, host: _ }
            | Command::Wallops { member: _, text: _ } => {}
            Command::Enter { request, profile, room } => {
                self.variant(request);
                self.field("Enter.room", room.is_some());
                self.field("Profile.real_name", !profile.real_name().is_empty());
            }
            Command::Kick { member: _, room: _, name: _, message } => {
                self.field("Kick.message", message.is_some());
            }
            Command::Kill { member: _, name: _, message } => self.field("Kill.message", message.is_some()),
            Command::Leave { member: _, reason, message } => {
                self.variant(reason);
                self.field("Leave.message", message.is_some());
            }
            Command::LiftBan { member: _, target } => self.variant(target),
            Command::Move { member: _, from, to, key, checks_key, message } => {
                self.field("Move.from", from.is_some());
                self.field("Move.to", to.is_some());
                self.field("Move.key", key.is_some());
                self.field("Move.checks_key", *checks_key);
                self.field("Move.message", message.is_some());
            }
            Command::Redact { member: _, room: _, line: _, author: _, message } => {
                self.field("Redact.message", message.is_some());
            }
            Command::Reply { member: _, message } => self.message(message),
            Command::Say { member: _, room: _, status, message } => {
                self.field("Say.status", status.is_some());
                status.iter().for_each(|status| self.variant(status));
                self.message(message);
            }
            Command::SetAway { member: _, away } => self.field("SetAway.away", away.is_some()),
            Command::SetBan { member: _, ban: NewBan { target, lasts_ms, reason } } => {
                self.variant(target);
                self.field("NewBan.lasts_ms", lasts_ms.is_some());
                self.field("NewBan.reason", reason.is_some());
            }
            Command::SetModes { member: _, room: _, changes } => {
                self.field("SetModes.changes", !changes.is_empty());
                changes.iter().for_each(|change| self.change(change));
            }
            Command::SetRealName { member: _, real_name } => {
                self.field("SetRealName.real_name", !real_name.as_str().is_empty());
            }
            Command::SetTopic { member: _, room: _, topic } => self.field("SetTopic.topic", topic.is_some()),
            Command::SetUserModes { member: _, on, off } => {
                let modes = UserModes::ALL.into_iter();
                for (mode, letter) in modes.filter(|(mode, _)| on.has(*mode) || off.has(*mode)) {
                    self.variants.insert(format!("UserModes::{letter}"));
                    self.field("SetUserModes.on", on.has(mode));
                    self.field("SetUserModes.off", off.has(mode));
                }
            }
            Command::Started { after } => self.field("Started.after", after.is_some()),
            Command::Tell { member: _, to: _, message } => self.message(message),
        }
    }

    /// Returns the variants that were not seen, and the fields that were not seen both set and unset.
    pub(crate) fn missing(&self) -> Vec<String> {
        let modes = UserModes::ALL.map(|(_, letter)| format!("UserModes::{letter}"));
        let all = all_variants().map(str::to_owned).chain(modes);
        let variants = all.filter(|variant| !self.variants.contains(variant));
        let fields = self.fields.iter().filter(|(_, seen)| **seen != [true; 2]);
        variants
            .chain(
                fields
                    .map(|(field, [unset, _])| format!("{field}, {}", if *unset { "set" } else { "unset" })),
            )
            .collect()
    }

    fn change(&mut self, change: &ModeChange) {
        self.variant(change);
        match change {
            ModeChange::Flag { flag, on } => {
                self.variant(flag);
                self.field("ModeChange::Flag.on", *on);
            }
            ModeChange::Key(key) => self.field("ModeChange::Key", key.is_some()),
            ModeChange::Limit(limit) => self.field("ModeChange::Limit", limit.is_some()),
            ModeChange::Mask { list, mask: _, on } => {
                self.variant(list);
                self.field("ModeChange::Mask.on", *on);
            }
            ModeChange::Status { name: _, status, on } => {
                self.variant(status);
                self.field("ModeChange::Status.on", *on);
            }
        }
    }

    fn message(&mut self, Message { kind, text, tags }: &Message) {
        self.variant(kind);
        self.field("Message.text", !text.as_str().is_empty());
        self.field("Message.tags", tags.is_some());
    }

    fn field(&mut self, name: &'static str, is_set: bool) {
        self.fields.entry(name).or_default()[usize::from(is_set)] = true;
    }

    fn variant(&mut self, value: &impl Variants) {
        self.variants.insert(value.variant().to_owned());
    }
}
