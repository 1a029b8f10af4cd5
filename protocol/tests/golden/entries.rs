//! The entries of the golden log. New ones are added at the end: those that are stored never change.

use parlor_protocol::{
    BanTarget, Cloaks, CloseReason, Command, Flag, Host, Key, Life, Mask, MaskList, MemberId, Message,
    MessageKind, ModeChange, Name, NameRequest, NewBan, NodeId, Origin, Profile, Proposal, RoomId, RoomName,
    Seq, Status, Text, UserModes, WorldLimits,
};

/// Returns the entries.
pub(crate) fn entries() -> Vec<Proposal> {
    let mut log =
        Builder { proposals: Vec::new(), node: NodeId(0), life: Life(0x0123_4567_89AB_CDEF), number: 0 };
    begin(&mut log);
    let members = enter(&mut log);
    talk(&mut log, members);
    run_rooms(&mut log, members);
    run_server(&mut log, members);
    leave(&mut log);
    restart(&mut log);
    keep_rooms(&mut log);
    remember(&mut log);
    redact(&mut log);
    log.proposals
}

/// The proposals of the nodes, one after the other.
struct Builder {
    proposals: Vec<Proposal>,
    node: NodeId,
    life: Life,
    number: u64,
}

impl Builder {
    /// Appends an entry. Returns the member whose `Enter` it is, if it is one.
    fn push(&mut self, command: Command) -> MemberId {
        self.number += 1;
        let origin = Origin { node: self.node, life: self.life, number: self.number };
        let at_unix_ms = 1_700_000_000_000 + 1_234 * self.proposals.len() as u64;
        self.proposals.push(Proposal { at_unix_ms, origin, command });
        MemberId(Seq(self.proposals.len() as u64))
    }

    /// Begins a life of a node.
    fn start(&mut self, node: NodeId, life: Life, after: Option<Life>) {
        (self.node, self.life, self.number) = (node, life, 0);
        self.push(Command::Started { after });
    }
}

fn begin(log: &mut Builder) {
    log.start(log.node, log.life, None);
    // No two limits are equal, so that none is taken for another.
    let limits = WorldLimits {
        history_keep_ms: 0,
        invitations_max: 15,
        masks_max: 160,
        room_keep_ms: 0,
        room_operators_max: 0,
        room_return_ms: 0,
        rooms_max: 17_000,
        rooms_per_host_max: 18,
        rooms_per_member_max: 19,
        server_bans_max: 20,
        topic_bytes_max: 210,
    };
    log.push(Command::Configure { revision: 2, limits });
}

/// Alice, who is an operator of the server; Zoë, whose name is not its own folded form; and a member named after its port.
fn enter(log: &mut Builder) -> [MemberId; 3] {
    let lobby = Some(RoomName::lobby());
    let host = Cloaks::default().host([192, 0, 2, 7].into());
    let profile = Profile::new("~al", &host, &text("Alice in 茶"));
    let request = NameRequest::Name(name("Alice"));
    let alice = log.push(Command::Enter { request, profile, room: lobby.clone() });
    let profile = Profile::new("小明", &Host::parse("tea.example").unwrap(), &Text::default());
    let zoe = log.push(Command::Enter { request: NameRequest::Name(name("ZOË")), profile, room: lobby });
    let request = NameRequest::Port(54_321);
    let port = log.push(Command::Enter { request, profile: Profile::of_host(&host), room: None });
    log.push(Command::Promote { member: alice });
    [alice, zoe, port]
}

fn talk(log: &mut Builder, [alice, zoe, port]: [MemberId; 3]) {
    let room = RoomName::lobby();
    let tags = Some("+draft/reply=1-2;+draft/react=👍".into());
    for kind in [
        MessageKind::Action,
        MessageKind::Ctcp,
        MessageKind::CtcpReply,
        MessageKind::Notice,
        MessageKind::Text,
    ] {
        let message = Message::new(kind, text("hello, \u{2}茶\u{2}"));
        log.push(Command::Say { member: zoe, room: room.clone(), status: None, message: message.clone() });
        log.push(Command::Tell { member: zoe, to: name("alice"), message: message.clone() });
        log.push(Command::Reply { member: alice, message: Message { tags: tags.clone(), ..message } });
    }
    let message = Message { kind: MessageKind::Tags, text: Text::default(), tags: tags.clone() };
    log.push(Command::Say { member: alice, room: room.clone(), status: None, message: message.clone() });
    log.push(Command::Tell { member: alice, to: name("zoë"), message });
    // Cleaning removes one byte order mark. Cleaned once more, the text would lose the other one.
    let message = Message { kind: MessageKind::Text, text: text("\u{FEFF}\u{FEFF}bom\t🦀"), tags };
    for status in [Status::Voice, Status::Operator] {
        let room = room.clone();
        log.push(Command::Say { member: alice, room, status: Some(status), message: message.clone() });
    }
    log.push(Command::SetAway { member: port, away: Some(text("back at five")) });
    log.push(Command::SetAway { member: zoe, away: Some(text("asleep")) });
    log.push(Command::SetAway { member: zoe, away: None });
    log.push(Command::SetRealName { member: port, real_name: text("a port") });
    log.push(Command::SetRealName { member: zoe, real_name: Text::default() });
    log.push(Command::Rename { member: port, name: name("Ⱥport") });
    for (on, off) in [
        (UserModes::BOT, UserModes::NONE),
        (UserModes::INVISIBLE.with(UserModes::WALLOPS), UserModes::BOT),
        (UserModes::NONE, UserModes::INVISIBLE),
        (UserModes::NONE, UserModes::OPERATOR.with(UserModes::WALLOPS)),
        (UserModes::OPERATOR, UserModes::NONE),
    ] {
        log.push(Command::SetUserModes { member: port, on, off });
    }
}

