//! Law 5: a name has at most one live owner; a rename is one entry of the log.

use super::Verdict;
use parlor_protocol::{Command, LogEntry, MemberId, World};
use std::collections::BTreeMap;

/// Knows whose each name is.
#[derive(Debug, Default)]
pub(super) struct Names {
    owners: BTreeMap<String, MemberId>,
    names: BTreeMap<MemberId, String>,
}

impl Names {
    /// An entry was applied; the world is that after it, or after some more.
    pub(super) fn committed(&mut self, entry: &LogEntry, world: &World) -> Verdict {
        let member = match entry.command {
            Command::Enter { .. } => MemberId(entry.seq),
            Command::Leave { member, .. } => {
                self.forget(member);
                return Ok(());
            }
            Command::Rename { member, .. } => member,
            _ => return Ok(()),
        };
        // A rename is a barrier: no later entry of this batch can be another one of the same member.
        let Some(name) = world.member(member).map(|member| member.name().key().to_owned()) else {
            return Ok(());
        };
        self.forget(member);
        let before = self.owners.insert(name.clone(), member);
        self.names.insert(member, name.clone());
        match before.filter(|&before| before != member && world.member(before).is_some()) {
            Some(before) => Err(format!("{name} is the name of {before} and of {member}")),
            None => Ok(()),
        }
    }

    fn forget(&mut self, member: MemberId) {
        if let Some(name) = self.names.remove(&member)
            && self.owners.get(&name) == Some(&member)
        {
            self.owners.remove(&name);
        }
    }
}
