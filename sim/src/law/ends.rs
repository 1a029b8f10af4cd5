//! Law 4: every accepted connection is closed exactly once, its leave is announced once, and no output names a
//! connection that is gone.

use super::CheckResult;
use crate::conns::Conns;
use parlor_protocol::{
    CloseReason, Command, Event, EventKind, Hub, Input, Life, LogEntry, MemberId, Outcome, Output,
};
use std::collections::{BTreeMap, BTreeSet};

/// Counts the closes of connections and the leaves of members.
#[derive(Debug)]
pub(super) struct Ends {
    /// The life of the server.
    life: Life,
    /// Connections that are not gone, and whether the hub has closed them.
    live: Conns<bool>,
    /// The members of all lives and nodes, each with the life that it is of.
    members: BTreeMap<MemberId, Life>,
    /// Members that an operator killed.
    killed: BTreeSet<MemberId>,
    accepted: u64,
    closed: u64,
}

impl Ends {
    pub(super) fn new(life: Life) -> Self {
        let (live, members, killed) = (Conns::default(), BTreeMap::new(), BTreeSet::new());
        Self { life, live, members, killed, accepted: 0, closed: 0 }
    }

    pub(super) fn input(&mut self, input: &Input<'_>) -> CheckResult {
        match *input {
            Input::Accepted { conn, .. } => {
                self.accepted += 1;
                match self.live.insert(conn, false) {
                    None => Ok(()),
                    Some(_) => Err(format!("{conn} is given to two connections at once")),
                }
            }
            Input::Closed { conn } => {
                self.closed += 1;
                self.live.remove(conn).map(drop).ok_or_else(|| format!("{conn} is closed twice"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn output(&mut self, output: &Output<'_>) -> CheckResult {
        let (conn, closes, aborts) = match *output {
            Output::Abort { conn } => (conn, false, true),
            Output::Close { conn, .. } => (conn, true, false),
            Output::PauseReads { conn }
            | Output::CheckPassword { conn, .. }
            | Output::Fetch { conn, .. }
            | Output::Rehash { conn }
            | Output::ReportDrained { conn }
            | Output::ResumeReads { conn }
            | Output::Subscribe { conn, .. }
            | Output::Unsubscribe { conn, .. }
            | Output::Write { conn, .. } => (conn, false, false),
            Output::ToPeers { except: Some(conn), .. } | Output::ToRoom { except: Some(conn), .. } => {
                (conn, false, false)
            }
            Output::Console(_)
            | Output::HistoryChanged(_)
            | Output::Propose { .. }
            | Output::ToPeers { .. }
            | Output::ToRoom { .. } => {
                return Ok(());
            }
        };
        match self.live.get_mut(conn) {
            None => Err(format!("{output:?} names a connection that is gone")),
            Some(true) if !aborts => Err(format!("{output:?} names a connection that was closed")),
            Some(closed) => {
                *closed |= closes;
                Ok(())
            }
        }
    }

    pub(super) fn committed(&mut self, entry: &LogEntry, outcomes: &[Outcome]) -> CheckResult {
        for outcome in outcomes {
            let Outcome::Happened(event) = outcome else { continue };
            let Event { member, kind, .. } = &**event;
            match kind {
                EventKind::Entered { .. } => {
                    self.members.insert(*member, entry.origin.life);
                }
                EventKind::Left { reason, .. } => {
                    if self.members.remove(member).is_none() {
                        return Err(format!("{member} leaves, but is not a member"));
                    }
                    if *reason == CloseReason::Killed {
                        self.killed.insert(*member);
                    }
                }
                _ => {}
            }
        }
        // A member that was killed may have proposed its leave just before.
        match entry.command {
            Command::Leave { member, .. } if outcomes.is_empty() && !self.killed.remove(&member) => {
                Err(format!("{member} leaves, but is not a member"))
            }
            _ => Ok(()),
        }
    }

    /// Checks that all connections have ended, and all members of the life have left.
    pub(super) fn at_end(&self, hub: &Hub) -> CheckResult {
        if let Some(conn) = self.live.keys().next() {
            return Err(format!("{conn} has not ended"));
        }
        if let Some((member, _)) = self.members.iter().find(|(_, life)| **life == self.life) {
            return Err(format!("{member} has not left"));
        }
        let (accepted, closed) = (hub.counters().accepted, hub.counters().closed.iter().sum::<u64>());
        if (accepted, closed) != (self.accepted, self.closed) || accepted != closed || hub.connections() != 0
        {
            return Err(format!(
                "the hub counts {accepted} accepted and {closed} closed, not {} and {}; {} are left",
                self.accepted,
                self.closed,
                hub.connections()
            ));
        }
        Ok(())
    }
}
