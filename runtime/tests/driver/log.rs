//! The driver and its log: entries that come late, states, the end of the node's life, and a stop that waits for the log.

use crate::limits;
use crate::stage::{Client, Stage};
use parlor_protocol::{
    Cloaks, Command, Life, Limits, LogEntry, LogState, MemberId, Message, MessageKind, NameRequest, NodeId,
    Origin, Profile, Proposal, RoomName, Seq, Text,
};
use parlor_runtime::driver::{Control, DriverLimits, Ended, Log};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Entries that the driver is given at once.
const TAKEN_MAX: usize = 8;

/// A log that commits at once, unless a test holds it.
#[derive(Clone, Default)]
pub(crate) struct TestLog(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    holds: bool,
    position: u64,
    /// The proposals since the last batch was handed over.
    batch: Vec<Proposal>,
    /// The batches that were handed over and are not committed.
    batches: Vec<Vec<Proposal>>,
    committed: Vec<LogEntry>,
    states: VecDeque<LogState>,
    waker: Option<Waker>,
    /// Whether it takes until the next [`TestLog::release`] to close the log.
    closes_late: bool,
    is_closed: bool,
}

impl State {
    fn commit(&mut self, proposal: Proposal) {
        self.position += 1;
        self.committed.push(proposal.committed_at(Seq(self.position)));
    }
}

impl Log for TestLog {
    fn propose(&mut self, proposal: &Proposal) {
        let mut state = self.0.borrow_mut();
        if state.holds {
            state.batch.push(proposal.clone());
        } else {
            state.commit(proposal.clone());
        }
    }

    fn submit(&mut self) {
        let mut state = self.0.borrow_mut();
        if !state.batch.is_empty() {
            let batch = std::mem::take(&mut state.batch);
            state.batches.push(batch);
        }
    }

    fn take(&mut self, entries: &mut Vec<LogEntry>) -> bool {
        let committed = &mut self.0.borrow_mut().committed;
        *entries = committed.drain(..committed.len().min(TAKEN_MAX)).collect();
        !entries.is_empty()
    }

