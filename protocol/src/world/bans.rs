//! Bans from the server.
//!
//! The world knows the bans, and compares names and hosts with them. It does not know addresses: the hub compares those.

use super::{EventKind, Member, Outcome, Refusal, World};
use crate::base::ban::{BanTarget, NewBan, ServerBan};
use crate::base::id::MemberId;
use crate::base::mode::Folded;
use crate::base::person::Person;
use alloc::boxed::Box;
use alloc::vec::Vec;

impl World {
    /// Returns the bans from the server that are in force, the latest last.
    pub fn bans(&self, now_unix_ms: u64) -> impl Iterator<Item = &ServerBan> {
        self.bans.iter().filter(move |ban| !ban.is_over(now_unix_ms))
    }

    pub(super) fn set_ban(
        &mut self,
        id: MemberId,
        NewBan { target, lasts_ms, reason }: &NewBan,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        self.check_server_operator(id)?;
        let at_unix_ms = self.at_unix_ms;
        let bans_max = self.limits.server_bans_max;
        let others = self.bans(at_unix_ms).filter(|ban| ban.target != *target).count();
        if others >= bans_max as usize {
            return Err(Refusal::BansFull(bans_max));
        }
        self.bans.retain(|ban| !ban.is_over(at_unix_ms) && ban.target != *target);
        let Some(by) = self.member(id).map(Member::name).cloned() else { return Ok(()) };
        let ends_unix_ms = lasts_ms.map(|ms| at_unix_ms.saturating_add(ms));
        let (target, reason) = (target.clone(), reason.clone());
        let ban = ServerBan { target, reason, by, at_unix_ms, ends_unix_ms };
        self.bans.push(ban.clone());
        self.happened(id, EventKind::BanSet { ban: Box::new(ban) }, outcomes);
        Ok(())
    }

    pub(super) fn lift_ban(
        &mut self,
        id: MemberId,
        target: &BanTarget,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        self.check_server_operator(id)?;
        if !self.bans(self.at_unix_ms).any(|ban| ban.target == *target) {
            return Err(Refusal::NoSuchBan(target.clone()));
        }
        self.bans.retain(|ban| !ban.is_over(self.at_unix_ms) && ban.target != *target);
        self.happened(id, EventKind::BanLifted { target: target.clone() }, outcomes);
        Ok(())
    }

    /// Returns the first ban with a mask that matches a person.
    pub(super) fn ban_on(&self, person: &Person, now_unix_ms: u64) -> Option<&ServerBan> {
        let has_mask = |ban: &ServerBan| matches!(ban.target, BanTarget::Mask(_));
        if !self.bans.iter().any(has_mask) {
            return None;
        }
        let person = Folded::of(person);
        self.bans(now_unix_ms).find(|ban| ban.target.applies_to_person(&person))
    }
}
