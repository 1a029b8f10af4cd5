//! Reads the lines of a connection one after the other, and carries out their steps.

use super::Model;
use super::address::{LINE, answered};
use super::ask::Ask;
use super::cloak;
use super::conn::{Link, NextLine, Opening, Stage, Wait};
use super::irc::Author;
use super::sniff::{self, Detected, Ways};
use super::todo::Todo;
use crate::{sometimes, terminal};
use parlor_protocol::plain::{Mistake, Note};
use parlor_protocol::{
    CloseReason, Command, ConnId, Context, Dialect, Instant, Language, MemberId, Message, MessageKind,
    NameRequest, Notice, Now, PasswordOf, PasswordResult, Profile, Reply, RoomName, Text,
};

/// The consequence of a step or a line.
enum Next {
    /// Perhaps another.
    Again,
    /// No other, until a budget allows it.
    Blocked,
    /// No other, until the log takes it.
    NeedsLog,
    /// No other for now.
    Nothing,
}

impl Model {
    /// Carries out the steps of a connection and reads its lines, as far as that is possible now.
    pub(super) fn advance(&mut self, now: Now, id: ConnId) {
        self.begin_turn(id);
        let waits = self.conns.get(id).is_some_and(|conn| conn.turn_timer.is_some());
        while !waits && !self.ends_turn(id) {
            let next = self.advance_once(now, id);
            self.settle(id);
            match next {
                Next::Again => {}
                Next::Blocked => {
                    self.goes_on(id);
                    break;
                }
                Next::NeedsLog => {
                    self.leave_queue(id);
                    self.wait_for_log(id);
                    break;
                }
                Next::Nothing => {
                    self.goes_on(id);
                    self.leave_queue(id);
                    break;
                }
            }
        }
        self.send_gathered(id);
        self.set_close_deadline(id);
    }

    /// A member whose lines wait for a budget for more than two seconds is told, once a minute at most.
    fn tell_slowed(&mut self, id: ConnId, until: Instant) {
        let now = self.now.mono;
        let Some(conn) = self.conns.get_mut(id) else { return };
        let second = |at: Instant| at.as_micros() / 1_000_000;
        conn.line_waits = true;
        let since = *conn.slowed_since_s.get_or_insert(second(now));
        let second = second(now);
        if until.max(now).as_micros() / 1_000_000 - since <= 2
            || second < conn.tells_slowed_at_s
            || !matches!(conn.stage, Stage::Member(_))
        {
            return;
        }
        conn.tells_slowed_at_s = second + 60;
        sometimes!(self.marks, SlowedDown, true);
        if conn.irc.is_some() {
            return self.push(id, &Reply::Notice(Notice::SlowedDown));
        }
        let mut bytes = bytes::BytesMut::new();
        Note::SlowedDown.render(conn.language, self.limits.reply_bytes_max, &mut bytes);
        self.send(id, &bytes);
    }

    /// Charges a connection and its address for what it has done.
    pub(super) fn settle(&mut self, id: ConnId) {
        let price = self.conns.get_mut(id).map_or(0, |conn| std::mem::take(&mut conn.owes));
        if price > 0 {
            self.turn = None;
            self.charge(id, price);
        }
    }

