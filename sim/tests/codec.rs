//! Random entries are the same when they are read from their bytes, with and without their texts.

use parlor_protocol::codec::{self, SALT_BYTES};
use parlor_protocol::{
    BanTarget, Cloaks, CloseReason, Command, Flag, Host, Key, Life, Mask, MaskList, MemberId, Message,
    MessageKind, ModeChange, Name, NameRequest, Network, NewBan, NodeId, Origin, Profile, Proposal, RoomId,
    RoomName, Seq, Status, Text, UserModes, WorldLimits,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::net::IpAddr;

proptest! {
    // An entry takes microseconds, and few of them have a mask with an escaped wildcard.
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn an_entry_is_the_same_when_it_is_read_again(proposal in proposal(), salt: [u8; SALT_BYTES]) {
        let bytes = codec::encode(&proposal, &mut || salt);
        let decoded = codec::decode_and_check(&bytes).expect("an entry is read");
        prop_assert_eq!(&decoded.proposal, &proposal);
        prop_assert!(decoded.forgotten.is_empty());
        // Names are equal if their folded forms are; this compares their spellings.
        prop_assert_eq!(format!("{:?}", &decoded.proposal), format!("{proposal:?}"));
        prop_assert_eq!(codec::encode(&decoded.proposal, &mut || salt), bytes);
    }

    #[test]
    fn an_entry_can_forget_any_of_its_texts(proposal in proposal(), forgets: [bool; 2]) {
        let bytes = codec::encode(&proposal, &mut || [7; SALT_BYTES]);
        let texts = codec::texts(&bytes).expect("an entry has its texts");
        let forgotten: Vec<u64> = (0..).zip(&texts).zip(forgets).filter(|(_, it)| *it).map(|((at, _), _)| at).collect();
        let rest = forgotten.iter().fold(bytes.clone(), |bytes, &at| codec::forget(&bytes, at).expect("it is an entry"));
        prop_assert_eq!(codec::body(&rest), codec::body(&bytes));
        prop_assert_eq!(codec::decode_and_check(&rest).expect("an entry is read").forgotten, forgotten);
    }

    #[test]
    fn any_bytes_are_an_entry_or_an_error(bytes: Vec<u8>) {
        if let Err(error) = codec::decode(&bytes) {
            prop_assert!(error.at <= bytes.len());
        }
    }
}

fn proposal() -> impl Strategy<Value = Proposal> {
    let origin = (any::<u16>(), any::<u64>(), any::<u64>()).prop_map(|(node, life, number)| Origin {
        node: NodeId(node),
        life: Life(life),
        number,
    });
    (any::<u64>(), origin, command()).prop_map(|(at_unix_ms, origin, command)| Proposal {
        at_unix_ms,
        origin,
        command,
    })
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![of_nodes(), of_members(), of_rooms(), of_operators(), of_speakers()]
}

fn of_nodes() -> impl Strategy<Value = Command> {
    let life = || any::<u64>().prop_map(Life);
    prop_oneof![
        (any::<u64>(), limits()).prop_map(|(revision, limits)| Command::Configure { revision, limits }),
        (any::<u16>().prop_map(NodeId), life()).prop_map(|(node, life)| Command::Ended { node, life }),
        (any::<u64>(), any::<u64>()).prop_map(|(room, empty_since_unix_ms)| Command::EndRoom {
            room: RoomId(Seq(room)),
            empty_since_unix_ms,
        }),
        option::of(life()).prop_map(|after| Command::Started { after }),
    ]
}

fn of_members() -> impl Strategy<Value = Command> {
    let request = prop_oneof![name().prop_map(NameRequest::Name), any::<u16>().prop_map(NameRequest::Port)];
    prop_oneof![
        (request, profile(), option::of(room())).prop_map(|(request, profile, room)| Command::Enter {
            request,
            profile,
            room
        }),
        (member(), select(CloseReason::ALL.to_vec()), option::of(text()))
            .prop_map(|(member, reason, message)| Command::Leave { member, reason, message }),
        (member(), any::<u64>(), any::<u64>(), member(), option::of(text())).prop_map(
            |(member, room, line, author, message)| {
                Command::Redact { member, room: RoomId(Seq(room)), line: Seq(line), author, message }
            }
        ),
        (member(), name()).prop_map(|(member, name)| Command::Rename { member, name }),
        (member(), option::of(text())).prop_map(|(member, away)| Command::SetAway { member, away }),
        (member(), text()).prop_map(|(member, real_name)| Command::SetRealName { member, real_name }),
        (member(), modes(), modes()).prop_map(|(member, on, off)| Command::SetUserModes { member, on, off }),
    ]
}

fn of_rooms() -> impl Strategy<Value = Command> {
    let key = || option::of("[a-z,;é]{1,9}".prop_filter_map("a key", |text| Key::parse(&text)));
    let key_change = key().prop_map(ModeChange::Key);
    let change = prop_oneof![
        (select(Flag::ALL.to_vec()), any::<bool>()).prop_map(|(flag, on)| ModeChange::Flag { flag, on }),
        key_change,
        any::<Option<u32>>().prop_map(ModeChange::Limit),
        (select(MaskList::ALL.to_vec()), mask(), any::<bool>())
            .prop_map(|(list, mask, on)| ModeChange::Mask { list, mask, on }),
        (name(), select(Status::ALL.to_vec()), any::<bool>())
            .prop_map(|(name, status, on)| ModeChange::Status { name, status, on }),
    ];
    prop_oneof![
        (member(), name(), room()).prop_map(|(member, name, room)| Command::Invite { member, name, room }),
        (member(), room(), name(), option::of(text()))
            .prop_map(|(member, room, name, message)| Command::Kick { member, room, name, message }),
        (member(), option::of(room()), option::of(room()), key(), any::<bool>(), option::of(text()))
            .prop_map(|(member, from, to, key, checks_key, message)| {
                Command::Move { member, from, to, key, checks_key, message }
            }),
        (member(), room(), vec(change, 0..5)).prop_map(|(member, room, changes)| Command::SetModes {
            member,
            room,
            changes
        }),
        (member(), room(), option::of(text())).prop_map(|(member, room, topic)| Command::SetTopic {
            member,
            room,
            topic
        }),
    ]
}

fn of_operators() -> impl Strategy<Value = Command> {
    let target = || {
        let mask = mask().prop_map(BanTarget::Mask);
        let network =
            (any::<IpAddr>(), 0..=128_u8).prop_filter_map("a network", |(ip, bits)| Network::new(ip, bits));
        prop_oneof![mask, network.prop_map(BanTarget::Network)]
    };
    let ban = (target(), any::<Option<u64>>(), option::of(text()));
    prop_oneof![
        (member(), name(), option::of(text())).prop_map(|(member, name, message)| Command::Kill {
            member,
            name,
            message
        }),
        (member(), target()).prop_map(|(member, target)| Command::LiftBan { member, target }),
        member().prop_map(|member| Command::Promote { member }),
        (member(), ban).prop_map(|(member, (target, lasts_ms, reason))| {
            Command::SetBan { member, ban: NewBan { target, lasts_ms, reason } }
        }),
        (member(), name(), host()).prop_map(|(member, name, host)| Command::SetHost { member, name, host }),
        (member(), text()).prop_map(|(member, text)| Command::Wallops { member, text }),
    ]
}

fn of_speakers() -> impl Strategy<Value = Command> {
    let kinds = [
        MessageKind::Action,
        MessageKind::Ctcp,
        MessageKind::CtcpReply,
        MessageKind::Notice,
        MessageKind::Tags,
        MessageKind::Text,
    ];
    let message = move || {
        let tags = option::of("[+a-z]{1,5}(=[a-z\\\\é]{0,5})?(;[+a-z]{1,5})?".prop_map(Into::into));
        (select(kinds.to_vec()), text(), tags).prop_map(|(kind, text, tags)| Message { kind, text, tags })
    };
    prop_oneof![
        (member(), message()).prop_map(|(member, message)| Command::Reply { member, message }),
        (member(), room(), option::of(select(Status::ALL.to_vec())), message())
            .prop_map(|(member, room, status, message)| Command::Say { member, room, status, message }),
        (member(), name(), message()).prop_map(|(member, to, message)| Command::Tell { member, to, message }),
    ]
}

fn member() -> impl Strategy<Value = MemberId> {
    any::<u64>().prop_map(|number| MemberId(Seq(number)))
}

fn modes() -> impl Strategy<Value = UserModes> {
    any::<[bool; 4]>().prop_map(|chosen| {
        let modes = UserModes::ALL.into_iter().zip(chosen).filter(|(_, is_chosen)| *is_chosen);
        modes.fold(UserModes::NONE, |modes, ((mode, _), _)| modes.with(mode))
    })
}

fn name() -> impl Strategy<Value = Name> {
    "[a-zA-ZÀ-ɏΑ-ω一-三\\\\`_-]{1,12}".prop_filter_map("a name", |text| Name::parse(&text).ok())
}

fn room() -> impl Strategy<Value = RoomName> {
    "#?\\PC{0,20}".prop_filter_map("the name of a room", |text| RoomName::parse(&text).ok())
}

fn text() -> impl Strategy<Value = Text> {
    let bytes = any::<Vec<u8>>().prop_map(|line| Text::clean(&line, false));
    let words =
        "(\u{FEFF}){0,2}[ -~\\PC\u{2}\u{3}\t]{0,40}".prop_map(|line| Text::clean(line.as_bytes(), false));
    prop_oneof![bytes, words]
}

fn host() -> impl Strategy<Value = Host> {
    "[a-zA-Z0-9./_:-]{1,20}".prop_filter_map("a host", |text| Host::parse(&text))
}

fn profile() -> impl Strategy<Value = Profile> {
    ("\\PC{0,24}", host(), text()).prop_map(|(user, host, real_name)| Profile::new(&user, &host, &real_name))
}

fn mask() -> impl Strategy<Value = Mask> {
    r"(m:)?([a-zA-Z]|[À-ɏ]|\*|\?|\\){1,9}(!([a-z]|[À-ɏ]|\*|\?|\\){1,5})?(@[a-z*?.]{1,5})?"
        .prop_filter_map("a mask", |text| Mask::parse(&text, &Cloaks::default()).ok())
}

fn limits() -> impl Strategy<Value = WorldLimits> {
    // 0 is what a limit is that the entry does not have.
    let kept = || prop_oneof![Just(0), any::<u64>()];
    let operators = prop_oneof![Just(0), any::<u32>()];
    (any::<[u32; 7]>(), [kept(), kept(), kept()], operators).prop_map(|(counts, times, operators)| {
        let [history_keep_ms, keep_ms, return_ms] = times;
        WorldLimits {
            history_keep_ms,
            invitations_max: counts[0],
            masks_max: counts[1],
            room_keep_ms: keep_ms,
            room_operators_max: operators,
            room_return_ms: return_ms,
            rooms_max: counts[2],
            rooms_per_host_max: counts[3],
            rooms_per_member_max: counts[4],
            server_bans_max: counts[5],
            topic_bytes_max: counts[6],
        }
    })
}
