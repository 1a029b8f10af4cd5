//! Commands about members: entering, leaving, names, direct messages, invitations, modes and profiles.
//!
//! In each function, `id` is the member whose command is applied.

use super::{Correspondent, Event, EventKind, Extras, Member, Outcome, Refusal, World};
use crate::base::digest::Digest;
use crate::base::few::Few;
use crate::base::id::{MemberId, NodeId, RoomId, Seq};
use crate::base::name::{Name, RoomName};
use crate::base::person::{Host, Person, Profile, UserModes};
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use crate::log::command::{Message, NameRequest};
use crate::log::entry::LogEntry;
use crate::planted;
use alloc::boxed::Box;
use alloc::collections::btree_map::Entry;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Number of names that are tried for one port, `5001` to `5001-16`. The limit bounds the work, since thousands of clients
/// may have the same port.
const NAMES_PER_PORT: u64 = 16;

impl Member {
    pub(super) fn new(person: Person, node: NodeId, at_unix_ms: u64) -> Self {
        Self {
            person,
            node,
            rooms: Few::default(),
            modes: UserModes::NONE,
            entered_unix_ms: at_unix_ms,
            extras: None,
        }
    }

    pub(super) fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// Returns the cached results of comparing the member with the masks of rooms: the room, the version of its masks, and
    /// whether they mute the member.
    pub(super) fn muted(&self) -> &[(RoomId, u32, bool)] {
        self.extras.as_ref().map_or(&[], |extras| &extras.muted)
    }

    fn correspondent(&self) -> Option<Correspondent> {
        self.extras.as_ref()?.correspondent
    }

    /// Clears the cache of [`muted`](Self::muted). It must be called whenever the name or the host changes, because masks
    /// are compared with both.
    fn forget_muted(&mut self) {
        if let Some(extras) = &mut self.extras {
            extras.muted = Vec::new();
        }
    }

    /// Removes the invitation to a room, if there is one.
    pub(super) fn take_invitation(&mut self, room: RoomId) {
        if let Some(extras) = &mut self.extras {
            extras.invitations.retain(|&other| other != room);
        }
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        self.person.digest(digest);
        digest.number(self.node.0.into());
        for rooms in [self.rooms(), self.invitations()] {
            digest.number(rooms.len() as u64);
            for room in rooms {
                digest.number(room.0.0);
            }
        }
        // Two numbers, 0 and 0 without a correspondent.
        let (correspondent, wrote) =
            self.correspondent().map_or((0, 0), |it| (it.member.0.0, 1 + u64::from(it.wrote)));
        digest.number(correspondent);
        digest.number(wrote);
        digest.number(u64::from(self.away().is_some()));
        digest.text(self.away().map_or("", Text::as_str));
        digest.number(self.modes.number());
        digest.number(self.entered_unix_ms);
    }
}

impl World {
    pub(super) fn enter(
        &mut self,
        entry: &LogEntry,
        request: &NameRequest,
        profile: &Profile,
        room: Option<&RoomName>,
        outcomes: &mut Vec<Outcome>,
    ) {
        let id = MemberId(entry.seq);
        let name = match request {
            NameRequest::Name(name) => name.clone(),
            NameRequest::Port(port) => self.name_for_port(*port, entry.seq),
        };
        let person = Person { name, profile: profile.clone() };
        if let Some(ban) = self.ban_on(&person, self.at_unix_ms) {
            outcomes.push(Outcome::KeptOut { ban: Box::new(ban.clone()) });
            return;
        }
        match self.names.entry(person.name.shared_key()) {
            Entry::Occupied(owner) => {
                let owner = self.members.get(owner.get()).map_or(&person, |owner| &owner.person);
                let refusal = Refusal::NameTaken(owner.name.clone());
                let command = Box::new(entry.command.clone());
                outcomes.push(Outcome::NotEntered { refusal, command });
                return;
            }
            Entry::Vacant(free) => free.insert(id),
        };
        let member = Box::new(Member::new(person, entry.origin.node, self.at_unix_ms));
        let no_key = (None, false);
        let checked = room.map(|name| (name, self.may_enter(id, &member, None, name, no_key)));
        let is_outside = !matches!(checked, Some((_, Ok(_))));
        let event = member.event(id, self.stamp(), EventKind::Entered { is_outside });
        outcomes.push(Outcome::Happened(Arc::new(event)));
        self.members.insert(id, member);
        match checked {
            Some((name, Ok(there))) => self.join(id, name, there, true, outcomes),
            Some((_, Err(refusal))) => {
                let command = Box::new(entry.command.clone());
                outcomes.push(Outcome::Refused { member: id, refusal, command });
            }
            None => {}
        }
    }

    /// Returns a free name for a client's port. If the first names for the port are taken, the name contains the position
    /// in the log, which is unique. (Clients choose their ports, and many may choose the same.)
    fn name_for_port(&self, port: u16, seq: Seq) -> Name {
        let mut names = (1..=NAMES_PER_PORT).map(|nth| Name::for_port(port, nth));
        let free = names.find(|name| self.member_named(name).is_none());
        free.unwrap_or_else(|| Name::for_port(port, seq.0))
    }