    /// Carries out one step, or reads one line.
    fn advance_once(&mut self, now: Now, id: ConnId) -> Next {
        let limits = self.limits;
        let Some(conn) = self.conns.get(id) else { return Next::Nothing };
        if conn.stage == Stage::Door {
            return Next::Blocked;
        }
        if conn.stage == Stage::Header {
            return if self.read_header(id) { Next::Again } else { Next::Nothing };
        }
        let address = conn.address;
        let rate = self.own_rate(address);
        let address_is_ready = self.address_is_ready(conn.address, self.turn == Some(id));
        let Some(conn) = self.conns.get_mut(id) else { return Next::Nothing };
        if !matches!(conn.stage, Stage::Detecting | Stage::Member(_) | Stage::Registering) || conn.is_held() {
            return Next::Nothing;
        }
        if let Some(todo) = conn.waiting.front() {
            if conn.waits(todo, &limits) {
                return Next::Nothing;
            }
            if matches!(todo, Todo::Propose(_)) && !self.may_propose() {
                return Next::NeedsLog;
            }
            let Some(conn) = self.conns.get_mut(id) else { return Next::Nothing };
            if let Some(todo) = conn.waiting.pop_front() {
                self.act(id, todo);
            }
            return Next::Again;
        }
        if conn.under_way >= limits.pending_commands_max {
            return Next::Nothing;
        }
        if let Some(detected) = conn.sniff(&self.limits) {
            self.detected(id, detected);
            return Next::Again;
        }
        if !conn.waiting.is_empty() {
            return Next::Again;
        }
        match conn.next_line(now, &limits, rate, address_is_ready) {
            NextLine::AddressBusy => {
                self.wait_for_address(id);
                let until = self.address_ready_at(address);
                self.tell_slowed(id, until);
                return Next::Blocked;
            }
            NextLine::End => self.leave_or_close(id, CloseReason::EndOfInput, None),
            NextLine::Line(line, dropped) => self.read(id, &line, dropped),
            NextLine::AreYouThere => conn.waiting.push_back(Todo::Ask(Ask::IsThere)),
            NextLine::Telnet(answer) => conn.waiting.push_back(Todo::Telnet(answer)),
            NextLine::None => return Next::Nothing,
            NextLine::Waste => {}
            NextLine::NotBefore(at) => {
                sometimes!(self.marks, HeldInLine, conn.is_held_in_line);
                self.leave_queue(id);
                if let Some(conn) = self.conns.get_mut(id) {
                    conn.budget_timer.get_or_insert(at);
                }
                self.tell_slowed(id, at);
                return Next::Blocked;
            }
        }
        Next::Again
    }

