//! The state machine of one connection. It has no access to other sessions or to the world.
//!
//! | state | waits for | next state |
//! |---|---|---|
//! | `Header` | the header of a proxy, or the line of a gateway and its password, at a listener for these | `Door` |
//! | `Door` | its address's budget | `Detect`, `Register` or `ExpectEntry`, as its listener says |
//! | `Detect` | the first line, or a silence | `ExpectEntry` for the plain dialect, `Register` for IRC |
//! | `Register` | the client's registration | `ExpectEntry` |
//! | `ExpectEntry` | the log's entry for its `Enter` | `Active`; `Register` if the name is taken; `ExpectLeave` if the connection is no longer open |
//! | `Active` | lines | `ExpectLeave` at `/quit`, at the end of input, or when the connection closes |
//! | `ExpectLeave` | the log's entry for its `Leave` | `Outside`; `Register` if the member of a plain session switches to IRC |
//! | `Outside` | nothing: it has no member and will not have one | |
//!
//! Independent of that, the [`Link`] is open, closing (the farewell is written), or closed. Transitions of both are
//! in this file; `session/read.rs` reads lines.

mod check;
pub(crate) mod form;
mod read;
mod request;
mod results;
mod slowed;
mod workspace;

use crate::base::id::MemberId;
use crate::base::limits::Limits;
use crate::base::options::Options;
use crate::base::rate::{Budget, Cost, Rate};
use crate::base::time::Instant;
use crate::base::via::Via;
use crate::dialect::action::Action;
use crate::dialect::irc::client::Client;
use crate::dialect::irc::{self, after_switch};
use crate::dialect::state::DialectState;
use crate::dialect::{Dialect, DialectSpec};
use crate::framing::framer::{Framer, Framing};
use crate::framing::sniff::{Kind, Sniffer};
use crate::log::close_reason::CloseReason;
use crate::planted;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::Bytes;
pub(crate) use request::{Blocked, Request};
use slowed::Slowed;
pub(crate) use workspace::Workspace;

/// The price of a password check. How often wrong passwords are checked is up to whoever checks them.
const PASSWORD_COST: Cost = Cost::lines(3);

/// Capacity of the action queue that is kept while the queue is empty.
const ACTIONS_KEPT: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Active {
        member: MemberId,
    },
    Detect,
    Door,
    ExpectEntry {
        /// The reason to leave as soon as the member has entered, if the connection closed meanwhile.
        leave: Option<CloseReason>,
    },
    ExpectLeave {
        member: MemberId,
        /// Whether it leaves in order to register again as IRC, with the bytes that the sniffer holds.
        switches: bool,
    },
    Header(Introducer),
    Outside,
    Register,
}

/// The program that names the client before the client's own bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Introducer {
    Gateway {
        /// Whether it has given the right password.
        is_vouched: bool,
    },
    Proxy,
}

/// The state of the connection itself, without its member. It goes from open to closing to closed, or at once to
/// closed if the connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The driver has reported that it is closed.
    Closed,
    /// The farewell is written; input is discarded.
    Closing,
    /// Input is read, and output is written.
    Open,
}

/// A reason for which the next line has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// A part of a history is being read. The action that it is for is still in the queue.
    History,
    /// A command that changes the session is not committed yet: later lines depend on its outcome.
    Log,
    /// A password is being checked.
    Password,
    /// The client has not read a long answer yet: it must not be able to ask faster than it reads.
    Reader,
}

/// The limits on the lines of a connection at an instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Funds {
    pub(crate) now: Instant,
    /// The rate of the connection's own budget.
    pub(crate) rate: Rate,
    /// Whether its address may be charged for a line now.
    pub(crate) address_is_ready: bool,
}

impl Funds {
    /// Returns the budget that allows no line now: the connection's own, or its address's.
    fn blocked(&self, own: Budget) -> Option<Blocked> {
        let ready_at = own.ready_at(self.rate);
        if ready_at > self.now {
            return Some(Blocked::Until(ready_at));
        }
        (!self.address_is_ready).then_some(Blocked::Address)
    }
}

