//! Invariances of the core, each shown by two runs with the same result: the input may be cut into any chunks, and the
//! log may commit with any delay and in any groups.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bytes::Bytes;
use parlor_protocol::{
    Command, ConnId, Dialect, Hub, Input, Limits, LogEntry, Now, Options, Output, Proposal, Rate, RoomName,
    Seq, Sink, Via, World,
};
use parlor_sim::naive::NaiveSink;
use parlor_sim::scenario::{Act, Scenario, Size};
use parlor_sim::source::Source;
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// A server whose log commits on demand.
struct Server {
    hub: Hub,
    sink: NaiveSink,
    proposed: VecDeque<LogEntry>,
    log: Vec<LogEntry>,
    position: u64,
}

/// A sink that collects proposals and the results of password checks, and passes on the rest.
struct Proposals<'a>(&'a mut NaiveSink, Vec<Proposal>, Vec<(ConnId, bool)>);

impl Sink for Proposals<'_> {
    fn output(&mut self, output: Output<'_>) {
        match output {
            Output::Propose { proposal, .. } => self.1.push(proposal.clone()),
            Output::CheckPassword { conn, password, .. } => self.2.push((conn, password == b"right")),
            output => self.0.output(output),
        }
    }
}

impl Server {
    /// Creates a server with a client for each of these dialects. Plain clients are members in the lobby.
    fn with_clients(dialects: &[Dialect]) -> (Self, Vec<ConnId>) {
        // Where a turn ends depends on the chunks, and so does the order of different members' lines.
        let rate = Rate { lines: 0, burst: 1 };
        let mut limits = Limits { rate, turn_lines_max: u32::MAX, ..Limits::default() };
        (limits.line_bytes_max, limits.world.topic_bytes_max) = (128, 100);
        let mut server = Self {
            hub: Hub::new(
                limits,
                Options { proxies: Arc::new(["127.0.0.0/8".parse().unwrap()]), ..Options::default() },
            ),
            sink: NaiveSink::default(),
            proposed: VecDeque::new(),
            log: Vec::new(),
            position: 0,
        };
        let mut proposals = Proposals(&mut server.sink, Vec::new(), Vec::new());
        server.hub.start(Now::default(), &mut proposals);
        proposals.1.into_iter().for_each(|proposal| server.append(proposal));
        server.commit_all();
        let mut conns = Vec::new();
        for (client, &dialect) in (0..).zip(dialects) {
            let conn = server.hub.vacant().unwrap();
            let peer = ([127, 0, 0, 1], 5_001 + client).into();
            server.input(Input::Accepted {
                conn,
                dialect,
                peer,
                via: if is_proxied(client.into()) { Via::Proxy } else { Via::Direct },
                room: Some(&RoomName::lobby()),
            });
            server.commit_all();
            conns.push(conn);
        }
        (server, conns)
    }

    fn append(&mut self, proposal: Proposal) {
        self.position += 1;
        self.proposed.push_back(proposal.committed_at(Seq(self.position)));
    }

    fn input(&mut self, input: Input<'_>) {
        let mut proposals = Proposals(&mut self.sink, Vec::new(), Vec::new());
        self.hub.handle(Now::default(), input, &mut proposals);
        let Proposals(_, proposals, checked) = proposals;
        proposals.into_iter().for_each(|proposal| self.append(proposal));
        for (conn, right) in checked {
            self.input(Input::PasswordChecked { conn, result: right.into() });
        }
        // The outbox would report this for connections that take everything at once.
        for conn in std::mem::take(&mut self.sink.drained) {
            self.input(Input::Drained { conn });
        }
    }

    /// Commits the next `count` entries, or as many as there are.
    fn commit(&mut self, count: usize) {
        let entries: Vec<LogEntry> = self.proposed.drain(..count.min(self.proposed.len())).collect();
        for entry in entries {
            self.log.push(entry.clone());
            self.input(Input::Committed { entry: &entry });
            self.hub.check_invariants();
        }
    }

    fn commit_all(&mut self) {
        while !self.proposed.is_empty() {
            self.commit(self.proposed.len());
        }
    }

    fn receive(&mut self, conn: ConnId, bytes: &[u8]) {
        self.input(Input::Received { conn, bytes: Bytes::copy_from_slice(bytes) });
    }

    /// Returns the commands in the order of the log, and the bytes that each connection was sent.
    fn end(mut self) -> (Vec<Command>, BTreeMap<ConnId, Vec<u8>>) {
        self.commit_all();
        assert_eq!(World::replay(&self.log).digest(), self.hub.world().digest());
        let sent = self.sink.sent.iter();
        let sent = sent.map(|(conn, bytes)| (conn, bytes.clone())).collect();
        (self.log.into_iter().map(|entry| entry.command).collect(), sent)
    }
}

const CLIENTS: u16 = 4;

/// Whether a client comes through a proxy.
fn is_proxied(client: usize) -> bool {
    client % 2 == 1
}

/// The header of the proxy of a client.
fn header(client: usize) -> Vec<u8> {
    match client {
        1 => b"PROXY TCP4 10.0.0.1 127.0.0.1 6001 6667\r\n".to_vec(),
        _ => b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f\x0a\0\0\x02\x7f\0\0\x01\x17\x72\x1a\x0b\x04\0\0".to_vec(),
    }
}