    /// Removes a member. `operator` has killed it, if one has.
    pub(super) fn leave(
        &mut self,
        id: MemberId,
        reason: CloseReason,
        message: Option<Text>,
        operator: Option<MemberId>,
        outcomes: &mut Vec<Outcome>,
    ) {
        let Some(member) = self.members.remove(&id) else { return };
        if planted::frees_name() {
            self.names.remove(member.person.name.key());
        }
        // An operator that was removed from the server does not run its rooms again as soon as it is back.
        let is_removed = matches!(reason, CloseReason::Banned | CloseReason::Killed);
        let remembered = (!is_removed).then_some(&member.person);
        for &room in member.rooms() {
            self.remove_from_room(id, room, remembered);
        }
        self.count_modes(member.modes, UserModes::NONE);
        let Member { person: by, rooms, .. } = *member;
        let kind = EventKind::Left { rooms: rooms.into_vec(), reason, message, operator };
        // A leave is never told as that of a bot.
        let event = Event::of(id, by, self.stamp(), kind);
        outcomes.push(Outcome::Happened(Arc::new(event)));
    }

    pub(super) fn kill(
        &mut self,
        id: MemberId,
        name: &Name,
        message: Option<&Text>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        self.check_server_operator(id)?;
        let target = self.member_named(name).ok_or_else(|| Refusal::NoSuchName(name.clone()))?;
        let message = self.member(id).map(|operator| killed_by(operator.name(), message));
        self.leave(target, CloseReason::Killed, message, Some(id), outcomes);
        Ok(())
    }

    pub(super) fn rename(
        &mut self,
        id: MemberId,
        name: &Name,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        let Some(member) = self.members.get(&id) else { return Ok(()) };
        match self.names.get(name.key()).map(|owner| (owner, self.members.get(owner))) {
            Some((&owner, Some(other))) if owner != id => {
                return Err(Refusal::NameTaken(other.person.name.clone()));
            }
            Some(_) if member.person.name.as_str() == name.as_str() => return Err(Refusal::NameUnchanged),
            _ => {}
        }
        self.check_name_change(id)?;
        let Some(member) = self.members.get(&id) else { return Ok(()) };
        let renamed = Person { name: name.clone(), ..member.person.clone() };
        if self.ban_on(&renamed, self.at_unix_ms).is_some() {
            return Err(Refusal::NameBanned);
        }
        let Some(member) = self.members.get_mut(&id) else { return Ok(()) };
        let from = core::mem::replace(&mut member.person, renamed);
        let by_bot = member.modes.has(UserModes::BOT);
        member.forget_muted();
        self.names.remove(from.name.key());
        self.names.insert(name.shared_key(), id);
        let kind = EventKind::Renamed { to: name.clone() };
        let event = Event { by_bot, ..Event::of(id, from, self.stamp(), kind) };
        outcomes.push(Outcome::Happened(Arc::new(event)));
        Ok(())
    }

    /// Sends a direct message, and records the correspondents of both members for [`Command::Reply`]: the member that last
    /// wrote to them or, if nobody has, the member to which they last wrote.
    pub(super) fn tell(
        &mut self,
        id: MemberId,
        to: MemberId,
        message: &Message,
        outcomes: &mut Vec<Outcome>,
    ) {
        if message.kind.is_for_people() {
            if let Some(reader) = self.members.get_mut(&to) {
                reader.extras_mut().correspondent = Some(Correspondent { member: id, wrote: true });
            }
            if let Some(writer) = self.members.get_mut(&id)
                && writer.correspondent().is_none_or(|it| !it.wrote)
            {
                writer.extras_mut().correspondent = Some(Correspondent { member: to, wrote: false });
            }
        }
        if let Some(name) = self.member(to).map(Member::name).cloned() {
            let kind = EventKind::Told { target: to, to: name, message: message.clone() };
            self.happened(id, kind, outcomes);
        }
    }

    /// Returns the member to which a reply goes. It was recorded by its id, since its name may belong to another member
    /// now.
    pub(super) fn correspondent(&self, id: MemberId) -> Result<MemberId, Refusal> {
        let correspondent = self.members.get(&id).and_then(|member| member.correspondent());
        let Correspondent { member, .. } = correspondent.ok_or(Refusal::NobodyToAnswer)?;
        if self.members.contains_key(&member) { Ok(member) } else { Err(Refusal::CorrespondentLeft) }
    }