fn run_rooms(log: &mut Builder, [alice, zoe, port]: [MemberId; 3]) {
    let (tea, cafe, lobby) = (room("Tea#1"), room("CAFÉ"), RoomName::lobby());
    let moves = |from: Option<&RoomName>, to: Option<&RoomName>, key: Option<&str>, message: Option<&str>| {
        let (from, to) = (from.cloned(), to.cloned());
        let (key, message) = (key.and_then(Key::parse), message.map(text));
        Command::Move { member: alice, from, to, key, checks_key: message.is_some(), message }
    };
    log.push(moves(None, Some(&tea), None, None));
    log.push(moves(Some(&lobby), Some(&cafe), None, Some("to the café")));
    log.push(moves(Some(&cafe), None, None, None));
    log.push(Command::SetTopic { member: alice, room: tea.clone(), topic: Some(text("green 茶")) });
    log.push(Command::SetTopic { member: alice, room: tea.clone(), topic: None });
    log.push(Command::SetTopic { member: alice, room: tea.clone(), topic: Some(text("black")) });
    log.push(Command::Invite { member: alice, name: name("Zoë"), room: tea.clone() });
    let change = |changes| Command::SetModes { member: alice, room: tea.clone(), changes };
    log.push(change(modes(true)));
    let enter = |member, key: &str| Command::Move {
        member,
        from: None,
        to: Some(tea.clone()),
        key: Key::parse(key),
        checks_key: false,
        message: None,
    };
    log.push(enter(zoe, "s,e"));
    log.push(enter(zoe, "sesame"));
    log.push(enter(port, "sesame"));
    log.push(change(modes(true)));
    log.push(change(modes(false)));
    log.push(change(Vec::new()));
    log.push(enter(port, "sesame"));
    let kick = |name, message: Option<&str>| {
        let message = message.map(text);
        Command::Kick { member: alice, room: tea.clone(), name, message }
    };
    log.push(kick(name("zoë"), Some("off topic")));
    log.push(kick(name("ⱥPORT"), None));
}

/// Every change of modes that there is; those of members concern Zoë.
fn modes(on: bool) -> Vec<ModeChange> {
    let mut changes: Vec<_> = Flag::ALL.map(|flag| ModeChange::Flag { flag, on }).into();
    changes.push(ModeChange::Key(Key::parse("sesame").filter(|_| on)));
    changes.push(ModeChange::Limit(on.then_some(70_000)));
    for (list, text) in MaskList::ALL.into_iter().zip(["Zoë", "m:?EVIL*!*@*", r"*!a\\*\b@192.0.2.0/24"]) {
        changes.push(ModeChange::Mask { list, mask: mask(text), on });
    }
    changes.extend(Status::ALL.map(|status| ModeChange::Status { name: name("zoë"), status, on }));
    changes
}

fn run_server(log: &mut Builder, [alice, zoe, port]: [MemberId; 3]) {
    log.push(Command::Wallops { member: alice, text: text("a restart at noon") });
    log.push(Command::SetHost { member: alice, name: name("zoë"), host: Host::parse("a/b_c:1").unwrap() });
    let network = BanTarget::parse("2001:db8::/32", &Cloaks::default()).unwrap();
    let masked = BanTarget::parse("SPAM*!*@*", &Cloaks::default()).unwrap();
    for (target, lasts_ms, reason) in [
        (&network, None, None),
        (&masked, Some(3_600_000), Some(text("adverts"))),
        (&network, Some(u64::MAX), Some(text("more of them"))),
    ] {
        let ban = NewBan { target: target.clone(), lasts_ms, reason };
        log.push(Command::SetBan { member: alice, ban });
    }
    for target in [network, BanTarget::parse("spam*", &Cloaks::default()).unwrap()] {
        log.push(Command::LiftBan { member: alice, target });
    }
    let target = BanTarget::parse("192.0.2.9", &Cloaks::default()).unwrap();
    log.push(Command::SetBan { member: alice, ban: NewBan { target, lasts_ms: None, reason: None } });
    log.push(Command::Kill { member: alice, name: name("ZOË"), message: Some(text("enough")) });
    log.push(Command::Kill { member: alice, name: name("Ⱥport"), message: None });
    // Of members that are gone.
    for member in [zoe, port] {
        log.push(Command::Promote { member });
    }
}

