//! The processes of small worlds: real servers, of which each state is computed once.

use super::logs::{Log, Logs};
use bytes::Bytes;
use parlor_protocol::{
    ConnId, Dialect, Digest, Environment, Input, Instant, Life, Limits, LogRefusal, LogState, NodeId, Now,
    Options, PasswordOf, Proposal, RoomName, Seq, Server, Via, Wire, World,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Time in microseconds within which timers are run at once.
const SOON_US: u64 = 1_000;

/// The clients of a process. The `Started` of its life and what they do are three proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    /// No client: the `Started` of the life is the only proposal.
    Nobody,
    /// One client, which speaks as soon as it has entered.
    Speaker,
    /// Two clients, which enter at once.
    Two,
}

impl Clients {
    /// Returns their number.
    pub(super) const fn count(self) -> usize {
        match self {
            Self::Nobody => 0,
            Self::Speaker => 1,
            Self::Two => 2,
        }
    }

    /// Returns the number of proposals of the life.
    pub(super) const fn proposals(self) -> u64 {
        match self {
            Self::Nobody => 1,
            Self::Speaker | Self::Two => 3,
        }
    }
}

/// A life of a node, and its clients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) node: NodeId,
    pub(super) life: Life,
    pub(super) clients: Clients,
}

/// A state of a process, by its number.
pub(super) type StateId = u32;

/// Something that happens to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Happening {
    /// It reads the next entry of the log, by the number of the proposal.
    Reads(u16),
    /// It is told that the log takes no proposals.
    IsRefused,
    /// It is told that the log takes proposals again.
    GoesOn,
}

/// A state of a process.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// The process, by its number.
    process: u8,
    /// The log with which it began.
    pub(super) began: Log,
    /// The state before, and what happened then.
    before: Option<(StateId, Happening)>,
    /// The position of its world, and the digest.
    pub(super) position: u8,
    pub(super) digest: u64,
    /// Whether its life is over.
    pub(super) is_over: bool,
    /// Number of proposals that the log has not answered.
    pub(super) under_way: usize,
    /// The number of its clients that were greeted.
    pub(super) greetings: usize,
    /// The messages that each client has read.
    pub(super) heard: Vec<Vec<String>>,
}

/// The states of all processes.
#[derive(Debug)]
pub(super) struct Processes {
    kinds: [Kind; 3],
    states: Vec<State>,
    /// The states by their digests, with everything that a server is.
    known: BTreeMap<u64, StateId>,
    begun: BTreeMap<(u8, Log), (StateId, Vec<u16>)>,
    followers: BTreeMap<(StateId, Happening), (StateId, Vec<u16>)>,
}

impl Processes {
    pub(super) const fn new(kinds: [Kind; 3]) -> Self {
        Self {
            kinds,
            states: Vec::new(),
            known: BTreeMap::new(),
            begun: BTreeMap::new(),
            followers: BTreeMap::new(),
        }
    }

    /// Returns the number of states.
    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    pub(super) fn state(&self, id: StateId) -> &State {
        &self.states[id as usize]
    }

    pub(super) const fn kind(&self, process: usize) -> Kind {
        self.kinds[process]
    }

    /// Starts a process with a log. Returns its state and its proposals.
    pub(super) fn start(
        &mut self,
        process: u8,
        log: Log,
        logs: &mut Logs,
    ) -> Result<(StateId, Vec<u16>), String> {
        if let Some(begun) = self.begun.get(&(process, log)) {
            return Ok(begun.clone());
        }
        let result = guarded(|| Running::start(self.kinds[usize::from(process)], log, logs))?;
        let begun = self.record(result, (process, log, None), logs)?;
        self.begun.insert((process, log), begun.clone());
        Ok(begun)
    }

    /// Lets something happen to a process. Returns its next state and its proposals.
    pub(super) fn follow(
        &mut self,
        id: StateId,
        happening: Happening,
        logs: &mut Logs,
    ) -> Result<(StateId, Vec<u16>), String> {
        if let Some(follower) = self.followers.get(&(id, happening)) {
            return Ok(follower.clone());
        }
        let State { process, began, .. } = *self.state(id);
        let mut happenings = vec![happening];
        let mut last = id;
        while let Some((before, happening)) = self.state(last).before {
            happenings.push(happening);
            last = before;
        }
        let result = guarded(|| {
            let mut running = Running::start(self.kinds[usize::from(process)], began, logs);
            for &happening in happenings.iter().rev() {
                running.around.proposed.clear();
                running.happen(happening, logs);
            }
            running
        })?;
        let follower = self.record(result, (process, began, Some((id, happening))), logs)?;
        self.followers.insert((id, happening), follower.clone());
        Ok(follower)
    }