    pub(super) fn set_away(&mut self, id: MemberId, away: Option<&Text>, outcomes: &mut Vec<Outcome>) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let was_away = member.away().is_some();
        // Without the condition, every member that is marked as back would allocate its extras.
        if was_away || away.is_some() {
            member.extras_mut().away = away.cloned();
        }
        let silenced = away.is_some() && self.silenced_somewhere(id).is_some();
        let full_text = away.cloned();
        let away = full_text.clone().map(|text| public_away(text, silenced));
        self.happened(id, EventKind::AwaySet { away, full_text, was_away }, outcomes);
    }

    pub(super) fn set_host(
        &mut self,
        id: MemberId,
        name: &Name,
        host: &Host,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        self.check_server_operator(id)?;
        let target = self.member_named(name).ok_or_else(|| Refusal::NoSuchName(name.clone()))?;
        let Some(person) = self.member(target).map(Member::person) else { return Ok(()) };
        let profile = person.profile.with_host(host);
        let kind = EventKind::HostSet { operator: id, profile: profile.clone() };
        self.happened(target, kind, outcomes);
        if let Some(member) = self.members.get_mut(&target) {
            member.person.profile = profile;
            member.forget_muted();
        }
        Ok(())
    }

    pub(super) fn set_real_name(
        &mut self,
        id: MemberId,
        real_name: &Text,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        // Elsewhere, a silenced member's text is left out and the command is executed. This command is nothing but text, so
        // it is refused.
        if let Some(room) = self.silenced_somewhere(id).and_then(|room| self.rooms.get(&room)) {
            return Err(Refusal::Silenced(room.name.clone()));
        }
        self.happened(id, EventKind::RealNameSet { real_name: real_name.clone() }, outcomes);
        if let Some(member) = self.members.get_mut(&id) {
            member.person.profile = member.person.profile.with_real_name(real_name);
        }
        Ok(())
    }

    /// Changes the user modes of a member, and updates the counts of members with certain modes.
    pub(super) fn set_user_modes(
        &mut self,
        id: MemberId,
        on: UserModes,
        off: UserModes,
        is_promotion: bool,
        outcomes: &mut Vec<Outcome>,
    ) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let before = member.modes;
        member.modes = before.with(on).without(off);
        let after = member.modes;
        let (on, off) = (after.without(before), before.without(after));
        self.count_modes(before, after);
        self.happened(id, EventKind::UserModesSet { on, off, is_promotion }, outcomes);
    }

    /// Updates the counts of members with certain modes, after the modes of one member have changed.
    pub(super) fn count_modes(&mut self, before: UserModes, after: UserModes) {
        for (mode, count) in
            [(UserModes::INVISIBLE, &mut self.invisible), (UserModes::OPERATOR, &mut self.operators)]
        {
            *count = *count + usize::from(after.has(mode)) - usize::from(before.has(mode));
        }
    }

    /// Checks that a member is an operator of the server.
    pub(super) fn check_server_operator(&self, id: MemberId) -> Result<(), Refusal> {
        let is_operator = |member: &Member| member.modes.has(UserModes::OPERATOR);
        if self.member(id).is_some_and(is_operator) { Ok(()) } else { Err(Refusal::NotServerOperator) }
    }

    pub(super) fn invite(
        &mut self,
        id: MemberId,
        name: &Name,
        room_name: &RoomName,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        let target = self.member_named(name).ok_or_else(|| Refusal::NoSuchName(name.clone()))?;
        let room_id = self.room_of(id, room_name)?;
        let Some(room) = self.rooms.get(&room_id) else { return Ok(()) };
        if room.members.contains_key(&target) {
            let name = self.member(target).map_or(name, Member::name);
            return Err(Refusal::AlreadyThere { name: name.clone(), room: room.name.clone() });
        }
        let by_operator = self.check_room_operator(id, room_id);
        if room.modes.has(crate::base::mode::Flag::InviteOnly) {
            by_operator.clone()?;
        }
        // An invitation from an operator of the room lifts its restrictions on entering. One from another member does not.
        if let Some(target) = self.members.get_mut(&target).filter(|_| by_operator.is_ok()) {
            let invitations = &mut target.extras_mut().invitations;
            invitations.retain(|&other| other != room_id);
            invitations.push(room_id);
            if invitations.len() > self.limits.invitations_max as usize {
                invitations.remove(0);
            }
        }
        let name = self.member(target).map(Member::name).cloned();
        if let (Some(name), Some(room)) = (name, self.event_room(room_id)) {
            self.happened(id, EventKind::Invited { target, name, room }, outcomes);
        }
        Ok(())
    }
}

/// The away text of a silenced member. It must not be empty: in away-notify (IRCv3) no text means that the member is
/// back.
const AWAY: &str = "Away";

/// Returns an away text as the rooms of the member read it.
pub(super) fn public_away(text: Text, is_silenced: bool) -> Text {
    if is_silenced { Text::clean(AWAY.as_bytes(), false) } else { text }
}

/// Returns the reason that others read when an operator kills a member.
fn killed_by(name: &Name, message: Option<&Text>) -> Text {
    let words = message
        .map_or_else(|| alloc::format!("by {name}"), |it| alloc::format!("by {name}: {}", it.as_str()));
    Text::clean(words.as_bytes(), false)
}