    fn read(&mut self, id: ConnId, line: &[u8], dropped: usize) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        if conn.stage == Stage::Registering && sniff::is_request(line, dropped > 0) {
            return self.reject(id, Detected::Http);
        }
        if conn.irc.is_some() {
            return self.read_irc(id, line, dropped);
        }
        let detects = conn.stage == Stage::Detecting;
        if detects && conn.opening.is_some() {
            // It is the unfinished line of the first bytes, which contains only noise.
            return;
        }
        self.read_plain(id, line, dropped);
        if detects {
            self.enter_plain(id);
        }
    }

    /// Acts on the result of the detection.
    fn detected(&mut self, id: ConnId, detected: Detected) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        match (detected, conn.stage, conn.listener) {
            (Detected::Doubt(_), ..) => {
                sometimes!(self.marks, NotSaid, true);
                self.answer_plain(id, Ask::NotSaid);
            }
            (Detected::Plain, ..) => conn.release(false),
            (Detected::Irc, Stage::Detecting, _) => {
                sometimes!(self.marks, DetectedIrc, true);
                conn.begin_irc();
                conn.expect_registration(self.now.mono, &self.limits);
            }
            (Detected::Irc, Stage::Registering, _) => conn.release(true),
            (Detected::Irc, Stage::Member(member), Dialect::Auto) => {
                conn.switches = true;
                conn.stage = Stage::Leaving(member);
                let reason = CloseReason::OtherDialect;
                self.propose_for(Some(id), Command::Leave { member, reason, message: None });
            }
            (detected, ..) => self.reject(id, detected),
        }
    }

    /// Ends the detection of a connection that was silent for too long.
    pub(super) fn detection_timed_out(&mut self, now: Now, id: ConnId) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        match conn.opening.as_ref().map_or(Detected::Plain, Opening::guess) {
            Detected::Doubt(_) | Detected::Plain => {
                sometimes!(self.marks, FellSilent, true);
                self.enter_plain(id);
            }
            Detected::Irc => {
                sometimes!(self.marks, GuessedAfterSilence, true);
                conn.begin_irc();
                conn.expect_registration(now.mono, &self.limits);
            }
            detected => {
                sometimes!(self.marks, GuessedAfterSilence, true);
                self.reject(id, detected);
            }
        }
        self.advance(now, id);
    }

    /// Closes a connection that speaks a protocol that its listener does not serve. It is told so in that protocol, if
    /// possible.
    fn reject(&mut self, id: ConnId, detected: Detected) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        conn.due.end_irc();
        sometimes!(self.marks, AnsweredHttp, detected == Detected::Http);
        sometimes!(
            self.marks,
            StrangerAtPlain,
            conn.listener == Dialect::Plain && detected != Detected::Http
        );
        sometimes!(self.marks, StrangerKnown, matches!(detected, Detected::Stranger(_)));
        let ways = Ways {
            plain: conn.listener != Dialect::Irc,
            irc: conn.listener != Dialect::Plain,
            password: self.options.identity.has_password,
        };
        let chinese = self.options.language == Language::Zh;
        let answer = sniff::answer(detected, &self.options.identity.name, ways, chinese);
        self.leave(id, CloseReason::OtherProtocol, None);
        self.say_bytes_and_close(id, answer.as_bytes());
    }

    fn read_plain(&mut self, id: ConnId, line: &[u8], dropped: usize) {
        let bytes_max = self.limits.line_bytes_max;
        let Some(conn) = self.conns.get_mut(id) else { return };
        sometimes!(self.marks, LineCut, dropped > 0);
        sometimes!(self.marks, LineAtLimit, dropped == 0 && line.len() == bytes_max);
        // A character that is cut by the limit is dropped. Any other invalid UTF-8 is reported to the author.
        let end = line.utf8_chunks().last().map_or(&b""[..], |last| last.invalid());
        let is_cut = dropped > 0 && std::str::from_utf8(end).is_err_and(|error| error.error_len().is_none());
        let kept = if is_cut { &line[..line.len() - end.len()] } else { line };
        sometimes!(self.marks, CharacterMended, conn.typed.mended);
        sometimes!(self.marks, TransmitsBinary, conn.typed.transmits_binary());
        let converted = conn.typed.is_utf16();
        if !conn.told_encoding && (converted || std::str::from_utf8(kept).is_err()) {
            conn.told_encoding = true;
            sometimes!(self.marks, ToldEncoding, true);
            sometimes!(self.marks, ConvertedUtf16, converted);
            conn.waiting.push_back(Todo::Ask(Ask::NotUtf8 { converted }));
        }
        let line = String::from_utf8_lossy(kept);
        let corrected = terminal::corrected(&line);
        sometimes!(self.marks, Corrected, corrected != line);
        if dropped > 0 {
            conn.waiting.push_back(Todo::Ask(Ask::LineCut(dropped)));
        }
        let ask = Ask::read(&corrected);
        if conn.stage == Stage::Detecting || !conn.waiting.is_empty() {
            // The price depends on the room, which is known when the steps before it are carried out.
            conn.line_is_unpriced = true;
        } else {
            let price = ask.price(conn.room.as_ref(), &self.options.identity.reserved_names);
            conn.owes += price.saturating_sub(LINE);
        }
        conn.waiting.push_back(Todo::Ask(ask));
    }

    pub(super) fn read_irc(&mut self, id: ConnId, line: &[u8], dropped: usize) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let Some(client) = &mut conn.irc else { return };
        let member = conn.stage.member();
        let person = member.and_then(|member| self.chat.people.get(&member)).map(|it| &it.person);
        let author = Author {
            member,
            person,
            limits: &self.limits,
            has_password: self.options.identity.has_password,
            reserved: &self.options.identity.reserved_names,
        };
        let context = Context { member, limits: &self.limits, options: &self.options };
        let todos = client.read(line, dropped, author, &context);
        // A line costs as much as what others hear of it. It is charged as one line already.
        let price: u64 = todos.iter().map(Todo::price).sum();
        conn.owes += price.saturating_sub(LINE);
        conn.waiting.extend(todos);
    }

    fn act(&mut self, id: ConnId, todo: Todo) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        match todo {
            // A connection whose protocol is not detected yet is answered, too.
            Todo::Ask(Ask::IsThere) => {
                let mut bytes = bytes::BytesMut::new();
                Note::IsThere.render(conn.language, self.limits.reply_bytes_max, &mut bytes);
                conn.owes += answered(bytes.len());
                self.send(id, &bytes);
            }
            Todo::Ask(ask) => {
                if let Stage::Member(member) = conn.stage {
                    if conn.line_is_unpriced && !matches!(ask, Ask::LineCut(_) | Ask::NotUtf8 { .. }) {
                        conn.line_is_unpriced = false;
                        let price = ask.price(conn.room.as_ref(), &self.options.identity.reserved_names);
                        conn.owes += price.saturating_sub(LINE);
                        if ask.is_command() {
                            // To know the price is a step of its own.
                            return conn.waiting.push_front(Todo::Ask(ask));
                        }
                    }
                    self.act_plain(id, member, ask);
                }
            }
            Todo::Check(of, password) => {
                conn.checking = true;
                conn.stop_registration_clock(self.now.mono);
                // Checking a password is expensive.
                conn.owes += 3 * LINE;
                self.questions.push_back((id, of, password));
            }
            Todo::Enter => self.enter_irc(id),
            Todo::Fetch(query, then) => self.fetch(id, *query, then),
            Todo::Label(label) => self.label(id, label),
            Todo::Propose(command) => self.propose(id, command),
            Todo::Query(query) => self.answer_query(id, query),
            Todo::Rehash => self.rehash(id),
            Todo::Signal(command) => self.signal(id, &command),
            Todo::Telnet(answer) => {
                sometimes!(self.marks, TelnetAnswered, true);
                self.send(id, &answer);
            }
            Todo::Quit(message) => self.leave_or_close(id, CloseReason::Quit, message),
            Todo::Unwatch(names) => self.unwatch(id, names.as_deref()),
            Todo::Watch(names) => self.watch(id, names),
            Todo::PasswordNotRight(notice) => self.reply_paid(id, &Reply::Notice(notice)),
        }
    }

    fn propose(&mut self, id: ConnId, command: Command) {
        if let Some(conn) = self.conns.get_mut(id) {
            conn.under_way += 1;
            conn.barrier = match command {
                Command::Move { .. } | Command::Rename { .. } => true,
                // It may be the member itself that is thrown out.
                Command::Kick { .. } | Command::Kill { .. } => true,
                // Those who are banned leave before its author says more.
                Command::SetBan { .. } => true,
                _ => false,
            };
            self.propose_for(Some(id), command);
        }
    }

    fn enter_irc(&mut self, id: ConnId) {
        self.leave_queue(id);
        self.forget_wait(id);
        let Some(conn) = self.conns.get_mut(id) else { return };
        let Some((name, user, real_name)) = conn.irc.as_ref().and_then(|client| client.registration()) else {
            return;
        };
        (conn.stage, conn.wait, conn.budget_timer, conn.turn_timer) = (Stage::Entering, None, None, None);
        let profile = Profile::new(&user, &cloak::of(conn.peer.ip()), &real_name);
        let command = Command::Enter { request: NameRequest::Name(name), profile, room: None };
        conn.asks_since = Some(self.now.mono);
        self.propose_entrance(id, command);
    }

    /// Lets a plain client enter. If the server has a password, it is closed instead, because the plain dialect has no
    /// way to send one.
    pub(super) fn enter_plain(&mut self, id: ConnId) {
        if self.options.identity.has_password {
            return self.end(id, CloseReason::Password);
        }
        self.leave_queue(id);
        self.forget_wait(id);
        let Some(conn) = self.conns.get_mut(id) else { return };
        (conn.stage, conn.wait, conn.budget_timer, conn.turn_timer) = (Stage::Entering, None, None, None);
        let (request, profile) =
            (NameRequest::Port(conn.peer.port()), Profile::of_host(&cloak::of(conn.peer.ip())));
        let command = Command::Enter { request, profile, room: conn.leads_to.clone() };
        self.propose_entrance(id, command);
    }

    fn act_plain(&mut self, id: ConnId, member: MemberId, ask: Ask) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let here = conn.room.clone();
        let command = match (ask, here) {
            (Ask::Nothing, _) => return,
            (Ask::Quit(message), _) => return self.leave(id, CloseReason::Quit, message),
            (Ask::Tell(to, _), _) if self.options.identity.reserved_names.contains(&to) => {
                return self.answer_plain(id, Ask::Mistaken(Mistake::NoServices(to)));
            }
            (Ask::Rename(name), _) if self.options.identity.reserved_names.contains(&name) => {
                sometimes!(self.marks, NameReserved, true);
                return self.answer_plain(id, Ask::Mistaken(Mistake::NameReserved(name)));
            }
            (Ask::Tell(to, text), _) => {
                Command::Tell { member, to, message: Message::new(MessageKind::Text, text) }
            }
            (Ask::Oper(name, password), _) => {
                conn.waiting.push_front(Todo::Check(PasswordOf::Operator(name), password));
                return;
            }
            (Ask::Away(away), _) => Command::SetAway { member, away },
            (Ask::Reply(text), _) => {
                Command::Reply { member, message: Message::new(MessageKind::Text, text) }
            }
            (Ask::Invite(name), Some(room)) => Command::Invite { member, name, room },
            (Ask::Kick(name, message), Some(room)) => Command::Kick { member, room, name, message },
            (Ask::Mode(change), Some(room)) => Command::SetModes { member, room, changes: vec![change] },
            (Ask::Rename(name), _) => Command::Rename { member, name },
            (Ask::ServerUnban(target), _) => Command::LiftBan { member, target },
            (Ask::Join(room, key), from) => {
                Command::Move { member, from, to: Some(room), key, checks_key: true, message: None }
            }
            (Ask::Say(kind, text), Some(room)) => {
                Command::Say { member, room, status: None, message: Message::new(kind, text) }
            }
            (Ask::TopicSet(topic), Some(room)) => Command::SetTopic { member, room, topic },
            (Ask::Part(message), Some(room)) if room != RoomName::lobby() => {
                let to = Some(RoomName::lobby());
                Command::Move { member, from: Some(room), to, key: None, checks_key: true, message }
            }
            (Ask::Part(_), Some(_)) => return self.answer_plain(id, Ask::Mistaken(Mistake::InLobby)),
            (
                Ask::Say(..)
                | Ask::TopicSet(_)
                | Ask::Part(_)
                | Ask::Invite(_)
                | Ask::Kick(..)
                | Ask::Mode(_),
                None,
            ) => {
                return self.answer_plain(id, Ask::Mistaken(Mistake::NotInRoom));
            }
            (ask, _) => return self.answer_plain(id, ask),
        };
        if self.may_propose() {
            self.propose(id, command);
        } else if let Some(conn) = self.conns.get_mut(id) {
            conn.waiting.push_front(Todo::Propose(command));
        }
    }

    fn answer_plain(&mut self, id: ConnId, ask: Ask) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        let Stage::Member(member) = conn.stage else { return };
        if conn.under_way > 0 {
            conn.waiting.push_front(Todo::Ask(ask));
            return;
        }
        if let Ask::Language(language) = ask {
            conn.language = language;
        }
        let has_room = conn.room.is_some();
        let ask = match ask {
            Ask::ServerBan(ban) if self.bans_itself(id, &ban) => Ask::Mistaken(Mistake::BansOneself),
            Ask::ServerBan(ban) => {
                let Some(conn) = self.conns.get_mut(id) else { return };
                return conn.waiting.push_front(Todo::Propose(Command::SetBan { member, ban }));
            }
            Ask::History(ask) if has_room => return self.read_history(id, member, ask),
            Ask::Remove(of) if has_room => return self.read_last_lines(id, member, of),
            Ask::History(_) | Ask::Remove(_) => Ask::Mistaken(Mistake::NotInRoom),
            ask => ask,
        };
        let Some(conn) = self.conns.get_mut(id) else { return };
        conn.draining = matches!(ask, Ask::Bans | Ask::Help(_) | Ask::Rooms | Ask::ServerBans | Ask::Who(_));
        let (language, here) = (conn.language, conn.room.clone());
        let mut bytes = bytes::BytesMut::new();
        let reply_bytes_max = self.limits.reply_bytes_max;
        match self.chat.reply(&ask, member, here.as_ref(), (self.limits.line_bytes_max, self.now.unix_ms)) {
            Ok(reply) => reply.render(language, reply_bytes_max, &mut bytes),
            Err(mistake) => Note::Mistaken(&mistake).render(language, reply_bytes_max, &mut bytes),
        }
        self.send(id, &bytes);
        if let Some(conn) = self.conns.get_mut(id) {
            conn.owes += answered(bytes.len());
        }
    }

    /// Handles the result of a password check.
    pub(super) fn password_checked(&mut self, now: Now, id: ConnId, result: PasswordResult) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        if !std::mem::take(&mut conn.checking) {
            return;
        }
        conn.go_on_with_registration_clock(now.mono);
        let right = result == PasswordResult::Right;
        sometimes!(self.marks, PasswordNotChecked, result == PasswordResult::NotChecked);
        sometimes!(self.marks, PasswordRight, right);
        sometimes!(self.marks, PasswordWrong, result == PasswordResult::Wrong);
        let (notice, mistake, reason) = match result {
            PasswordResult::NotChecked => {
                (Notice::PasswordNotChecked, Mistake::PasswordNotChecked, CloseReason::PasswordNotChecked)
            }
            _ => (Notice::WrongPassword, Mistake::WrongPassword, CloseReason::Password),
        };
        match conn.stage {
            Stage::Member(member) if right => {
                conn.waiting.push_front(Todo::Propose(Command::Promote { member }));
            }
            Stage::Member(_) if conn.irc.is_none() => {
                conn.waiting.push_front(Todo::Ask(Ask::Mistaken(mistake)));
            }
            Stage::Member(_) => conn.waiting.push_front(Todo::PasswordNotRight(notice)),
            Stage::Registering if right => {
                if let Some(client) = &mut conn.irc {
                    client.password_was_right();
                }
                conn.waiting.push_front(Todo::Enter);
            }
            Stage::Header if right => conn.is_vouched = true,
            Stage::Header | Stage::Registering => {
                if result == PasswordResult::Wrong {
                    self.respond(id, &Reply::Notice(notice));
                }
                return self.end(id, reason);
            }
            _ => {}
        }
        self.advance(now, id);
    }

    /// Lets a member leave. A connection that is not a member is closed at once.
    fn leave_or_close(&mut self, id: ConnId, reason: CloseReason, message: Option<Text>) {
        if self.conns.get(id).is_some_and(|conn| conn.stage.member().is_some()) {
            self.leave(id, reason, message);
        } else {
            self.end_with(id, reason, message.as_ref());
        }
    }

    /// Handles the idle timer: pings the client, or closes it if it has not answered the last ping.
    pub(super) fn check_idle(&mut self, id: ConnId) {
        let limits = self.limits;
        let now = self.now.mono;
        let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.link == Link::Open) else { return };
        if conn.reads_are_paused() && !conn.draining {
            // Its answer may be among the bytes that are not read yet.
            conn.is_alive(now);
        }
        let Some(client) = &mut conn.irc else { return };
        let due = conn.heard_at.plus_ms(limits.ping_ms);
        if client.pinged {
            sometimes!(self.marks, PingTimedOut, true);
            return self.end(id, CloseReason::PingTimeout);
        }
        if due > now {
            conn.wait = Some((due, Wait::Idle));
            return;
        }
        client.pinged = true;
        conn.wait = Some((now.plus_ms(limits.pong_ms), Wait::Idle));
        self.push(id, &Reply::Ping);
    }
}
