//! The laws of small worlds: what a process may show after it has read a log, and what must be at rest.

use super::logs::{Log, Logs, words};
use super::process::{Kind, Processes, State as ProcessState};
use super::state::{Phase, State};
use parlor_protocol::{Command, Proposal};

/// Checks a process that has read a log: its world is that of all who have read it, its clients have been told what the log
/// has, each once and in order, and its life is over if another one has begun.
pub(super) fn has_read(kind: Kind, state: &ProcessState, log: Log, logs: &Logs) -> Result<(), String> {
    let Kind { node, life, .. } = kind;
    if state.digest != logs.digest(log) {
        return Err(format!("the world of life {} is not that of the log at {}", life.0, state.position));
    }
    let is_own = |it: &Proposal| (it.origin.node, it.origin.life) == (node, life);
    let ends = |(length, it): (u8, &Proposal)| {
        length == logs.length(log)
            && length > logs.length(state.began)
            && it.origin.node == node
            && !is_own(it)
            && matches!(it.command, Command::Started { .. })
    };
    let is_over = logs.applied_backwards(log).next().is_some_and(ends);
    if state.is_over != is_over {
        return Err(format!("life {} is over: {}; it should be: {is_over}", life.0, state.is_over));
    }
    let applied: Vec<&Proposal> = logs.applied_backwards(log).map(|(_, it)| it).collect();
    let mut expected: Vec<Vec<&str>> = Vec::new();
    for proposal in applied.iter().rev() {
        if let Some(words) = words(&proposal.command) {
            let words = words.trim_start_matches("words of ");
            expected.iter_mut().for_each(|heard| heard.push(words));
        }
        if is_own(proposal) && matches!(proposal.command, Command::Enter { .. }) {
            expected.push(Vec::new());
        }
    }
    if state.greetings != expected.len() {
        let (greeted, entered) = (state.greetings, expected.len());
        return Err(format!("{greeted} clients of life {} are greeted, and {entered} have entered", life.0));
    }
    let nobody = Vec::new();
    let expected = expected.iter().chain(std::iter::repeat(&nobody));
    match state.heard.iter().zip(expected).find(|(heard, expected)| heard != expected) {
        Some((heard, expected)) => Err(format!(
            "a client of life {} has read the words of {heard:?}, and was to read those of {expected:?}",
            life.0
        )),
        None => Ok(()),
    }
}

/// Checks a state in which nothing is left to do: every proposal of a process that runs is applied, and its members are those of
/// its clients.
pub(super) fn at_rest(state: &State, logs: &Logs, processes: &Processes) -> Result<(), String> {
    for (index, seat) in state.seats.iter().enumerate() {
        let Phase::Running(id) = seat.phase else { continue };
        let (Kind { node, life, clients }, process) = (processes.kind(index), processes.state(id));
        if process.under_way > 0 {
            return Err(format!("{} proposals of life {} are never answered", process.under_way, life.0));
        }
        let own = logs.applied_backwards(state.log).map(|(_, it)| it);
        let own = own.filter(|it| (it.origin.node, it.origin.life) == (node, life));
        let numbers: Vec<u64> = own.map(|it| it.origin.number).collect();
        if !numbers.iter().copied().eq((1..=clients.proposals()).rev()) {
            return Err(format!("of life {}, these numbers are applied: {numbers:?}", life.0));
        }
        let members = logs.members(state.log)[usize::from(node.0)];
        if usize::from(members) != clients.count() {
            return Err(format!("{node} has {} clients, and {members} members", clients.count()));
        }
    }
    Ok(())
}
