//! The requests of a session to the hub.

use super::{Funds, PASSWORD_COST, Session, State, Wait};
use crate::base::id::MemberId;
use crate::base::name::Name;
use crate::base::text::Text;
use crate::base::time::Instant;
use crate::dialect::action::{Action, Notice, Password, Question, Registration};
use crate::framing::proxy::Header;
use crate::framing::sniff::Kind;
use crate::log::command::Command;
use crate::views::HistoryQuery;
use alloc::string::String;
use alloc::vec::Vec;

/// The budget, or the log, that does not allow the next line yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// The address's.
    Address,
    /// None: the log takes no proposals now.
    Log,
    /// The connection's own, until this time.
    Until(Instant),
}

/// Something that the hub has to do for a session.
#[derive(Debug)]
pub(crate) enum Request {
    /// Have the dialect answer a question from the world, without the log.
    Answer(Question),
    /// Have a password checked.
    CheckPassword(Password),
    /// Have the member leave: the input is at its end, and all of its lines are proposed.
    EndOfInput,
    /// Propose that the connection becomes a member.
    Enter(Registration),
    /// Have a part of a history read.
    Fetch(HistoryQuery),
    /// Start the answer to a line with this label; with `None`, end it.
    Label(Option<String>),
    /// Do nothing: a line was read, and its actions follow.
    Nothing,
    /// Write a notice in the words of the dialect.
    Notice(Notice),
    /// Propose a command to the log.
    Propose(Command),
    /// Admit or refuse the connection: a proxy has sent its header, which names the client, or was not valid.
    Proxied(Header),
    /// Have the member leave, with a parting message or without.
    Quit(Option<Text>),
    /// Start the deadline for the registration: the dialect was just detected.
    Register,
    /// Have the configuration read again.
    Rehash,
    /// Deliver a message that is not logged.
    Signal(Command),
    /// Propose the leave of a member that switches to another dialect.
    SwitchDialect(MemberId),
    /// Write the answer to a telnet command.
    Telnet([u8; 3]),
    /// Tell the client that its protocol is not served here, and close.
    TurnAway(Kind),
    /// Stop watching these names; with `None`, all names.
    Unwatch(Option<Vec<Name>>),
    /// Wait for another input, or for the budget that the next line needs.
    Wait(Option<Blocked>),
    /// Watch these names.
    Watch(Vec<Name>),
}

impl Session {
    /// Turns an action into a request, and records what the session has to wait for.
    pub(super) fn request(&mut self, action: Action, funds: impl Fn() -> Funds) -> Request {
        match action {
            Action::Ask(question) => Request::Answer(question),
            Action::CheckPassword(password) => {
                self.waits = Some(Wait::Password);
                self.charge(PASSWORD_COST, &funds());
                Request::CheckPassword(password)
            }
            Action::Enter(registration) => {
                self.state = State::ExpectEntry { leave: None };
                Request::Enter(registration)
            }
            Action::Fetch(fetch) => {
                self.waits = Some(Wait::History);
                let query = fetch.query;
                self.workspace().actions.push_front(Action::Fetch(fetch));
                Request::Fetch(query)
            }
            Action::Label(label) => Request::Label(label),
            Action::Notice(notice) => Request::Notice(notice),
            Action::Propose(command) => {
                self.pending += 1;
                self.waits = is_barrier(&command).then_some(Wait::Log);
                Request::Propose(command)
            }
            Action::Quit(message) => Request::Quit(message),
            Action::Rehash => Request::Rehash,
            Action::Signal(command) => Request::Signal(command),
            Action::Telnet(answer) => Request::Telnet(answer),
            Action::Unwatch(names) => Request::Unwatch(names),
            Action::Watch(names) => Request::Watch(names),
        }
    }
}

/// Returns whether nothing more is read before a command is committed. A move and a rename change the session that proposes
/// them; a kick and a kill may end it, since members may do that to themselves; a ban has others leave, and what its author
/// says afterwards is said to those who stay.
const fn is_barrier(command: &Command) -> bool {
    matches!(
        command,
        Command::Kick { .. }
            | Command::Kill { .. }
            | Command::Move { .. }
            | Command::Rename { .. }
            | Command::SetBan { .. }
    )
}
