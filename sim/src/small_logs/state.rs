//! The states of a small world, and the steps between them.

use super::laws;
use super::logs::{self, Log, Logs};
use super::process::{Happening, Processes, StateId};
use super::{Bounds, Violation};
use std::rc::Rc;

/// Maximum number of proposals of a process on their way in their order, and of those that come later.
const ON_WAY_MAX: usize = 14;
const LATE_MAX: usize = 4;

/// Marks a proposal on its way that may be lost without notice: it was made before the log stood still.
const DOUBTFUL: u16 = 1 << 15;

/// The rank of a process that is gone: it is behind all that it can be before.
const RANK_GONE: u32 = 100;

/// A state: the log, what is on its way to it, and the processes.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) log: Log,
    pub(super) seats: [Seat; 3],
    left: Bounds,
    how: Option<Rc<How>>,
}

/// The way to a state: the last step, with its proposal, and the ones before.
#[derive(Debug)]
struct How {
    step: Step,
    item: u16,
    count: u32,
    before: Option<Rc<Self>>,
}

/// A process, and its proposals on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) phase: Phase,
    stall: Stall,
    /// In the order in which they were made.
    queue: Items<ON_WAY_MAX>,
    /// Those that may arrive at any time, sorted.
    late: Items<LATE_MAX>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    NotStarted,
    Running(StateId),
    /// It crashed, or its life is over. Its proposals may still arrive.
    Gone,
}

/// The phase of the time at which the log stands still for a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stall {
    No,
    /// One proposal was lost, and the process has not been told that the log stands still.
    Unnoticed,
    Refused,
    Over,
}

/// Proposals on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Items<const MAX: usize> {
    items: [u16; MAX],
    count: u8,
}

/// The place of a proposal on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Queue(u8),
    Late(u8),
}

/// A step from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A proposal arrives at the log.
    Arrives(u8, Place),
    /// The next proposal of a process arrives at the log, and will arrive again.
    ArrivesTwice(u8),
    /// The next proposal of a process comes later.
    IsLate(u8),
    /// A proposal is lost.
    IsLost(u8, Place),
    /// A process reads the next entry.
    Reads(u8),
    /// A process is told that the log takes nothing.
    IsRefused(u8),
    /// A process is told that the log takes proposals again.
    GoesOn(u8),
    /// The first life of node 0 crashes.
    Crashes,
    /// The second life of node 0 starts with the first entries of the log.
    Starts(u8),
}

impl<const MAX: usize> Items<MAX> {
    const NONE: Self = Self { items: [0; MAX], count: 0 };

    fn as_slice(&self) -> &[u16] {
        &self.items[..self.count.into()]
    }

    fn push(&mut self, item: u16) -> Result<(), String> {
        let place = self.items.get_mut(usize::from(self.count));
        *place.ok_or("too many proposals are on their way")? = item;
        self.count += 1;
        Ok(())
    }

    fn remove(&mut self, index: u8) -> u16 {
        let index = usize::from(index);
        let item = self.items[index];
        self.items.copy_within(index + 1..usize::from(self.count), index);
        self.count -= 1;
        self.items[usize::from(self.count)] = 0;
        item
    }

    fn sort(&mut self) {
        self.items[..self.count.into()].sort_unstable();
    }

    /// Returns the places of different items.
    fn different(&self) -> impl Iterator<Item = u8> {
        let items = self.as_slice();
        let is_first = |&index: &u8| {
            let index = usize::from(index);
            index == 0 || items[index - 1] != items[index]
        };
        (0..self.count).filter(is_first)
    }
}

impl Seat {
    const EMPTY: Self =
        Self { phase: Phase::NotStarted, stall: Stall::No, queue: Items::NONE, late: Items::NONE };

    fn propose(&mut self, proposed: &[u16]) -> Result<(), String> {
        proposed.iter().try_for_each(|&item| self.queue.push(item))
    }

    fn item(&self, place: Place) -> u16 {
        match place {
            Place::Queue(index) => self.queue.as_slice()[usize::from(index)],
            Place::Late(index) => self.late.as_slice()[usize::from(index)],
        }
    }

    fn remove(&mut self, place: Place) -> u16 {
        match place {
            Place::Queue(index) => self.queue.remove(index),
            Place::Late(index) => self.late.remove(index),
        }
    }

    fn is_late(&mut self, item: u16) -> Result<(), String> {
        self.late.push(item)?;
        self.late.sort();
        Ok(())
    }

    /// Whether nothing of it is on its way.
    fn has_arrived(&self) -> bool {
        self.queue.count == 0 && self.late.count == 0
    }
}

