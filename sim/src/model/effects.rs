//! The effects of log entries on members and rooms, and the events and answers that tell of them.

use super::Model;
use super::address::LINE;
use super::chat::{Member, Room};
use super::conn::{Link, Stage, Wait};
use super::lives::Leaver;
use super::tell::event;
use crate::sometimes;
use parlor_protocol::irc::Capabilities;
use parlor_protocol::plain::Note;
use parlor_protocol::{
    Action, CloseReason, Command, ConnId, Event, EventKind, EventRoom, Host, LogEntry, MemberId, ModeChange,
    Name, NameRequest, Person, Profile, Refusal, Reply, RoomId, RoomName, Seq, Status, Text, UserModes, irc,
};

impl Model {
    /// Returns the person that others see, and whether it is a bot.
    pub(super) fn by(&self, member: MemberId) -> (Person, bool) {
        let member = &self.chat.people[&member];
        (member.person.clone(), member.modes.has(UserModes::BOT))
    }

    pub(super) fn enter(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        request: &NameRequest,
        profile: &Profile,
        room: Option<&RoomName>,
    ) -> Result<(), Refusal> {
        let member = MemberId(entry.seq);
        let name = match request {
            NameRequest::Name(name) => name.clone(),
            NameRequest::Port(port) => self.chat.given_name(*port, member),
        };
        let asking = Person { name: name.clone(), profile: profile.clone() };
        if let Some(ban) = self.chat.mask_on(&asking, entry.at_unix_ms).cloned() {
            sometimes!(self.marks, KeptOut, true);
            self.not_entered(id);
            self.end_banned(id, &ban);
            return Ok(());
        }
        if let Some(owner) = self.chat.named(&name) {
            sometimes!(self.marks, NameTakenAtEntrance, true);
            let taken = self.chat.people[&owner].person.name.clone();
            self.not_entered(id);
            return Err(Refusal::NameTaken(taken));
        }
        let person = Person { name: name.clone(), profile: profile.clone() };
        self.chat.people.insert(
            member,
            Member {
                conn: id,
                node: entry.origin.node,
                person: person.clone(),
                rooms: Vec::new(),
                invitations: Vec::new(),
                answers: None,
                away: None,
                modes: UserModes::NONE,
                entered_unix_ms: entry.at_unix_ms,
                spoke_unix_ms: entry.at_unix_ms,
            },
        );
        self.chat.members_max = self.chat.members_max.max(self.chat.people.len());
        sometimes!(self.marks, Crowd, self.chat.people.len() >= 200 && self.chat.rooms.len() >= 50);
        let checked = room.map(|room| self.chat.check_move(member, None, Some(room), (None, false)));
        let kind = EventKind::Entered { is_outside: !matches!(checked, Some(Ok(()))) };
        event(&self.chat, entry, (member, &person, false), kind);
        self.tell_watchers(&person, true);
        let ping_at = self.now.mono.plus_ms(self.limits.ping_ms);
        let Some(conn) = self.conns.get_mut(id) else {
            // It enters elsewhere, and may enter a room, too.
            return self.enter_first(id, entry, member, room);
        };
        if conn.link == Link::Open {
            conn.stage = Stage::Member(member);
            if let Some(client) = &mut conn.irc {
                client.is_called(&person);
                conn.wait = Some((ping_at, Wait::Idle));
                self.respond(id, &Reply::Entered);
                return Ok(());
            }
        } else {
            conn.stage = Stage::Leaving(member);
            let reason = conn.ended_for.expect("what is not open has ended for a reason");
            self.propose_for(Some(id), Command::Leave { member, reason, message: None });
        }
        self.enter_first(id, entry, member, room)
    }

    /// Lets a new member enter the room of its listener, and greets it.
    fn enter_first(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        room: Option<&RoomName>,
    ) -> Result<(), Refusal> {
        let checked = room.map(|room| self.chat.check_move(member, None, Some(room), (None, false)));
        if let (Some(room), Some(Ok(()))) = (room, &checked) {
            self.join(id, entry, member, room, true);
            return Ok(());
        }
        let name = self.chat.people[&member].person.name.clone();
        self.greet(id, &Note::Greeting { name: &name, room: None });
        checked.unwrap_or(Ok(()))
    }

