//! Observes the inputs of the driver's hub and the bytes that its clients read, and compares them with the model.

use super::verifier::RIGHT;
use crate::law::{Law, Violation};
use crate::model::Model;
use parlor_protocol::{Command, ConnId, ConsoleEvent, Input, Limits, LogState, Now, Options, PasswordResult};
use parlor_runtime::driver::{Counts, Observer};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

/// The observations of a run.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) violation: Option<Violation>,
    pub(super) model: Model,
    /// Commands that the model has proposed and that are not committed yet.
    proposed: VecDeque<Command>,
    /// The number of the last entry that was applied.
    committed: u64,
    /// The latest connection of each client's address.
    conns: BTreeMap<SocketAddr, ConnId>,
    pub(super) inputs: u64,
    /// A hash over everything that clients have read, in order.
    pub(super) hash: u64,
    now: Now,
}

impl Watch {
    pub(super) fn new(limits: Limits, options: Options) -> Self {
        Self {
            violation: None,
            model: Model::with_memory(limits, options),
            proposed: VecDeque::new(),
            committed: 0,
            conns: BTreeMap::new(),
            inputs: 0,
            hash: 0,
            now: Now::default(),
        }
    }

    /// Records bytes that a client has read.
    pub(super) fn read(&mut self, client: SocketAddr, bytes: &[u8]) {
        for &byte in bytes {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        let Some(&conn) = self.conns.get(&client) else {
            return self.record(Law::Heard, None, format!("{client} reads before it was accepted"));
        };
        let read = self.model.due(conn).map_or(Ok(()), |due| due.sent(bytes));
        if let Err(difference) = read {
            let detail = format!("reads {:?}, not {:?}", difference.found, difference.expected);
            self.record(Law::Heard, Some(conn), detail);
        }
    }

    /// Records that a client has read to the end of its stream.
    pub(super) fn read_all(&mut self, client: SocketAddr) {
        if let Some(&conn) = self.conns.get(&client) {
            let left = self.model.due(conn).map_or(0, |due| due.left());
            if left > 0 {
                self.record(Law::Heard, Some(conn), format!("its stream ends, and {left} bytes are missing"));
            }
        }
    }

    /// Returns the number of bytes that a client still has to read.
    pub(super) fn left(&mut self, client: SocketAddr) -> usize {
        let Some(conn) = self.conns.get(&client) else { return 0 };
        self.model.due(*conn).map_or(0, |due| due.left())
    }

    fn collect_proposals(&mut self) {
        let proposed = self.model.proposals();
        self.proposed.extend(proposed.into_iter().map(|(_, command)| command));
    }

    pub(super) fn record(&mut self, law: Law, conn: Option<ConnId>, detail: String) {
        if self.violation.is_none() {
            let (at_us, process) = (self.now.mono.as_micros(), None);
            self.violation = Some(Violation { law, at_us, process, conn, detail });
        }
    }
}

/// The driver's observer: passes each input to the model before the hub handles it.
#[derive(Clone, Debug)]
pub(super) struct Observing(pub(super) Rc<RefCell<Watch>>);

impl Observer for Observing {
    fn accept_failed(&mut self, _: &io::Error) {}

    fn accepting_paused(&mut self, _: &io::Error) {}

    fn accepting_resumed(&mut self) {}

    fn console(&mut self, _: &ConsoleEvent<'_>) {}

    fn counted(&mut self, _: &Counts) {}

    fn input(&mut self, now: Now, input: &Input<'_>) {
        let mut watch = self.0.borrow_mut();
        watch.now = now;
        watch.inputs += 1;
        match input {
            Input::Accepted { conn, peer, .. } => {
                watch.conns.insert(*peer, *conn);
            }
            Input::Committed { entry } => {
                // The entries must be what the model has proposed, in the same order. The log repeats some of them.
                watch.collect_proposals();
                if entry.origin.number > watch.committed {
                    watch.committed += 1;
                    let proposed = watch.proposed.pop_front();
                    if entry.origin.number != watch.committed || proposed.as_ref() != Some(&entry.command) {
                        let detail = format!("logs {entry:?}, and the model proposed {proposed:?}");
                        watch.record(Law::Heard, None, detail);
                    }
                }
            }
            Input::PasswordChecked { conn, result } => {
                // Checks for connections that have closed are skipped.
                let asked = std::iter::from_fn(|| watch.model.next_question()).find(|(of, ..)| of == conn);
                if asked
                    .as_ref()
                    .is_none_or(|(.., password)| PasswordResult::from(password == RIGHT) != *result)
                {
                    let detail = format!("is told {result:?} of a password, and asked {asked:?}");
                    watch.record(Law::Heard, Some(*conn), detail);
                }
            }
            _ => {}
        }
        watch.model.input(now, input);
        if let Input::LogState(LogState::Running) = input {
            // The model has proposed again everything that is not committed.
            watch.proposed.clear();
        }
        watch.collect_proposals();
        if let Some(fault) = watch.model.fault.take() {
            watch.record(Law::Heard, None, fault);
        }
    }

    fn rehash_wanted(&mut self) {}

    fn stopping(&mut self) {}
}