impl State {
    /// Returns the first state: the first process of each node has just started.
    pub(super) fn first(bounds: Bounds, logs: &mut Logs, processes: &mut Processes) -> Result<Self, String> {
        let mut state = Self { log: Logs::FIRST, seats: [Seat::EMPTY; 3], left: bounds, how: None };
        for process in 0..2 {
            state.start(process, Logs::FIRST, logs, processes)?;
        }
        Ok(state)
    }

    fn start(
        &mut self,
        process: u8,
        log: Log,
        logs: &mut Logs,
        processes: &mut Processes,
    ) -> Result<(), String> {
        let (id, proposed) = processes.start(process, log, logs)?;
        let seat = &mut self.seats[usize::from(process)];
        seat.phase = Phase::Running(id);
        seat.propose(&proposed)
    }

    /// Returns the number of entries that a process has read, if it runs.
    fn read(&self, process: usize, processes: &Processes) -> Option<u8> {
        match self.seats[process].phase {
            Phase::Running(id) => Some(processes.state(id).position),
            Phase::NotStarted | Phase::Gone => None,
        }
    }

    /// Whether nothing is on its way, and every process has read everything and does not wait for the log.
    pub(super) fn is_at_rest(&self, logs: &Logs, processes: &Processes) -> bool {
        let length = logs.length(self.log);
        (0..3).all(|process| {
            let seat = &self.seats[process];
            let is_behind = self.read(process, processes).is_some_and(|read| read < length);
            let waits = self.read(process, processes).is_some()
                && matches!(seat.stall, Stall::Unnoticed | Stall::Refused);
            seat.has_arrived() && !is_behind && !waits
        })
    }

    /// Returns the step of a process that reads an entry without proposing anything and without its life being over, if there is
    /// one. It can be taken before all others: whatever happens elsewhere does not depend on it, and what happens to the process
    /// itself leads to the same state before and after.
    pub(super) fn silent_step(&self, logs: &mut Logs, processes: &mut Processes) -> Option<Step> {
        let length = logs.length(self.log);
        (0..3_u8).zip(&self.seats).find_map(|(process, seat)| {
            let Phase::Running(id) = seat.phase else { return None };
            let read = processes.state(id).position;
            if read == length {
                return None;
            }
            let step = Step::Reads(process);
            let reads = Happening::Reads(self.item_of(step, logs, processes));
            let stall = match seat.stall {
                Stall::No if self.left.stalls == 0 => [].as_slice(),
                Stall::No | Stall::Unnoticed => &[Happening::IsRefused, Happening::GoesOn],
                Stall::Refused => &[Happening::GoesOn],
                Stall::Over => &[],
            };
            let mut order = |read_at: usize| {
                let happenings = stall[..read_at].iter().chain([&reads]).chain(&stall[read_at..]);
                let (mut id, mut proposed) = (id, Vec::new());
                for &happening in happenings {
                    let (next, more) = processes.follow(id, happening, logs).ok()?;
                    if happening == reads && (!more.is_empty() || processes.state(next).is_over) {
                        return None;
                    }
                    id = next;
                    proposed.extend(more);
                }
                Some((id, proposed))
            };
            let first = order(0)?;
            (1..=stall.len()).all(|read_at| order(read_at).as_ref() == Some(&first)).then_some(step)
        })
    }

    /// Returns the steps that can be taken.
    pub(super) fn steps(&self, logs: &Logs, processes: &Processes) -> Vec<Step> {
        let mut steps = Vec::new();
        let length = logs.length(self.log);
        for (index, process) in (0..3).zip(0_u8..) {
            let seat = &self.seats[index];
            if self.read(index, processes).is_some_and(|read| read < length) {
                steps.push(Step::Reads(process));
            }
            if let Phase::Running(_) = seat.phase {
                match seat.stall {
                    Stall::No if self.left.stalls > 0 => steps.push(Step::IsRefused(process)),
                    Stall::Unnoticed => steps.push(Step::IsRefused(process)),
                    Stall::Refused => steps.push(Step::GoesOn(process)),
                    Stall::No | Stall::Over => {}
                }
            }
            self.steps_on_way(process, &mut steps);
        }
        if let Phase::Running(_) = self.seats[0].phase {
            steps.push(Step::Crashes);
        }
        if self.seats[2].phase == Phase::NotStarted {
            steps.extend((Logs::FIRST_LENGTH..=length).map(Step::Starts));
        }
        steps
    }