    /// Records that a client did not enter because its name was taken. An IRC client may try another.
    pub(super) fn not_entered(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        conn.stage = Stage::Outside;
        if let Some(client) = conn.irc.as_mut().filter(|_| conn.link == Link::Open) {
            client.forget_name();
            conn.stage = Stage::Registering;
            if let (Some(since), Some(until)) = (conn.asks_since.take(), conn.registers_until.as_mut()) {
                *until = (*until).max(since).plus(self.now.mono.since(since));
            }
            conn.expect_registration(self.now.mono, &self.limits);
        }
    }

    pub(super) fn join(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        to: &RoomName,
        first: bool,
    ) {
        let (by, by_bot) = self.by(member);
        let person = &self.chat.people[&member];
        let (away, rooms) = (person.away.clone(), person.rooms.len());
        let began = self.chat.room(to).map(|room| (room.began, room.name.clone()));
        sometimes!(
            self.marks,
            InvitationUsed,
            began.as_ref().is_some_and(|(began, _)| person.invitations.contains(began))
        );
        sometimes!(self.marks, SeveralRooms, rooms > 0);
        // The members that are in the room before the newcomer read the event.
        let (id_of_room, shown) = began.unwrap_or_else(|| (entry.seq.0, to.clone()));
        let away = away.map(|away| {
            let is_quiet = self.chat.room(&shown).is_some_and(|room| self.chat.silences(room, member));
            if is_quiet && !self.chat.will_run(member, &shown) { Text::clean(b"Away", false) } else { away }
        });
        let room = EventRoom { id: RoomId(Seq(id_of_room)), name: shown.clone() };
        let kind = EventKind::Joined { room, away: away.clone(), is_first: first };
        let joined = event(&self.chat, entry, (member, &by, by_bot), kind);
        self.tell_all_in(&shown, None, &joined);
        if away.is_some() {
            let kind = EventKind::AwaySet { away, full_text: None, was_away: true };
            self.tell_all_in(&shown, None, &Event { kind, ..joined.clone() });
        }
        let to = self.chat.enter_room(entry, member, to, &mut self.marks);
        self.is_in(id, (&joined, first), &to);
        let there = self.chat.room(&to).expect("it has been entered");
        sometimes!(self.marks, HistoryHidden, there.hides_history_from(member));
        let runs = there.member(member).is_some_and(|it| it.operates);
        if runs && there.members.len() > 1 {
            let (name, status) = (by.name.clone(), Status::Operator);
            let changes = vec![ModeChange::Status { name, status, on: true }];
            let kind = EventKind::ModesSet { room: self.chat.event_room(&to), changes };
            let event = event(&self.chat, entry, (member, &by, by_bot), kind);
            self.tell_room(&to, id, true, &event);
        }
    }

    /// Answers a member that has entered a room.
    fn is_in(&mut self, id: ConnId, (joined, first): (&Event, bool), to: &RoomName) {
        let there = self.chat.room(to).expect("it has been entered");
        let (members, topic) = (there.members.len(), there.topic.clone());
        let Some(conn) = self.conns.get_mut(id) else { return };
        match &conn.irc {
            None => {
                conn.room = Some(to.clone());
                if first {
                    self.greet(id, &Note::Greeting { name: &joined.by.name, room: Some((to, members)) });
                } else {
                    self.reply(id, &Note::InRoom { room: to, members, topic: topic.as_ref() });
                }
            }
            Some(_) if conn.link == Link::Open => {
                self.tell_itself(id, joined);
                let (topic, is_first) = (topic.as_ref(), first);
                let reply = Reply::Joined { event: joined, room: to, members, topic, is_first };
                self.respond_behind(id, (&reply, joined), true);
            }
            Some(_) => {}
        }
    }

    fn greet(&mut self, id: ConnId, greeting: &Note<'_>) {
        if self.options.greeting && !self.options.raw {
            self.reply(id, greeting);
        }
    }

    pub(super) fn part(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        from: &RoomName,
        message: Option<&Text>,
    ) {
        let (by, by_bot) = self.by(member);
        let from = self.chat.room(from).map_or_else(|| from.clone(), |room| room.name.clone());
        let kind = EventKind::Parted { room: self.chat.event_room(&from), message: message.cloned() };
        let event = event(&self.chat, entry, (member, &by, by_bot), kind);
        self.chat.leave_room(member, &from, Some(&by), &mut self.marks);
        if let Some(conn) = self.conns.get_mut(id) {
            conn.room = None;
        }
        self.tell_all_in(&from, None, &event);
        if self.conns.get(id).is_some_and(|conn| conn.irc.is_some()) {
            self.tell_itself(id, &event);
        }
    }