/// The state of one connection.
#[derive(Debug)]
pub(crate) struct Session {
    state: State,
    link: Link,
    dialect: Box<dyn DialectState>,
    /// The dialect of its listener.
    listener: Dialect,
    /// Holds the first bytes until it is clear what protocol the connection speaks.
    sniffer: Option<Box<Sniffer>>,
    /// The result of the sniffer, if telnet commands before it have to be answered first.
    sniffed: Option<Kind>,
    /// The framing of the stream. Valid only without a workspace: while there is one, its framer has the framing.
    framing: Framing,
    /// `None` while the session is idle.
    workspace: Option<Box<Workspace>>,
    budget: Budget,
    /// The part of the connection's costs that its address has not been charged yet.
    unsettled: Cost,
    /// Number of commands that were proposed and are not committed yet.
    pending: u32,
    slowed: Slowed,
    /// Number of bytes that came while it is closing.
    discarded: u32,
    waits: Option<Wait>,
    input_ended: bool,
    /// Whether the client was sent a ping and has sent nothing since.
    pub(crate) is_pinged: bool,
    /// The time at which it last sent something.
    pub(crate) heard_at: Instant,
    /// Whether the driver was told to stop reading.
    pub(crate) reads_paused: bool,
}

impl Session {
    /// Creates the session of a new connection.
    pub(crate) fn new(listener: Dialect, via: Via, options: &Options, limits: &Limits, now: Instant) -> Self {
        let spec = listener.spec();
        let dialect = (spec.begin)(options);
        let sniffer = (via != Via::Direct || !matches!(listener, Dialect::Custom(_))).then(Box::default);
        Self {
            state: match via {
                Via::Direct => State::Door,
                Via::Gateway => State::Header(Introducer::Gateway { is_vouched: false }),
                Via::Proxy => State::Header(Introducer::Proxy),
            },
            link: Link::Open,
            dialect,
            listener,
            sniffer,
            sniffed: None,
            framing: framing(spec, limits),
            workspace: None,
            budget: Budget::default(),
            unsettled: Cost::NONE,
            pending: 0,
            slowed: Slowed::default(),
            discarded: 0,
            waits: None,
            input_ended: false,
            is_pinged: false,
            heard_at: now,
            reads_paused: false,
        }
    }

    /// Lets the connection in: from now on it is read.
    pub(crate) fn begin(&mut self) {
        debug_assert_eq!(self.state, State::Door, "a connection is let in once");
        self.state = match self.listener {
            Dialect::Auto => State::Detect,
            _ if self.dialect.enters_at_once() => State::ExpectEntry { leave: None },
            _ => State::Register,
        };
    }

    /// Records that the client of a connection through a proxy is known.
    pub(crate) fn introduced(&mut self) {
        debug_assert!(self.awaits_header(), "a client is named once");
        self.state = State::Door;
        if matches!(self.listener, Dialect::Custom(_)) {
            self.release_sniffed();
        }
    }

    /// Whether the header of a proxy is not read yet.
    pub(crate) fn awaits_header(&self) -> bool {
        matches!(self.state, State::Header(_))
    }

    /// Whether the connection is not let in yet.
    pub(crate) fn is_at_door(&self) -> bool {
        self.state == State::Door
    }