    /// Appends the steps of what is on its way from a process.
    fn steps_on_way(&self, process: u8, steps: &mut Vec<Step>) {
        let seat = &self.seats[usize::from(process)];
        let can_be_late = usize::from(seat.late.count) < LATE_MAX;
        if seat.queue.count > 0 {
            steps.push(Step::Arrives(process, Place::Queue(0)));
            if self.left.repeats > 0 && can_be_late {
                steps.push(Step::ArrivesTwice(process));
            }
            if self.left.delays > 0 && can_be_late {
                steps.push(Step::IsLate(process));
            }
        }
        steps.extend(seat.late.different().map(|index| Step::Arrives(process, Place::Late(index))));
        // One further behind may be lost when it is the next.
        let next = (seat.queue.count > 0).then_some(Place::Queue(0));
        let places = next.into_iter().chain(seat.late.different().map(Place::Late));
        let all_may_be_lost = match seat.stall {
            Stall::No => seat.phase == Phase::Gone || self.left.stalls > 0,
            // Else one could be lost again whenever it is made again.
            Stall::Unnoticed | Stall::Over => seat.phase == Phase::Gone,
            Stall::Refused => true,
        };
        let may_be_lost = |place: &Place| all_may_be_lost || seat.item(*place) & DOUBTFUL != 0;
        steps.extend(places.filter(may_be_lost).map(|place| Step::IsLost(process, place)));
    }

    /// Takes a step, and checks the laws of what it changes.
    pub(super) fn take(
        &mut self,
        step: Step,
        logs: &mut Logs,
        processes: &mut Processes,
    ) -> Result<(), String> {
        let item = self.item_of(step, logs, processes);
        let (count, before) = (self.depth() + 1, self.how.take());
        self.how = Some(Rc::new(How { step, item, count, before }));
        match step {
            Step::Arrives(process, place) => {
                let item = self.seats[usize::from(process)].remove(place);
                self.log = logs.append(self.log, item & !DOUBTFUL)?;
            }
            Step::ArrivesTwice(process) => {
                let seat = &mut self.seats[usize::from(process)];
                let item = seat.queue.remove(0);
                seat.is_late(item)?;
                self.left.repeats -= 1;
                self.log = logs.append(self.log, item & !DOUBTFUL)?;
            }
            Step::IsLate(process) => {
                let seat = &mut self.seats[usize::from(process)];
                let item = seat.queue.remove(0);
                seat.is_late(item)?;
                self.left.delays -= 1;
            }
            Step::IsLost(process, place) => {
                let seat = &mut self.seats[usize::from(process)];
                let is_doubtful = seat.remove(place) & DOUBTFUL != 0;
                if seat.stall == Stall::No && seat.phase != Phase::Gone && !is_doubtful {
                    seat.stall = Stall::Unnoticed;
                    self.left.stalls -= 1;
                }
            }
            Step::Reads(process) => {
                let read = Happening::Reads(item);
                self.happens(process, read, logs, processes)?;
            }
            Step::IsRefused(process) => {
                let seat = &mut self.seats[usize::from(process)];
                self.left.stalls -= u8::from(seat.stall == Stall::No);
                seat.stall = Stall::Refused;
                self.happens(process, Happening::IsRefused, logs, processes)?;
            }
            Step::GoesOn(process) => {
                let seat = &mut self.seats[usize::from(process)];
                seat.stall = Stall::Over;
                seat.queue.items[..seat.queue.count.into()].iter_mut().for_each(|it| *it |= DOUBTFUL);
                seat.late.items[..seat.late.count.into()].iter_mut().for_each(|it| *it |= DOUBTFUL);
                seat.late.sort();
                self.happens(process, Happening::GoesOn, logs, processes)?;
            }
            Step::Crashes => self.seats[0].phase = Phase::Gone,
            Step::Starts(length) => {
                let known = logs.first(self.log, length);
                self.start(2, known, logs, processes)?;
            }
        }
        Ok(())
    }

    /// Returns the proposal that a step is about.
    fn item_of(&self, step: Step, logs: &Logs, processes: &Processes) -> u16 {
        let item = match step {
            Step::Arrives(process, place) | Step::IsLost(process, place) => {
                self.seats[usize::from(process)].item(place)
            }
            Step::ArrivesTwice(process) | Step::IsLate(process) => {
                self.seats[usize::from(process)].item(Place::Queue(0))
            }
            Step::Reads(process) => {
                let read = self.read(process.into(), processes).unwrap_or_default();
                logs.last(logs.first(self.log, read + 1))
            }
            Step::IsRefused(_) | Step::GoesOn(_) | Step::Crashes | Step::Starts(_) => 0,
        };
        item & !DOUBTFUL
    }