    fn record(
        &mut self,
        running: Running,
        (process, began, before): (u8, Log, Option<(StateId, Happening)>),
        logs: &mut Logs,
    ) -> Result<(StateId, Vec<u16>), String> {
        let hub = running.server.hub();
        if hub.is_over() && !running.around.proposed.is_empty() {
            return Err("a process whose life is over proposes something".to_owned());
        }
        let proposed = running.around.proposed.iter().map(|it| logs.proposal(it)).collect();
        let digest = running.digest(process);
        let id = match self.known.get(&digest) {
            Some(&id) => id,
            None => {
                let id = StateId::try_from(self.states.len()).expect("there are few states");
                let position = u8::try_from(hub.world().position().0).expect("logs are short");
                let (greetings, heard) = (running.around.greetings, running.around.heard);
                self.states.push(State {
                    process,
                    began,
                    before,
                    position,
                    digest: hub.world().digest(),
                    is_over: hub.is_over(),
                    under_way: hub.proposals(),
                    greetings,
                    heard,
                });
                self.known.insert(digest, id);
                id
            }
        };
        Ok((id, proposed))
    }
}

/// Runs a server. A panic is an error.
fn guarded(run: impl FnOnce() -> Running) -> Result<Running, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| crate::tier1::panic_text(&*panic))
}

/// A server that runs.
struct Running {
    server: Server,
    around: Around,
    now: Now,
}

/// The environment of a server.
#[derive(Default)]
struct Around {
    proposed: Vec<Proposal>,
    written: BTreeMap<ConnId, Vec<u8>>,
    /// Connections that the server has closed.
    closed: Vec<ConnId>,
    conns: Vec<ConnId>,
    greetings: usize,
    heard: Vec<Vec<String>>,
}

impl Running {
    /// Starts a process, to which its clients connect at once.
    fn start(kind: Kind, log: Log, logs: &Logs) -> Self {
        let options = Options { node: kind.node, life: kind.life, echo: true, ..Options::default() };
        let mut around = Around::default();
        let (world, now) = (World::replay(&logs.entries(log)), Now::default());
        let server = Server::resume(Limits::default(), options, world, now, &mut around);
        let mut running = Self { server, around, now };
        for port in (5_001..).take(kind.clients.count()) {
            let conn = running.server.vacant().expect("there is room");
            running.around.conns.push(conn);
            running.around.heard.push(Vec::new());
            let peer = ([127, 0, 0, 1], port).into();
            let room = Some(&RoomName::lobby());
            running.input(Input::Accepted { conn, dialect: Dialect::Plain, peer, via: Via::Direct, room });
            if kind.clients == Clients::Speaker {
                let bytes = Bytes::from(format!("words of {}\n", kind.life.0));
                running.input(Input::Received { conn, bytes });
            }
        }
        running
    }

    fn happen(&mut self, happening: Happening, logs: &Logs) {
        match happening {
            Happening::Reads(proposal) => {
                let position = self.server.hub().world().position().0;
                let entry = logs.proposed(proposal).clone().committed_at(Seq(position + 1));
                self.input(Input::Committed { entry: &entry });
            }
            Happening::IsRefused => self.input(Input::LogState(LogState::Refusing(LogRefusal::Full))),
            Happening::GoesOn => self.input(Input::LogState(LogState::Running)),
        }
    }

    /// Passes an input to the server, and runs it until it has nothing left to do now.
    fn input(&mut self, input: Input<'_>) {
        self.server.input(self.now, input, &mut self.around);
        loop {
            while self.server.flush(&mut self.around) {}
            self.server.end_turn();
            if self.server.follow_up(self.now, &mut self.around) {
                continue;
            }
            if let Some(conn) = self.around.closed.pop() {
                self.server.input(self.now, Input::Closed { conn }, &mut self.around);
                continue;
            }
            let soon = Instant::from_micros(self.now.mono.as_micros() + SOON_US);
            let Some(deadline) = self.server.deadline().filter(|it| it.at <= soon) else { break };
            self.now.mono = deadline.at.max(self.now.mono);
            self.server.time_out(self.now, &mut self.around);
        }
        self.around.read();
        self.server.check_invariants();
    }

    /// Returns a hash of everything that the process is.
    fn digest(&self, process: u8) -> u64 {
        let mut text = Hashed(Digest::new());
        let Around { greetings, ref heard, .. } = self.around;
        let written = write!(text, "{process} {:?} {greetings} {heard:?}", self.server.hub());
        written.expect("a hash takes everything");
        text.0.finish()
    }
}

impl Around {
    /// Reads what was written to the clients.
    fn read(&mut self) {
        for (conn, bytes) in std::mem::take(&mut self.written) {
            let Some(client) = self.conns.iter().position(|it| *it == conn) else { continue };
            for line in String::from_utf8_lossy(&bytes).lines() {
                self.greetings += usize::from(line.contains("your name is"));
                if let Some((_, words)) = line.split_once(": words of ") {
                    self.heard[client].push(words.to_owned());
                }
            }
        }
    }
}

impl Wire for Around {
    fn finish(&mut self, conn: ConnId) {
        self.closed.push(conn);
    }

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let written = self.written.entry(conn).or_default();
        slices.iter().for_each(|slice| written.extend_from_slice(slice));
        slices.iter().map(|slice| slice.len()).sum()
    }
}

impl Environment for Around {
    fn propose(&mut self, proposal: &Proposal) {
        self.proposed.push(proposal.clone());
    }

    fn abort(&mut self, conn: ConnId) {
        self.closed.push(conn);
    }

    fn check_password(&mut self, _: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}
}

/// Hashes a text without storing it.
struct Hashed(Digest);

impl std::fmt::Write for Hashed {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.bytes(text.as_bytes());
        Ok(())
    }
}
