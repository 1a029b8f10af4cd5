//! Law 5: a name has at most one owner at a time, and a rename is a single entry of the log.

use super::CheckResult;
use parlor_protocol::{Event, EventKind, MemberId, Outcome, World};
use std::collections::BTreeMap;

/// Records the owner of each name.
#[derive(Debug, Default)]
pub(super) struct Names {
    owners: BTreeMap<String, MemberId>,
    names: BTreeMap<MemberId, String>,
}

impl Names {
    /// Checks the outcomes of an entry. `world` is the world after it.
    pub(super) fn committed(&mut self, outcomes: &[Outcome], world: &World) -> CheckResult {
        for outcome in outcomes {
            let Outcome::Happened(event) = outcome else { continue };
            let Event { member, kind, .. } = &**event;
            let member = *member;
            match kind {
                EventKind::Entered { .. } | EventKind::Renamed { .. } => {}
                EventKind::Left { .. } => {
                    self.forget(member);
                    continue;
                }
                _ => continue,
            }
            let Some(name) = world.member(member).map(|member| member.name().key().to_owned()) else {
                continue;
            };
            self.forget(member);
            self.names.insert(member, name.clone());
            if let Some(before) = self.owners.insert(name.clone(), member) {
                return Err(format!("{name} is the name of {before} and of {member}"));
            }
        }
        Ok(())
    }

    fn forget(&mut self, member: MemberId) {
        if let Some(name) = self.names.remove(&member)
            && self.owners.get(&name) == Some(&member)
        {
            self.owners.remove(&name);
        }
    }
}