    fn poll_state(&mut self, cx: &mut Context<'_>) -> Poll<LogState> {
        let mut state = self.0.borrow_mut();
        if let Some(log_state) = state.states.pop_front() {
            // As any poll, it wakes nobody whom it has not left pending.
            return Poll::Ready(log_state);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.borrow_mut();
        state.waker = Some(cx.waker().clone());
        state.is_closed = true;
        if state.closes_late { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl TestLog {
    fn hold(&self) {
        self.0.borrow_mut().holds = true;
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.borrow_mut();
        change(&mut state);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    /// Commits what was handed over, and from now on everything at once.
    fn release(&self) {
        self.change(|state| {
            (state.holds, state.closes_late) = (false, false);
            for proposal in std::mem::take(&mut state.batches).into_iter().flatten() {
                state.commit(proposal);
            }
        });
    }

    fn is(&self, log_state: LogState) {
        self.change(|state| state.states.push_back(log_state));
    }

    /// Returns the number of proposals of each batch that is not committed.
    fn batches(&self) -> Vec<usize> {
        self.0.borrow().batches.iter().map(Vec::len).collect()
    }
}

/// Returns a stage with two members.
fn stage() -> (Stage, [Client; 2]) {
    stage_of(limits())
}

/// Returns a stage with two members, and these limits.
fn stage_of(limits: Limits) -> (Stage, [Client; 2]) {
    let limits_of_driver =
        DriverLimits { accept_retry_ms: 1_000_000, log_close_ms: 1_000_000, shutdown_ms: 1_000_000 };
    let mut stage = Stage::with(limits, limits_of_driver);
    let clients = [(); 2].map(|()| stage.connect());
    stage.poll_until_idle();
    clients.iter().for_each(|client| drop(client.take_received()));
    (stage, clients)
}

#[test]
fn entries_that_come_late_wake_the_driver() {
    let (mut stage, [alice, bob]) = stage();
    stage.log.hold();
    alice.send("one\ntwo\n");
    stage.poll_until_idle();
    assert_eq!(bob.take_received(), "");
    assert_eq!(stage.log.batches(), [2], "one batch for a tick");
    stage.log.clone().release();
    assert!(stage.is_woken());
    stage.poll_until_idle();
    let read = bob.take_received();
    assert!(read.contains(": one\n") && read.ends_with(": two\n"), "{read}");
}

#[test]
fn entries_stay_in_the_log_until_the_core_has_a_turn_for_them() {
    let mut narrow = Limits {
        backlog_bytes_max: 25_000,
        line_bytes_max: 1_000,
        pending_commands_max: 1,
        reply_bytes_max: 4_096,
        ..limits()
    };
    narrow.world.topic_bytes_max = 300;
    let (mut stage, [_, bob]) = stage_of(narrow);
    let origin = |number| Origin { node: NodeId(1), life: Life(9), number };
    let propose = |number, command| Proposal { at_unix_ms: 0, origin: origin(number), command };
    let profile = Profile::of_host(&Cloaks::default().host([10, 0, 0, 1].into()));
    stage.log.change(|state| {
        state.commit(propose(1, Command::Started { after: None }));
        let (request, room) = (NameRequest::Port(7_000), Some(RoomName::lobby()));
        state.commit(propose(2, Command::Enter { request, profile, room }));
        let member = MemberId(Seq(state.position));
        for number in 3..203 {
            let message = Message::new(MessageKind::Text, Text::clean(&[b'x'; 900], false));
            let say = Command::Say { member, room: RoomName::lobby(), status: None, message };
            state.commit(propose(number, say));
        }
    });
    stage.poll();
    assert!(stage.log.0.borrow().committed.len() > 100, "{}", stage.log.0.borrow().committed.len());
    stage.poll_until_idle();
    assert_eq!(bob.take_received().matches("7000: ").count(), 200);
}

#[test]
fn a_state_of_the_log_is_told() {
    let (mut stage, [alice, bob]) = stage();
    stage.log.hold();
    stage.log.clone().is(LogState::Stalled);
    assert!(stage.is_woken());
    alice.send("one\n");
    stage.poll_until_idle();
    assert!(alice.take_received().contains("what you send waits"));
    stage.log.clone().release();
    stage.log.clone().is(LogState::Running);
    stage.poll_until_idle();
    stage.pass(1);
    stage.poll_until_idle();
    assert!(bob.take_received().ends_with(": one\n"));
}

#[test]
fn a_stop_waits_for_the_log() {
    let (mut stage, [alice, bob]) = stage();
    stage.log.hold();
    alice.send("one\n");
    stage.poll_until_idle();
    stage.log.0.borrow_mut().closes_late = true;
    stage.control(Control::Stop);
    stage.poll_until_idle();
    [&alice, &bob].iter().for_each(|client| client.end());
    stage.poll_until_idle();
    assert!(!stage.log.0.borrow().is_closed, "two members have yet to leave");
    let batches = std::mem::take(&mut stage.log.0.borrow_mut().batches);
    stage.log.change(|state| {
        state.holds = false;
        batches.into_iter().flatten().for_each(|proposal| state.commit(proposal));
    });
    stage.poll_until_idle();
    assert!(stage.log.0.borrow().is_closed, "the last entry ends the life");
    stage.log.clone().release();
    assert_eq!(stage.poll_until_ended(), Ended::Drained);
}

#[test]
fn a_stop_gives_the_log_up_in_the_end() {
    let limits_of_driver = DriverLimits { accept_retry_ms: 1_000_000, log_close_ms: 20, shutdown_ms: 20 };
    let mut stage = Stage::with(limits(), limits_of_driver);
    let client = stage.connect();
    stage.poll_until_idle();
    stage.log.hold();
    stage.control(Control::Stop);
    stage.poll_until_idle();
    client.end();
    stage.poll_until_idle();
    stage.wait_until_woken();
    stage.poll_until_idle();
    stage.wait_until_woken();
    assert_eq!(stage.poll_until_ended(), Ended::LogUnfinished(0));
}

#[test]
fn a_stop_waits_for_the_log_when_clients_do_not_close() {
    let limits_of_driver =
        DriverLimits { accept_retry_ms: 1_000_000, log_close_ms: 1_000_000, shutdown_ms: 20 };
    let mut stage = Stage::with(limits(), limits_of_driver);
    let client = stage.connect();
    stage.poll_until_idle();
    stage.log.0.borrow_mut().closes_late = true;
    stage.control(Control::Stop);
    stage.poll_until_idle();
    assert!(!client.is_dropped());
    stage.wait_until_woken();
    stage.poll_until_idle();
    assert!(client.is_dropped(), "it was cut off");
    assert!(stage.log.0.borrow().is_closed, "its member has left, and the life has ended");
    stage.log.clone().release();
    assert_eq!(stage.poll_until_ended(), Ended::CutOff(1));
}

#[test]
fn a_driver_ends_when_another_process_has_started_for_its_node() {
    let (mut stage, [alice, bob]) = stage();
    let (node, life) = (NodeId::default(), Life(9));
    let origin = Origin { node, life, number: 1 };
    let command = Command::Started { after: Some(Life::default()) };
    stage.log.change(|state| state.commit(Proposal { at_unix_ms: 0, origin, command }));
    stage.poll_until_idle();
    for client in [alice, bob] {
        assert!(client.take_received().ends_with("closed: the server was restarted\n"));
        client.end();
    }
    assert_eq!(stage.poll_until_ended(), Ended::LifeOver);
}

#[test]
fn a_log_is_polled_until_it_has_no_further_state() {
    let (mut stage, _) = stage();
    stage.log.clone().is(LogState::Stalled);
    stage.poll_until_idle();
    stage.log.clone().is(LogState::Running);
    assert!(stage.is_woken());
}

#[test]
fn a_stop_waits_for_the_entry_that_ends_the_life() {
    let (mut stage, clients) = stage();
    stage.log.hold();
    stage.control(Control::Stop);
    stage.poll_until_idle();
    clients.iter().for_each(Client::end);
    stage.poll_until_idle();
    let batches = std::mem::take(&mut stage.log.0.borrow_mut().batches);
    stage.log.change(|state| batches.into_iter().flatten().for_each(|proposal| state.commit(proposal)));
    stage.poll_until_idle();
    assert_eq!(stage.log.batches(), [1], "everybody has left, and the end is proposed");
    assert!(!stage.log.0.borrow().is_closed, "the log has not answered that");
    stage.log.clone().release();
    assert_eq!(stage.poll_until_ended(), Ended::Drained);
}
