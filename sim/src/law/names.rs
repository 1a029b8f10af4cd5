//! Law 5: a name has at most one owner at a time, and a rename is a single entry of the log.

use super::CheckResult;
use parlor_protocol::{Effect, MemberId, World};
use std::collections::BTreeMap;

/// Records the owner of each name.
#[derive(Debug, Default)]
pub(super) struct Names {
    owners: BTreeMap<String, MemberId>,
    names: BTreeMap<MemberId, String>,
}

impl Names {
    /// Checks the effects of an entry. `world` is the world after it.
    pub(super) fn committed(&mut self, effects: &[Effect], world: &World) -> CheckResult {
        for effect in effects {
            let member = match effect {
                Effect::Entered { member } | Effect::Renamed { member, .. } => *member,
                Effect::Left { member, .. } => {
                    self.forget(*member);
                    continue;
                }
                _ => continue,
            };
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
