//! The results of what was done outside of the core: a password was checked, or a part of a history was read.

use super::{Introducer, Session, State, Wait};
use crate::dialect::action::{Action, Notice, PasswordResult, Question};
use crate::log::command::Command;
use crate::planted;

impl Session {
    /// Ends the wait for a part of a history. Returns the question that it is for, or `None` if it does not wait for one any more.
    pub(crate) fn history_read(&mut self) -> Option<Question> {
        self.waits.take_if(|wait| *wait == Wait::History)?;
        let actions = &mut self.workspace.as_deref_mut()?.actions;
        let index = actions.iter().position(|action| matches!(action, Action::Fetch(_)))?;
        match actions.remove(index) {
            Some(Action::Fetch(fetch)) => Some(fetch.question),
            _ => None,
        }
    }

    /// Takes the result of a password check. Returns whether the connection may stay open, or `None` if it was not
    /// waiting for a result any more.
    pub(crate) fn password_checked(&mut self, result: PasswordResult) -> Option<bool> {
        self.waits.take_if(|wait| *wait == Wait::Password)?;
        match self.state {
            State::Active { member } => {
                self.workspace().actions.push_front(match result {
                    PasswordResult::NotChecked => Action::Notice(Notice::PasswordNotChecked),
                    PasswordResult::Right => Action::Propose(Command::Promote { member }),
                    PasswordResult::Wrong => Action::Notice(Notice::WrongPassword),
                });
                Some(true)
            }
            State::Register if result == PasswordResult::Right => {
                // Before the actions that are already queued: those come from later in the same line.
                let actions = self.dialect.authenticated();
                self.queue_first(actions);
                Some(true)
            }
            State::Header(_) if planted::is_vouched(result == PasswordResult::Right) => {
                self.state = State::Header(Introducer::Gateway { is_vouched: true });
                Some(true)
            }
            State::Header(_) | State::Register => Some(false),
            _ => Some(true),
        }
    }
}