    /// Returns the next request to the hub. The hub calls it until it returns [`Request::Wait`].
    ///
    /// `may_propose` is whether the log takes a proposal now. At most one line is read, and only then `funds` is called. The hub settles its price with the address before it asks for the next request.
    pub(crate) fn next_request(
        &mut self,
        funds: impl Fn() -> Funds,
        may_propose: bool,
        limits: &Limits,
        options: &Options,
    ) -> Request {
        let member = match self.state {
            State::Active { member } => Some(member),
            State::Detect | State::Register => None,
            State::Door => return Request::Wait(Some(Blocked::Address)),
            State::Header(introducer) => return self.read_header(introducer),
            State::ExpectEntry { .. } | State::ExpectLeave { .. } | State::Outside => {
                return Request::Wait(None);
            }
        };
        if self.waits.is_some() {
            return Request::Wait(None);
        }
        let workspace = self.workspace.as_deref_mut();
        if let Some(actions) = workspace.map(|it| &mut it.actions)
            && let Some(action) = actions.front()
        {
            let waits = match action {
                Action::Propose(_) => self.pending >= limits.pending_commands_max,
                // Its `Leave` is proposed after the pending commands, so these still take effect.
                Action::Quit(_) => false,
                _ => planted::answer_waits(self.pending),
            };
            if waits {
                return Request::Wait(None);
            }
            if !may_propose && matches!(action, Action::Propose(_)) {
                return Request::Wait(Some(Blocked::Log));
            }
            if let Some(action) = actions.pop_front() {
                return self.request(action, &funds);
            }
        }
        if self.pending >= limits.pending_commands_max {
            return Request::Wait(None);
        }
        if let Some(workspace) = self.workspace.as_deref_mut()
            && workspace.actions.capacity() > ACTIONS_KEPT
        {
            workspace.actions = VecDeque::new();
        }
        self.read_line(funds, member, limits, options)
    }

    /// Whether the next action is to end the answer to a labelled line.
    pub(crate) fn ends_label_next(&self) -> bool {
        let next = self.workspace.as_deref().and_then(|it| it.actions.front());
        matches!(next, Some(Action::Label(None)))
    }

    /// Takes received bytes. They are discarded if the connection is closing. Returns how many it has sent since it is closing.
    pub(crate) fn received(&mut self, bytes: Bytes, now: Instant, spare: &mut Option<Box<Workspace>>) -> u32 {
        self.record_activity(now);
        if self.link == Link::Open && (self.reads_on() || self.switches()) {
            match &mut self.sniffer {
                Some(sniffer) => sniffer.push(&bytes),
                None => self.take_workspace(spare).framer.push(bytes),
            }
        } else if self.link == Link::Closing {
            self.discarded = self.discarded.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        }
        self.discarded
    }

    /// Records that the client is alive: the idle timer starts again.
    pub(crate) const fn record_activity(&mut self, now: Instant) {
        self.heard_at = now;
        self.is_pinged = false;
    }

    /// Records that the client has closed its writing side.
    pub(crate) const fn read_closed(&mut self) {
        self.input_ended = true;
    }

    /// Ends the detection of the dialect after a silence: guesses from the bytes so far, or takes the plain dialect
    /// if there are none. Returns the request that follows, or `None` if the dialect was already known.
    pub(crate) fn detection_timed_out(&mut self) -> Option<Request> {
        (self.state == State::Detect).then(|| self.settle_on_guess())
    }

    /// Records that a command of this session is committed.
    pub(crate) fn committed(&mut self) {
        debug_assert!(self.pending > 0, "a committed command was pending");
        self.pending = self.pending.saturating_sub(1);
        if self.pending == 0 {
            self.waits.take_if(|wait| *wait == Wait::Log);
        }
    }

    /// Records that everything queued for the connection is written. A client that has read a long answer is alive.
    pub(crate) fn drained(&mut self, now: Instant) {
        if self.waits.take_if(|wait| *wait == Wait::Reader).is_some() {
            self.record_activity(now);
        }
    }

    /// Whether the next line waits until the client has read a long answer.
    pub(crate) fn waits_for_reader(&self) -> bool {
        self.waits == Some(Wait::Reader)
    }

    /// Makes the next line wait until the client has read the answer to this one.
    pub(crate) fn wait_for_reader(&mut self) {
        let is_idle = !matches!(self.waits, Some(Wait::History | Wait::Password));
        debug_assert!(is_idle, "nothing is answered while a password is checked or a history is read");
        self.waits = Some(Wait::Reader);
    }