/// Returns the dialect of each client in the scenario of these choices, and the bytes that clients send, in order.
fn writings(choices: &[u8]) -> (Vec<Dialect>, Vec<(usize, Vec<u8>)>) {
    let scenario = Scenario::generate(&mut Source::Bytes(choices), Size { clients: (4, 4), steps: (1, 80) });
    let mut dialects = vec![Dialect::Plain; CLIENTS.into()];
    for step in &scenario.steps {
        if let Some((dialect, _)) = step.act.listener() {
            dialects[usize::from(step.client)] = dialect;
        }
    }
    let headers = (0..CLIENTS.into()).filter(|&client| is_proxied(client));
    let headers = headers.map(|client| (client, header(client)));
    let sends = scenario.steps.into_iter().filter_map(|step| match step.act {
        Act::Send { bytes, .. } => Some((usize::from(step.client), bytes)),
        _ => None,
    });
    (dialects, headers.chain(sends).collect())
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 60..600)
}

/// A member that kicks or kills itself is read no further before that command is committed.
#[test]
fn a_member_that_throws_itself_out_is_read_no_further_in_one_chunk_than_in_several() {
    let irc = "NICK ann\r\nUSER u u h :r\r\nJOIN #tea\r\n";
    for (dialect, opening, written) in [
        (Dialect::Irc, irc, "OPER root right\r\nKILL ann :bye\r\nPRIVMSG #tea :hello\r\nPING 1\r\n"),
        (Dialect::Irc, irc, "KICK #tea ann :out\r\nPRIVMSG #tea :hello\r\n"),
        (Dialect::Plain, "/nick ann\n/join tea\n", "/kick ann out\nhello\n/who\n"),
    ] {
        let results = [usize::MAX, 1].map(|bytes_max| {
            let (mut server, conns) = Server::with_clients(&[dialect]);
            server.receive(conns[0], opening.as_bytes());
            server.commit_all();
            for chunk in written.as_bytes().chunks(bytes_max) {
                server.receive(conns[0], chunk);
                server.commit_all();
            }
            server.end()
        });
        assert!(results[0].0.iter().any(|it| matches!(it, Command::Kick { .. } | Command::Kill { .. })));
        assert_eq!(results[0], results[1], "{written}");
    }
}

proptest! {
    /// Every client reads the same, whatever chunks the input is cut into.
    #[test]
    fn chunks_make_no_difference(choices in choices(), cuts in prop::collection::vec(1..40_usize, 1..50)) {
        let (dialects, writings) = writings(&choices);
        let (mut whole, conns) = Server::with_clients(&dialects);
        let (mut cut, _) = Server::with_clients(&dialects);
        let mut cuts = cuts.iter().cycle();
        for (client, bytes) in writings {
            whole.receive(conns[client], &bytes);
            whole.commit_all();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (chunk, left) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                cut.receive(conns[client], chunk);
                cut.commit_all();
                rest = left;
            }
        }
        prop_assert_eq!(whole.end(), cut.end());
    }

    /// The commands of one client have the same order and everyone reads the same, whatever the delay and the groups of
    /// commits. (If several clients have commands that are barriers, the order of proposals itself depends on the time
    /// of commits; the simulator checks that against its model.)
    #[test]
    fn late_commits_make_no_difference_to_one_client(
        choices in choices(),
        answers in prop::collection::vec(0..4_usize, 1..50),
    ) {
        let (dialects, writings) = writings(&choices);
        let (mut prompt, conns) = Server::with_clients(&dialects);
        let (mut late, _) = Server::with_clients(&dialects);
        let mut answers = answers.iter().cycle();
        for (_, bytes) in writings.into_iter().filter(|(client, _)| *client == 0) {
            prompt.receive(conns[0], &bytes);
            prompt.commit_all();
            late.receive(conns[0], &bytes);
            late.commit(*answers.next().unwrap());
        }
        prop_assert_eq!(prompt.end(), late.end());
    }

    /// Messages of several clients are logged in the order in which they were received and everyone reads the same,
    /// whatever the delay of commits.
    #[test]
    fn late_commits_make_no_difference_to_messages(
        lines in prop::collection::vec((0..usize::from(CLIENTS), "[a-z]{1,9}"), 1..60),
        answers in prop::collection::vec(0..4_usize, 1..50),
    ) {
        let plain = [Dialect::Plain; CLIENTS as usize];
        let (mut prompt, conns) = Server::with_clients(&plain);
        let (mut late, _) = Server::with_clients(&plain);
        let mut answers = answers.iter().cycle();
        // With the maximum number of pending commands the next line would wait in the framer, and lines of other
        // clients would overtake it.
        let pending_max = prompt.hub.limits().pending_commands_max as usize;
        for (client, line) in lines {
            let line = line + "\n";
            prompt.receive(conns[client], line.as_bytes());
            prompt.commit_all();
            if late.proposed.len() >= pending_max {
                late.commit(pending_max);
            }
            late.receive(conns[client], line.as_bytes());
            late.commit(*answers.next().unwrap());
        }
        prop_assert_eq!(prompt.end(), late.end());
    }
}
