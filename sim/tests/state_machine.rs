//! Compares a server with a reference state machine of members and rooms. Transitions depend on its state, and
//! sequences shrink.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use parlor_protocol::{ConnId, Dialect, Input, Limits, MemoryServer, Options, Rate, RoomName};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use std::collections::BTreeMap;

/// The state of the reference: the name and the room of each member, by the number of its client.
type Chat = BTreeMap<u16, (String, String)>;

const CLIENTS: u16 = 5;
const NAMES: [&str; 3] = ["alice", "bob", "小明"];
const ROOMS: [&str; 3] = ["lobby", "tea", "茶"];

/// One client's operation.
#[derive(Clone, Debug)]
enum Transition {
    Enter(u16),
    Leave(u16),
    Move(u16, &'static str),
    Rename(u16, &'static str),
    Say(u16, u32),
}

/// The reference state machine.
struct Reference;

impl Reference {
    /// Returns the clients that read a message of this client.
    fn hearers(chat: &Chat, client: u16) -> Vec<u16> {
        let room = &chat[&client].1;
        chat.iter()
            .filter(|(other, (_, there))| **other != client && there == room)
            .map(|(&it, _)| it)
            .collect()
    }
}

impl ReferenceStateMachine for Reference {
    type State = Chat;
    type Transition = Transition;

    fn init_state() -> BoxedStrategy<Chat> {
        Just(Chat::new()).boxed()
    }

    fn transitions(chat: &Chat) -> BoxedStrategy<Transition> {
        let enter = (0..CLIENTS).prop_map(Transition::Enter).boxed();
        if chat.is_empty() {
            return enter;
        }
        let there = || prop::sample::select(chat.keys().copied().collect::<Vec<_>>());
        prop_oneof![
            2 => enter,
            1 => there().prop_map(Transition::Leave),
            2 => (there(), prop::sample::select(&ROOMS[..])).prop_map(|(it, room)| Transition::Move(it, room)),
            2 => (there(), prop::sample::select(&NAMES[..])).prop_map(|(it, name)| Transition::Rename(it, name)),
            4 => (there(), any::<u32>()).prop_map(|(it, number)| Transition::Say(it, number)),
        ]
        .boxed()
    }

    fn preconditions(chat: &Chat, transition: &Transition) -> bool {
        match transition {
            Transition::Enter(client) => !chat.contains_key(client),
            Transition::Leave(client)
            | Transition::Move(client, _)
            | Transition::Rename(client, _)
            | Transition::Say(client, _) => chat.contains_key(client),
        }
    }

    fn apply(mut chat: Chat, transition: &Transition) -> Chat {
        match *transition {
            Transition::Enter(client) => {
                chat.insert(client, (format!("{}", 5_001 + client), "lobby".to_owned()));
            }
            Transition::Leave(client) => {
                chat.remove(&client);
            }
            Transition::Move(client, room) => chat.get_mut(&client).unwrap().1 = room.to_owned(),
            Transition::Rename(client, name) => {
                if chat.values().all(|(taken, _)| taken != name) {
                    chat.get_mut(&client).unwrap().0 = name.to_owned();
                }
            }
            Transition::Say(..) => {}
        }
        chat
    }
}

/// The server, and the connections of its clients.
struct System {
    server: MemoryServer,
    conns: BTreeMap<u16, ConnId>,
}

impl System {
    fn line(&mut self, client: u16, line: &str) {
        self.server.send(self.conns[&client], format!("{line}\n").as_bytes());
    }
}

impl StateMachineTest for System {
    type SystemUnderTest = Self;
    type Reference = Reference;

    fn init_test(_: &Chat) -> Self {
        let limits = Limits { rate: Rate { lines: 0, burst: 1 }, ..Limits::default() };
        Self { server: MemoryServer::new(limits, Options::default()), conns: BTreeMap::new() }
    }

    fn apply(mut system: Self, chat: &Chat, transition: Transition) -> Self {
        for &conn in system.conns.values() {
            system.server.read(conn);
        }
        match transition {
            Transition::Enter(client) => {
                let peer = ([127, 0, 0, 1], 5_001 + client).into();
                let conn = system.server.connect(Dialect::Plain, peer, Some(&RoomName::lobby())).unwrap();
                system.conns.insert(client, conn);
            }
            Transition::Leave(client) => {
                let conn = system.conns.remove(&client).unwrap();
                system.server.input(Input::Closed { conn });
            }
            Transition::Move(client, room) => system.line(client, &format!("/join {room}")),
            Transition::Rename(client, name) => system.line(client, &format!("/nick {name}")),
            Transition::Say(client, number) => {
                system.line(client, &format!("{number}"));
                let said = format!("{}: {number}\n", chat[&client].0);
                for (other, conn) in &system.conns {
                    let heard = String::from_utf8(system.server.read(*conn)).unwrap();
                    let expected = Reference::hearers(chat, client).contains(other);
                    assert_eq!(heard, if expected { said.as_str() } else { "" }, "client {other} hears");
                }
            }
        }
        system
    }

    fn check_invariants(system: &Self, chat: &Chat) {
        let server = system.server.server();
        server.check_invariants();
        let world = server.hub().world();
        let mut there: Vec<(String, String)> = world
            .members()
            .map(|(_, member)| {
                let room = world.room(member.rooms()[0]).unwrap().name();
                (member.name().to_string(), room.to_string())
            })
            .collect();
        let mut expected: Vec<(String, String)> = chat.values().cloned().collect();
        there.sort();
        expected.sort();
        assert_eq!(there, expected, "who is where");
        let rooms: std::collections::BTreeSet<&str> = chat.values().map(|(_, room)| room.as_str()).collect();
        assert_eq!(
            world.rooms_shown(),
            rooms.len() + usize::from(!rooms.contains("lobby")),
            "rooms that somebody is in, and the lobby"
        );
    }
}

prop_state_machine! {
    #[test]
    fn the_server_agrees_with_the_reference(sequential 1..80 => System);
}
