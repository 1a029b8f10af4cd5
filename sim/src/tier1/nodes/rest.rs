//! The last phases of a run with nodes: the faults stop, all nodes come to rest, and all stop.

use super::super::rest::{LAST_TAGS, REST_US_MAX, last_words};
use super::Nodes;
use crate::law::{Checks, Law, lives};
use parlor_protocol::MemberId;
use std::collections::BTreeSet;

impl Nodes {
    /// Ends the faults, and lets every client send a last message. All nodes must come to rest.
    pub(super) fn come_to_rest(&mut self) {
        self.log.is_healed = true;
        let processes: Vec<usize> = self.processes.keys().copied().collect();
        for id in processes {
            self.on(id, |rig| rig.outside.net.heal());
        }
        for client in 0..self.clients.len() {
            let Some(id) = self.clients[client] else { continue };
            self.on(id, |rig| {
                let live = rig.clients[client].filter(|&link| rig.outside.net.links[link].is_live());
                if let Some(link) = live {
                    let last = last_words(rig.outside.net.links[link].dialect, LAST_TAGS + client as u64);
                    rig.send(link, last.as_bytes(), 0);
                }
            });
        }
        self.rest("come to rest", |nodes| {
            nodes.pending == 0 && nodes.processes.values().all(|process| process.rig.is_at_rest())
        });
        if self.violation.is_none() && self.checks == Checks::All {
            self.check_at_rest();
        }
    }

    /// Stops all nodes. Every connection must close, and every life end.
    pub(super) fn end(&mut self) {
        self.is_ending = true;
        let processes: Vec<usize> = self.processes.keys().copied().collect();
        for id in processes {
            self.stop(id);
        }
        self.rest("end", |nodes| nodes.processes.is_empty());
        if self.violation.is_some() || self.checks != Checks::All {
            return;
        }
        if let Some(process) = self.processes.values().next() {
            let result = Err("it does not end".to_owned());
            return self.record(Some(process.name), Law::Liveness, result);
        }
        let left = self.log.world().members().next().map(|(member, _)| member);
        let result = left.map_or(Ok(()), |member| Err(format!("{member} has not left")));
        self.record(None, Law::Ends, result);
        for (name, applied) in std::mem::take(&mut self.applied) {
            let result = lives::survives(&applied, self.log.entries());
            self.record(Some(name), Law::Lives, result);
        }
    }

    fn rest(&mut self, what: &str, is_over: fn(&Self) -> bool) {
        let until = self.now_us + REST_US_MAX;
        while self.violation.is_none()
            && !is_over(self)
            && let Some(event) = self.next()
        {
            if let Some(event) = event {
                self.handle(event);
            }
            if self.now_us > until {
                let result = Err(format!("they do not {what} within {} s", REST_US_MAX / 1_000_000));
                self.record(None, Law::Liveness, result);
            }
        }
    }

    /// Checks the state at rest of all processes together.
    fn check_at_rest(&mut self) {
        let mut attached = BTreeSet::new();
        for process in self.processes.values_mut() {
            let rig = &mut process.rig;
            rig.outside.checker.at_rest(rig.server.outbox());
            rig.server.check_invariants();
            attached.extend(rig.outside.checker.heard.model.attached());
        }
        let found = self.processes.values().find_map(|process| {
            let violation = process.rig.outside.checker.violation.clone();
            violation.map(|it| (process.name, it.law, it.detail))
        });
        if let Some((name, law, detail)) = found {
            return self.record(Some(name), law, Err(detail));
        }
        let unanswered = self.processes.values().find(|process| process.rig.server.hub().proposals() > 0);
        if let Some(name) = unanswered.map(|process| process.name) {
            return self.record(Some(name), Law::Liveness, Err("the log does not answer".to_owned()));
        }
        let behind = self.processes.values().find(|process| process.read < self.log.len());
        if let Some(name) = behind.map(|process| process.name) {
            return self.record(Some(name), Law::Liveness, Err("it has not read the log".to_owned()));
        }
        let members: BTreeSet<MemberId> = self.log.world().members().map(|(member, _)| member).collect();
        let ghost = members.difference(&attached).next();
        let result =
            ghost.map_or(Ok(()), |member| Err(format!("{member} has no open connection on any node")));
        self.record(None, Law::Lives, result);
    }
}