/// A member that leaves for each reason, every other one with a message.
fn leave(log: &mut Builder) {
    for (port, reason) in (1_u16..).zip(CloseReason::ALL) {
        let profile = Profile::of_host(&Cloaks::default().host([192, 0, 2, 8].into()));
        let request = NameRequest::Port(port);
        let member = log.push(Command::Enter { request, profile, room: Some(RoomName::lobby()) });
        let message = (port % 2 == 0).then(|| text("bye"));
        log.push(Command::Leave { member, reason, message });
    }
}

/// Two lives of another node, and the end of the second.
fn restart(log: &mut Builder) {
    let (node, lives) = (NodeId(513), [Life(1), Life(u64::MAX)]);
    log.start(node, lives[0], None);
    let profile = Profile::of_host(&Host::parse("far.example").unwrap());
    log.push(Command::Enter { request: NameRequest::Port(9), profile, room: None });
    log.start(node, lives[1], Some(lives[0]));
    log.push(Command::Ended { node, life: lives[1] });
}

/// Rooms that are kept without members: one ends, its operator returns to another, and the third stays empty.
fn keep_rooms(log: &mut Builder) {
    let (node, life) = (NodeId(513), Life(77));
    log.start(node, life, Some(Life(u64::MAX)));
    let limits = WorldLimits {
        history_keep_ms: 0,
        invitations_max: 15,
        masks_max: 160,
        room_keep_ms: 86_400_000,
        room_operators_max: 2,
        room_return_ms: 7_200_000,
        rooms_max: 17_000,
        rooms_per_host_max: 18,
        rooms_per_member_max: 19,
        server_bans_max: 20,
        topic_bytes_max: 210,
    };
    log.push(Command::Configure { revision: 3, limits });
    let profile = Profile::of_host(&Host::parse("far.example").unwrap());
    let request = NameRequest::Name(name("Zoë"));
    let member = log.push(Command::Enter { request, profile, room: None });
    let go = |from: Option<&str>, to: Option<&str>| {
        let (from, to) = (from.map(room), to.map(room));
        Command::Move { member, from, to, key: None, checks_key: false, message: None }
    };
    let began = log.push(go(None, Some("café")));
    log.push(go(Some("café"), Some("tea")));
    let empty_since_unix_ms = log.proposals.last().unwrap().at_unix_ms;
    log.push(Command::SetTopic { member, room: room("tea"), topic: Some(text("kept")) });
    let change = ModeChange::Mask { list: MaskList::Bans, mask: mask("mallory"), on: true };
    log.push(Command::SetModes { member, room: room("tea"), changes: [change].into() });
    log.push(go(Some("tea"), None));
    let end = |empty_since_unix_ms| Command::EndRoom { room: RoomId(began.0), empty_since_unix_ms };
    log.push(end(empty_since_unix_ms - 1));
    log.push(end(empty_since_unix_ms));
    log.push(go(None, Some("tea")));
    log.push(go(Some("tea"), Some("milk")));
    log.push(go(Some("milk"), None));
}

/// Messages that can be read again: each has a time of its own in the room, also those of one millisecond.
fn remember(log: &mut Builder) {
    let (node, life) = (NodeId(513), Life(78));
    log.start(node, life, Some(Life(77)));
    let limits = WorldLimits { history_keep_ms: 604_800_000, ..WorldLimits::default() };
    log.push(Command::Configure { revision: 4, limits });
    let profile = Profile::of_host(&Host::parse("far.example").unwrap());
    let request = NameRequest::Name(name("Ann"));
    let member = log.push(Command::Enter { request, profile, room: Some(RoomName::lobby()) });
    for (kind, words) in [(MessageKind::Text, "one"), (MessageKind::Action, "two"), (MessageKind::Tags, "")] {
        let message = Message::new(kind, text(words));
        log.push(Command::Say { member, room: RoomName::lobby(), status: None, message });
        let last = log.proposals.len() - 1;
        log.proposals[last].at_unix_ms = log.proposals[last - 1].at_unix_ms;
    }
}

/// A member that removes its own line, and as an operator of the room that of another, with a reason.
fn redact(log: &mut Builder) {
    let enter = |port, room: &str| {
        let profile = Profile::of_host(&Host::parse("far.example").unwrap());
        Command::Enter { request: NameRequest::Port(port), profile, room: Some(self::room(room)) }
    };
    let operator = log.push(enter(21, "mint"));
    let began = RoomId(operator.0);
    let other = log.push(enter(22, "mint"));
    let say = |member| {
        let message = Message::new(MessageKind::Text, text("oops"));
        Command::Say { member, room: room("mint"), status: None, message }
    };
    for (author, message) in [(operator, None), (other, Some(text("spam")))] {
        let MemberId(line) = log.push(say(author));
        log.push(Command::Redact { member: operator, room: began, line, author, message });
    }
}

fn mask(pattern: &str) -> Mask {
    Mask::parse(pattern, &Cloaks::default()).unwrap()
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn room(text: &str) -> RoomName {
    RoomName::parse(text).unwrap()
}

fn text(line: &str) -> Text {
    Text::clean(line.as_bytes(), false)
}