    pub(super) fn left(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        reason: CloseReason,
        (message, operator): (Option<&Text>, Option<MemberId>),
    ) {
        let leaver = self.take_out(entry, member, reason, (message, operator));
        self.tell_of_leaver(&leaver);
        self.is_left(id, reason, message);
    }

    /// Takes a member out of the chat, which is told later.
    pub(super) fn take_out(
        &mut self,
        entry: &LogEntry,
        member: MemberId,
        reason: CloseReason,
        (message, operator): (Option<&Text>, Option<MemberId>),
    ) -> Leaver {
        let person = self.chat.people.remove(&member).expect("it is a member");
        let rooms = person.rooms.iter().map(|room| self.chat.event_room(room).id).collect();
        let is_removed = matches!(reason, CloseReason::Banned | CloseReason::Killed);
        let remembered = Some(&person.person).filter(|_| !is_removed);
        for room in &person.rooms {
            self.chat.leave_room(member, room, remembered, &mut self.marks);
        }
        let is_empty = |room: &RoomName| self.chat.room(room).is_some_and(Room::is_kept);
        let life_ends = matches!(entry.command, Command::Ended { .. } | Command::Started { .. });
        sometimes!(self.marks, KeptOverStart, life_ends && person.rooms.iter().any(is_empty));
        self.chat.depart(entry, person.person.clone(), self.limits.departed_max);
        let kind = EventKind::Left { rooms, reason, message: message.cloned(), operator };
        let event = event(&self.chat, entry, (member, &person.person, false), kind);
        Leaver { event, conn: person.conn, rooms: person.rooms.into_iter().collect() }
    }

    /// Tells those who shared a room with a member that it has left, and those who watch its name.
    pub(super) fn tell_of_leaver(&mut self, leaver: &Leaver) {
        let rooms = leaver.rooms.iter().filter_map(|room| self.chat.room(room));
        let mut hearers: Vec<ConnId> = rooms.flat_map(|room| room.members.iter()).map(|it| it.conn).collect();
        hearers.sort_unstable();
        hearers.dedup();
        hearers.retain(|hearer| *hearer != leaver.conn);
        self.tell_each(&hearers, &leaver.event);
        self.tell_watchers(&leaver.event.by, false);
    }