    /// Whether it waits for the log's answer.
    pub(crate) const fn waits_for_log(&self) -> bool {
        self.pending > 0 || matches!(self.state, State::ExpectEntry { .. } | State::ExpectLeave { .. })
    }

    /// Whether its `Enter` is proposed, or about to be, and not committed yet.
    pub(crate) const fn expects_entry(&self) -> bool {
        matches!(self.state, State::ExpectEntry { .. })
    }

    /// Records that the connection has become a member. Returns the reason to leave at once if the connection is no
    /// longer open.
    pub(crate) fn entered(&mut self, member: MemberId) -> Option<CloseReason> {
        let State::ExpectEntry { leave } = self.state else {
            debug_assert!(false, "{member} enters a session that has not proposed it");
            return None;
        };
        if self.link == Link::Open {
            self.state = State::Active { member };
            return None;
        }
        self.state = State::ExpectLeave { member, switches: false };
        Some(leave.unwrap_or(CloseReason::Reset))
    }

    /// Records that the connection has not become a member: the name is taken, or the server requires a password. An
    /// IRC client may register again.
    pub(crate) fn not_entered(&mut self) {
        debug_assert!(matches!(self.state, State::ExpectEntry { .. }), "a refused `Enter` was proposed");
        self.state = State::Outside;
        if self.link == Link::Open && !self.dialect.enters_at_once() {
            self.dialect.not_entered();
            self.state = State::Register;
        }
    }

    /// Queues actions in front of those that are already queued.
    pub(crate) fn queue_first(&mut self, actions: Vec<Action>) {
        if !actions.is_empty() {
            let queue = &mut self.workspace().actions;
            actions.into_iter().rev().for_each(|action| queue.push_front(action));
        }
    }

    /// Stops reading, and returns the member whose `Leave` the hub has to propose; `None` if there is no member, or
    /// its `Leave` has been proposed already.
    pub(crate) fn leave(&mut self, reason: CloseReason) -> Option<MemberId> {
        self.forget_input();
        match &mut self.state {
            State::Active { member } => {
                let member = *member;
                self.state = State::ExpectLeave { member, switches: false };
                Some(member)
            }
            State::ExpectEntry { leave } => {
                leave.get_or_insert(reason);
                None
            }
            State::Detect | State::Door | State::Header(_) | State::Register => {
                self.state = State::Outside;
                None
            }
            State::ExpectLeave { switches, .. } => {
                *switches = false;
                None
            }
            State::Outside => None,
        }
    }

    /// Records that the member has left. Returns whether the connection switches to IRC and registers again.
    pub(crate) fn left(&mut self, reason: CloseReason) -> bool {
        debug_assert!(self.member().is_some(), "only a member leaves");
        // An operator may have killed the member before its own `Leave` was committed: then it does not switch.
        let begins_again = self.switches() && self.link == Link::Open && reason == CloseReason::OtherDialect;
        self.state = State::Outside;
        self.pending = 0;
        self.waits.take_if(|wait| *wait == Wait::Log);
        if !begins_again {
            self.forget_input();
            return false;
        }
        self.begin_irc();
        self.queue_first(Vec::from([after_switch()]));
        true
    }

    /// Starts closing. Returns whether the connection was open.
    pub(crate) fn close(&mut self) -> bool {
        let open = self.link == Link::Open;
        if open {
            self.link = Link::Closing;
            self.forget_input();
        }
        open
    }

    /// Records that the connection is closed. Returns whether it was not closed before.
    pub(crate) fn closed(&mut self) -> bool {
        core::mem::replace(&mut self.link, Link::Closed) != Link::Closed
    }

    /// Whether the slot may be reused: the connection is closed, and neither a member nor a proposed `Enter` is left.
    pub(crate) fn is_finished(&self) -> bool {
        self.link == Link::Closed && self.state == State::Outside
    }

    pub(crate) const fn link(&self) -> Link {
        self.link
    }

