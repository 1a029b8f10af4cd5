//! Law 1: a member is sent exactly the events of its rooms between its entrance and its leave, and the answers to its
//! lines, each once, in the order of the log. The model predicts the bytes.

use super::CheckResult;
use crate::model::Model;
use parlor_protocol::{ConnId, Input, Now, PasswordOf, Proposal};

/// Compares the sent bytes with the model.
#[derive(Debug)]
pub struct Heard {
    /// The model.
    pub model: Model,
}

impl Heard {
    pub(super) const fn new(model: Model) -> Self {
        Self { model }
    }

    pub(super) fn input(&mut self, now: Now, input: &Input<'_>) {
        self.model.input(now, input);
    }

    pub(super) fn proposed<'a>(
        &mut self,
        proposals: impl ExactSizeIterator<Item = &'a Proposal>,
    ) -> CheckResult {
        if let Some(fault) = self.model.fault.take() {
            return Err(fault);
        }
        let expected = self.model.proposals();
        let count = proposals.len();
        for (expected, found) in expected.iter().zip(proposals) {
            let found = (found.origin.number, found.command.clone());
            if *expected != found {
                return Err(format!("proposed {found:?}, not {expected:?}"));
            }
        }
        if let Some((conn, of, _)) = self.model.next_question() {
            return Err(format!("{conn} does not check the password of {of:?}"));
        }
        if expected.len() == count {
            return Ok(());
        }
        Err(format!("proposed {count} commands, not these: {expected:?}"))
    }

    pub(super) fn asked(&mut self, conn: ConnId, of: &PasswordOf, password: &[u8]) -> CheckResult {
        let found = (conn, of.clone(), password.to_vec());
        let expected = self.model.next_question();
        if expected.as_ref() == Some(&found) {
            return Ok(());
        }
        Err(format!("checks the password {found:?}, not {expected:?}"))
    }

    pub(super) fn sent(&mut self, conn: ConnId, bytes: &[u8]) -> CheckResult {
        let due = self.model.due(conn).ok_or("bytes are sent to a connection that is gone")?;
        due.sent(bytes)
            .map_err(|difference| format!("was sent {:?}, not {:?}", difference.found, difference.expected))
    }
}