    /// Does what follows for the connection of a member that has left.
    pub(super) fn is_left(&mut self, id: ConnId, reason: CloseReason, message: Option<&Text>) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        conn.stage = Stage::Outside;
        (conn.under_way, conn.barrier, conn.room) = (0, false, None);
        let switches = std::mem::take(&mut conn.switches) && reason == CloseReason::OtherDialect;
        if switches && conn.link == Link::Open {
            sometimes!(self.marks, SwitchedToIrc, true);
            conn.begin_irc();
            conn.expect_registration(self.now.mono, &self.limits);
            if let Action::Ask(hint) = irc::after_switch() {
                conn.ask_first(hint);
            }
            return;
        }
        conn.forget_input();
        if conn.link == Link::Open {
            self.cut_label(id);
            self.say_farewell(id, reason, message);
        }
        self.forget_if_over(id);
    }

    pub(super) fn rename(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        name: &Name,
    ) -> Result<(), Refusal> {
        let owner = self.chat.named(name);
        if let Some(owner) = owner {
            let taken = self.chat.people[&owner].person.name.clone();
            sometimes!(self.marks, NameRefused, owner != member);
            if owner != member {
                return Err(Refusal::NameTaken(taken));
            }
            if taken.as_str() == name.as_str() {
                return Err(Refusal::NameUnchanged);
            }
        }
        let checked = self.chat.check_name(member);
        sometimes!(self.marks, NameHeld, checked.is_err());
        checked?;
        let (by, by_bot) = self.by(member);
        let asked = Person { name: name.clone(), ..by.clone() };
        let is_banned = self.chat.mask_on(&asked, entry.at_unix_ms).is_some();
        sometimes!(self.marks, NameBanned, is_banned);
        if is_banned {
            return Err(Refusal::NameBanned);
        }
        self.chat.person(member).person.name = name.clone();
        let renamed = self.chat.people[&member].person.clone();
        let kind = EventKind::Renamed { to: name.clone() };
        let event = event(&self.chat, entry, (member, &by, by_bot), kind);
        self.charge_for_rooms(id, member);
        self.tell_peers(member, id, &event);
        if self.conns.get(id).is_some_and(|conn| conn.irc.is_some()) {
            self.tell_itself(id, &event);
            self.is_called(id, &renamed);
        } else {
            self.reply(id, &Note::NowNamed(name));
        }
        // Another spelling of the same name is not reported to those who watch it.
        if owner.is_none() {
            self.chat.depart(entry, by.clone(), self.limits.departed_max);
            sometimes!(self.marks, WatchedRenamed, self.is_watched(&by.name) || self.is_watched(name));
            self.tell_watchers(&by, false);
            self.tell_watchers(&renamed, true);
        }
        Ok(())
    }

    pub(super) fn invited(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        target: MemberId,
        room: &RoomName,
    ) {
        let (by, by_bot) = self.by(member);
        let Member { conn, person, .. } = &self.chat.people[&target];
        let (hearer, name) = (*conn, person.name.clone());
        let kind = EventKind::Invited { target, name: name.clone(), room: self.chat.event_room(room) };
        let event = event(&self.chat, entry, (member, &by, by_bot), kind);
        self.tell_all_in(room, Some(id), &event);
        if self.conns.get(hearer).is_some_and(|conn| conn.irc.is_some()) {
            self.tell_invited(hearer, &event);
        } else {
            self.reply(hearer, &Note::InvitedTo { by: &by.name, room });
        }
        self.reply_plain(id, &Note::Invited { name: &name, room });
        self.respond(id, &Reply::Invited { name: &name, room });
        self.tell_away(id, target);
    }

    pub(super) fn kicked(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        target: MemberId,
        room: &RoomName,
        message: Option<&Text>,
    ) {
        let (by, by_bot) = self.by(member);
        let Member { conn, person, .. } = &self.chat.people[&target];
        let (hearer, name) = (*conn, person.name.clone());
        let here = self.chat.event_room(room);
        let kind = EventKind::Kicked { target, name, room: here, message: message.cloned() };
        let event = event(&self.chat, entry, (member, &by, by_bot), kind);
        self.chat.leave_room(target, room, None, &mut self.marks);
        let speaks_irc = self.conns.get(hearer).is_some_and(|conn| conn.irc.is_some());
        if let Some(conn) = self.conns.get_mut(hearer) {
            conn.room = None;
        }
        if !speaks_irc {
            self.reply(hearer, &Note::KickedOut { by: &by.name, room, message });
        } else if hearer == id {
            self.tell_itself(hearer, &event);
        } else {
            self.tell(hearer, &event);
        }
        self.tell_room(room, id, hearer != id, &event);
    }

    pub(super) fn set_away(&mut self, id: ConnId, entry: &LogEntry, member: MemberId, away: Option<&Text>) {
        let before = std::mem::replace(&mut self.chat.person(member).away, away.cloned());
        let is_quiet = away.is_some() && self.chat.quiet_room(member).is_some();
        sometimes!(self.marks, WordsWithheld, is_quiet);
        let full_text = away.cloned();
        let public = if is_quiet { Some(Text::clean(b"Away", false)) } else { full_text.clone() };
        let (by, by_bot) = self.by(member);
        let kind = EventKind::AwaySet { away: public, full_text, was_away: before.is_some() };
        let event = event(&self.chat, entry, (member, &by, by_bot), kind);
        if before.is_some() || away.is_some() {
            self.tell_of(id, &event);
        }
        self.reply_plain(id, &Note::AwayIs { away, was_away: before.is_some() });
        self.respond(id, &Reply::AwayIs { away, was_away: before.is_some() });
    }

    /// Tells of a change that a member makes to itself: to the members of its rooms, to the watchers with
    /// `extended-monitor`, and to the member itself unless it is about being away.
    pub(super) fn tell_of(&mut self, id: ConnId, event: &Event) {
        self.charge_for_rooms(id, event.member);
        self.tell_peers(event.member, id, event);
        self.tell_close_watchers(id, event.member, event);
        if !matches!(event.kind, EventKind::AwaySet { .. }) {
            self.tell_itself(id, event);
        }
    }

    /// Charges a member of several rooms for an event that all of them read: one line for each room.
    fn charge_for_rooms(&mut self, id: ConnId, member: MemberId) {
        let rooms = self.chat.people[&member].rooms.len();
        self.charge(id, (rooms as u64).saturating_sub(1) * LINE);
    }

    /// Tells the clients that watch a member with `extended-monitor`, unless they share a room with it and were told
    /// already.
    fn tell_close_watchers(&mut self, id: ConnId, member: MemberId, event: &Event) {
        let watchers: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(conn, it)| {
                let watches = it.irc.as_ref().is_some_and(|client| {
                    client.capabilities.has(Capabilities::EXTENDED_MONITOR)
                        && client.watches.contains(&event.by.name)
                });
                let other = it.stage.member();
                watches && *conn != id && !other.is_some_and(|it| self.chat.are_together(it, member))
            })
            .map(|(conn, _)| conn)
            .collect();
        sometimes!(self.marks, WatchedClosely, !watchers.is_empty());
        self.tell_each(&watchers, event);
    }

    /// Sets the host of a member. Others read that, and the member itself, too.
    pub(super) fn set_host(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        (operator, target): (MemberId, MemberId),
        host: &Host,
    ) {
        let (from, by_bot) = self.by(target);
        let person = &mut self.chat.person(target).person;
        person.profile = from.profile.with_host(host);
        let to = person.clone();
        let hearer = self.chat.people[&target].conn;
        let kind = EventKind::HostSet { operator, profile: to.profile.clone() };
        let event = event(&self.chat, entry, (target, &from, by_bot), kind);
        self.charge_for_rooms(id, target);
        self.tell_peers(target, hearer, &event);
        self.tell_close_watchers(hearer, target, &event);
        sometimes!(self.marks, HostSet, true);
        if hearer == id {
            self.tell_itself(id, &event);
        } else {
            self.tell(hearer, &event);
        }
        let reply = Reply::HostSet { event: &event, host: to.profile.host() };
        self.respond_behind(hearer, (&reply, &event), hearer == id);
        self.is_called(hearer, &to);
    }

    /// Tells the dialect of a client how others see the client from now on.
    fn is_called(&mut self, id: ConnId, person: &Person) {
        if let Some(client) = self.conns.get_mut(id).and_then(|conn| conn.irc.as_mut()) {
            client.is_called(person);
        }
    }

    pub(super) fn set_modes(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        room: &RoomName,
        changes: &[ModeChange],
    ) {
        let (by, by_bot) = self.by(member);
        let mut made = Vec::new();
        let mut is_refused = false;
        for change in changes {
            match self.chat.change_mode(entry, &by.name, room, change) {
                Ok(change) => made.extend(change),
                Err(refusal) => {
                    is_refused = true;
                    self.refuse(id, entry, &refusal);
                }
            }
        }
        if made.is_empty() && !is_refused {
            changes.iter().for_each(|change| self.reply_plain(id, &Note::Unchanged { room, change }));
        }
        if !made.is_empty() {
            let kind = EventKind::ModesSet { room: self.chat.event_room(room), changes: made };
            self.tell_room(room, id, true, &event(&self.chat, entry, (member, &by, by_bot), kind));
            let is_closed = self.chat.end_if_closed(room);
            sometimes!(self.marks, KeptClosed, is_closed);
        }
    }

    pub(super) fn set_user_modes(
        &mut self,
        id: ConnId,
        entry: &LogEntry,
        member: MemberId,
        (on, off): (UserModes, UserModes),
        is_promotion: bool,
    ) {
        let modes = &mut self.chat.person(member).modes;
        let before = *modes;
        *modes = before.with(on).without(off);
        let (on, off) = (modes.without(before), before.without(*modes));
        let (by, by_bot) = self.by(member);
        event(&self.chat, entry, (member, &by, by_bot), EventKind::UserModesSet { on, off, is_promotion });
        if is_promotion {
            self.reply_plain(id, &Note::NowOperator);
            self.respond(id, &Reply::NowOperator);
        }
        if on != UserModes::NONE || off != UserModes::NONE {
            self.respond(id, &Reply::UserModesChanged { on, off });
        }
    }
}