    /// Lets something happen to a process, and checks what it has done.
    fn happens(
        &mut self,
        process: u8,
        happening: Happening,
        logs: &mut Logs,
        processes: &mut Processes,
    ) -> Result<(), String> {
        let index = usize::from(process);
        let Phase::Running(id) = self.seats[index].phase else { return Ok(()) };
        let (id, proposed) = processes.follow(id, happening, logs)?;
        let seat = &mut self.seats[index];
        seat.phase = Phase::Running(id);
        seat.propose(&proposed)?;
        let read = logs.first(self.log, processes.state(id).position);
        laws::has_read(processes.kind(index), processes.state(id), read, logs)?;
        if processes.state(id).is_over {
            seat.phase = Phase::Gone;
        }
        Ok(())
    }

    /// Returns a number that no step makes smaller, and only a loss leaves as it is.
    pub(super) fn rank(&self, logs: &Logs, processes: &Processes) -> u32 {
        let of_seat = |process: usize| match self.seats[process].phase {
            Phase::NotStarted => 0,
            Phase::Running(_) => {
                1 + u32::from(self.read(process, processes).unwrap_or_default())
                    + self.seats[process].stall as u32
            }
            Phase::Gone => RANK_GONE,
        };
        let Bounds { delays, repeats, .. } = self.left;
        let used = 2 * u32::from(u8::MAX) - u32::from(delays) - u32::from(repeats);
        u32::from(logs.length(self.log)) + used + (0..3).map(of_seat).sum::<u32>()
    }

    /// Returns the number of steps to it.
    pub(super) fn depth(&self) -> u32 {
        self.how.as_ref().map_or(0, |how| how.count)
    }

    /// Returns a digest of everything but the way to it.
    pub(super) fn digest(&self, logs: &Logs, processes: &Processes) -> u128 {
        let mut hash = [0x9E37_79B9_7F4A_7C15_u64, 0xC2B2_AE3D_27D4_EB4F];
        let mut add = |word: u64| {
            for (hash, prime) in hash.iter_mut().zip([0xFF51_AFD7_ED55_8CCD_u64, 0xC4CE_B9FE_1A85_EC53]) {
                *hash = (*hash ^ word).wrapping_mul(prime);
                *hash ^= *hash >> 32;
            }
        };
        let Bounds { delays, repeats, stalls } = self.left;
        add(u32::from_le_bytes([delays, repeats, stalls, 0]).into());
        add(match self.seats[2].phase {
            // It may start with any part of the log.
            Phase::NotStarted => logs.history(self.log),
            Phase::Running(_) | Phase::Gone => logs.digest(self.log),
        });
        let length = logs.length(self.log);
        let read = (0..3).filter_map(|process| self.read(process, processes)).min().unwrap_or(length);
        (read..length).for_each(|read| add(logs.last(logs.first(self.log, read + 1)).into()));
        for seat in &self.seats {
            let phase = match seat.phase {
                Phase::NotStarted => u64::from(u32::MAX),
                Phase::Running(id) => id.into(),
                Phase::Gone => u64::from(u32::MAX - 1),
            };
            // What the log was to a process does not matter when it is gone.
            let stall = if seat.phase == Phase::Gone { 0 } else { seat.stall as u64 };
            add(phase << 32 | stall << 16 | u64::from(seat.queue.count) << 8 | u64::from(seat.late.count));
            let items = seat.queue.as_slice().iter().chain(seat.late.as_slice());
            items.for_each(|&item| add(item.into()));
        }
        u128::from(hash[0]) << 64 | u128::from(hash[1])
    }

    /// Returns the violation of a law in this state.
    pub(super) fn violation(&self, observation: String, logs: &Logs) -> Violation {
        let mut steps = Vec::new();
        let mut how = self.how.as_deref();
        while let Some(How { step, item, before, .. }) = how {
            let what = logs::told(logs.proposed(*item));
            steps.push(match *step {
                Step::Arrives(..) => format!("the log takes: {what}"),
                Step::ArrivesTwice(_) => format!("the log takes, for the first time of two: {what}"),
                Step::IsLate(_) => format!("is late: {what}"),
                Step::IsLost(..) => format!("is lost: {what}"),
                Step::Reads(process) => format!("process {process} reads: {what}"),
                Step::IsRefused(process) => format!("the log stands still for process {process}"),
                Step::GoesOn(process) => format!("the log goes on for process {process}"),
                Step::Crashes => "process 0 crashes".to_owned(),
                Step::Starts(length) => format!("process 2 starts with the first {length} entries"),
            });
            how = before.as_deref();
        }
        steps.reverse();
        Violation { observation, steps }
    }
}