    /// Returns the member, from the commit of its `Enter` to the commit of its `Leave`.
    pub(crate) const fn member(&self) -> Option<MemberId> {
        match self.state {
            State::Active { member } | State::ExpectLeave { member, .. } => Some(member),
            State::Detect
            | State::Door
            | State::ExpectEntry { .. }
            | State::Header(_)
            | State::Outside
            | State::Register => None,
        }
    }

    /// Whether the connection is open and has yet to complete its registration.
    pub(crate) fn is_unregistered(&self) -> bool {
        matches!(self.state, State::Header(_) | State::Register) && self.link == Link::Open
    }

    /// Returns the dialect of its listener.
    pub(crate) const fn listener(&self) -> Dialect {
        self.listener
    }

    /// Returns the state of its dialect.
    pub(crate) fn dialect(&self) -> &dyn DialectState {
        &*self.dialect
    }

    pub(crate) fn dialect_mut(&mut self) -> &mut dyn DialectState {
        &mut *self.dialect
    }

    /// Whether reading should pause: there is input that waits for something other than more input.
    pub(crate) fn wants_pause(&self) -> bool {
        let sniffed = self.sniffer.as_ref().is_some_and(|it| it.has_unread());
        // After the end of the input, an unfinished line counts as a line.
        let unread_or_undone =
            self.workspace.as_deref().is_some_and(|Workspace { framer, actions, is_held }| {
                *is_held
                    || framer.has_unread()
                    || self.input_ended && framer.has_begun()
                    || !actions.is_empty()
            });
        let waits = sniffed
            || unread_or_undone
            || matches!(self.waits, Some(Wait::History | Wait::Password | Wait::Reader));
        self.link == Link::Open && (self.reads_on() && waits || self.switches())
    }

    pub(crate) const fn has_ended_input(&self) -> bool {
        self.input_ended
    }

    /// Whether the client has closed its writing side, and leaves as soon as it has read a long answer.
    pub(crate) fn leaves_when_drained(&self) -> bool {
        let is_active = matches!(self.state, State::Active { .. });
        self.waits == Some(Wait::Reader) && self.input_ended && self.link == Link::Open && is_active
    }

    /// Charges the connection; later lines wait until the debt is repaid. The hub settles the same with the address.
    pub(crate) fn charge(&mut self, cost: Cost, funds: &Funds) {
        self.budget.charge(cost, funds.rate, funds.now);
        self.unsettled = self.unsettled.plus(cost);
    }

    /// Returns what the address has to be charged since the last call.
    pub(crate) const fn settle(&mut self) -> Cost {
        core::mem::replace(&mut self.unsettled, Cost::NONE)
    }

    /// Whether input is still acted on.
    const fn reads_on(&self) -> bool {
        matches!(
            self.state,
            State::Active { .. }
                | State::Detect
                | State::Door
                | State::ExpectEntry { .. }
                | State::Header(_)
                | State::Register
        )
    }

    /// Whether the member is leaving in order to switch to IRC.
    const fn switches(&self) -> bool {
        matches!(self.state, State::ExpectLeave { switches: true, .. })
    }

    /// Discards the input that was received and not acted on.
    fn forget_input(&mut self) {
        self.workspace = None;
        self.sniffer = None;
        self.sniffed = None;
    }

    /// Starts an IRC registration, with the bytes that the sniffer holds.
    fn begin_irc(&mut self) {
        self.dialect = Box::new(Client::possibly_plain());
        // A new framer: bytes before the registration are not part of its first line.
        self.frame_irc();
        self.release_sniffed();
        self.state = State::Register;
    }

    /// Frames what follows as lines of IRC. An unfinished line is dropped.
    fn frame_irc(&mut self) {
        self.framing = Framing::new(irc::LINE_BYTES_MAX, false);
        if let Some(workspace) = &mut self.workspace {
            workspace.framer = Framer::of(self.framing);
        }
    }
}

/// Returns how the lines of a dialect are framed.
fn framing(dialect: &DialectSpec, limits: &Limits) -> Framing {
    Framing::new((dialect.line_bytes_max)(limits), dialect.is_typed)
}
