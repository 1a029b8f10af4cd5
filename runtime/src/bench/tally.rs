//! The record of lines sent and received, and the checks that it must pass for the figures to count.

use super::workload::Workload;
use hdrhistogram::Histogram;
use std::time::Duration;

/// Failures that are recorded. Later ones mostly follow from the first.
const FAILURES_MAX: usize = 8;

/// Members of a room whose orders are compared, and rooms in which they are.
const SAMPLES: u32 = 4;

/// The longest latency that the histograms record.
const LATENCY_NS_MAX: u64 = 600_000_000_000;

/// The record of lines sent and received.
#[derive(Debug)]
pub(super) struct Tally {
    workload: Workload,
    /// The rooms of each client, a bit for each; empty if every client is in one.
    rooms: Vec<u64>,
    /// The number of members of each room that read.
    readers: Vec<u32>,
    /// The lines, by their numbers.
    messages: Vec<Message>,
    /// The number of lines received of each speaker that a client can hear: a row for each client.
    received: Vec<u32>,
    /// The length of a row: the most speakers in a room, or all speakers if clients are in several rooms.
    columns: u32,
    /// For each ordered pair of sampled members of a room, a hash of the order in which the first has received the lines
    /// that both can receive.
    samples: Vec<u64>,
    /// The number of lines that each speaker has sent.
    sent: Vec<u32>,
    /// Lines that all their recipients have received.
    pub(super) completed: u64,
    /// Lines received, counted once for each recipient.
    pub(super) deliveries: u64,
    /// Nanoseconds from when a line was due to each of its deliveries.
    pub(super) delivery: Histogram<u64>,
    /// Nanoseconds from when a line was due to the last of its deliveries.
    pub(super) message: Histogram<u64>,
    pub(super) failures: Vec<String>,
}

#[derive(Debug)]
struct Message {
    speaker: u32,
    /// The line's index among its speaker's lines.
    nth: u32,
    /// Recipients that have not received it.
    left: u32,
    is_measured: bool,
    intended: Duration,
}

impl Tally {
    pub(super) fn new(workload: &Workload) -> Self {
        let one_each = workload.rooms_each == 1;
        let columns = if one_each { workload.speakers.div_ceil(workload.rooms) } else { workload.speakers };
        let bits = |client| workload.rooms_of(client).into_iter().map(|room| 1 << room).sum();
        let rooms = if one_each { Vec::new() } else { (0..workload.clients).map(bits).collect() };
        let histogram = || Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3).expect("the bounds are valid");
        Self {
            workload: *workload,
            rooms,
            readers: workload.readers(),
            messages: Vec::new(),
            received: vec![0; workload.clients as usize * columns as usize],
            columns,
            samples: vec![0; (workload.rooms.min(SAMPLES) * SAMPLES * SAMPLES) as usize],
            sent: vec![0; workload.speakers as usize],
            completed: 0,
            deliveries: 0,
            delivery: histogram(),
            message: histogram(),
            failures: Vec::new(),
        }
    }

    /// Returns the number of lines that not all recipients have received.
    pub(super) fn in_flight(&self) -> u64 {
        self.messages.len() as u64 - self.completed
    }

    pub(super) fn messages(&self) -> u64 {
        self.messages.len() as u64
    }

    /// Records that a line is sent; returns its number.
    pub(super) fn sent(&mut self, speaker: u32, intended: Duration, is_measured: bool) -> u32 {
        let number = u32::try_from(self.messages.len()).expect("a run has fewer lines");
        let sent = &mut self.sent[speaker as usize];
        let left = self.readers[self.workload.room(speaker) as usize] - 1;
        self.messages.push(Message { speaker, nth: *sent, left, is_measured, intended });
        *sent += 1;
        number
    }

    /// Records that a client has received a line, and checks that it should have.
    pub(super) fn received(&mut self, client: u32, number: u32, now: Duration) {
        let Some(message) = self.messages.get(number as usize) else {
            return self.fail(format!("client {client} received line {number}, which was never sent"));
        };
        let (speaker, nth) = (message.speaker, message.nth);
        if speaker == client {
            return self.fail(format!("client {client} received its own line {number}"));
        }
        let room = self.workload.room(speaker);
        if !self.is_in(client, room) {
            return self.fail(format!("client {client} received line {number} of another room"));
        }
        let column = if self.rooms.is_empty() { speaker / self.workload.rooms } else { speaker };
        let next = &mut self.received[client as usize * self.columns as usize + column as usize];
        if *next != nth {
            let next = *next;
            return self
                .fail(format!("client {client} received line {nth} of client {speaker}, not line {next}"));
        }
        *next += 1;
        self.deliveries += 1;
        let message = &mut self.messages[number as usize];
        // Cannot underflow: the check above lets each recipient count once.
        message.left -= 1;
        if message.is_measured {
            let latency = nanoseconds(now.saturating_sub(message.intended));
            self.delivery.saturating_record(latency);
            if message.left == 0 {
                self.message.saturating_record(latency);
            }
        }
        self.completed += u64::from(message.left == 0);
        if let Some((own, sample)) = self.sample(client) {
            for other in 0..SAMPLES {
                // Lines that the other member cannot receive do not count.
                let Some(member) = self.sampled(own, other) else { continue };
                if member == speaker || !self.is_in(member, room) {
                    continue;
                }
                let hash = &mut self.samples[pair(own, sample, other)];
                *hash = (*hash ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
            }
        }
    }

    fn is_in(&self, client: u32, room: u32) -> bool {
        match self.rooms.get(client as usize) {
            Some(rooms) => rooms & 1 << room != 0,
            None => self.workload.room(client) == room,
        }
    }

    /// Returns the room in which a client speaks, and its index among the sampled members there, if it is one: the last
    /// members of the first rooms.
    fn sample(&self, client: u32) -> Option<(u32, u32)> {
        let (room, place) = (self.workload.room(client), client / self.workload.rooms);
        let from_end = self.speakers_of(room) - 1 - place;
        (room < SAMPLES && from_end < SAMPLES).then_some((room, from_end))
    }

    /// Returns the sampled member of a room with this index, if there is one.
    fn sampled(&self, room: u32, sample: u32) -> Option<u32> {
        let place = self.speakers_of(room).checked_sub(sample + 1)?;
        Some(place * self.workload.rooms + room)
    }

    /// Returns the number of clients that speak in a room, if all of them speak.
    const fn speakers_of(&self, room: u32) -> u32 {
        let Workload { clients, rooms, .. } = self.workload;
        clients / rooms + if room < clients % rooms { 1 } else { 0 }
    }

    /// Checks the whole run, when no more deliveries are expected.
    pub(super) fn check(&mut self) {
        let lost = self.messages.iter().filter(|message| message.left > 0).count();
        if lost > 0 {
            let deliveries: u64 = self.messages.iter().map(|message| u64::from(message.left)).sum();
            self.fail(format!(
                "{lost} lines did not reach all recipients: {deliveries} deliveries are missing"
            ));
            return;
        }
        for room in 0..self.workload.rooms.min(SAMPLES) {
            let count = self.speakers_of(room).min(SAMPLES);
            let pairs = (0..count).flat_map(|one| (0..one).map(move |other| (one, other)));
            let differs =
                |(one, other)| self.samples[pair(room, one, other)] != self.samples[pair(room, other, one)];
            if { pairs }.any(differs) {
                self.fail(format!("members of room {room} received the lines in different orders"));
            }
        }
    }

    pub(super) fn fail(&mut self, failure: String) {
        if self.failures.len() < FAILURES_MAX {
            self.failures.push(failure);
        }
    }
}

const fn pair(room: u32, one: u32, other: u32) -> usize {
    ((room * SAMPLES + one) * SAMPLES + other) as usize
}

pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_millis(3);

    /// Two rooms of three: clients 0, 2 and 4 are in the first.
    fn tally() -> Tally {
        let talk = Workload::named("talk200").expect("there is one");
        Tally::new(&Workload { clients: 6, rooms: 2, speakers: 6, ..talk })
    }

    fn failure(tally: &Tally) -> &str {
        tally.failures.first().map_or("", String::as_str)
    }

    #[test]
    fn lines_received_by_all_in_order_pass() {
        let mut tally = tally();
        let first = tally.sent(0, Duration::ZERO, true);
        let second = tally.sent(2, Duration::ZERO, false);
        for (client, number) in [(4, first), (2, first), (4, second), (0, second)] {
            tally.received(client, number, NOW);
        }
        tally.check();
        assert_eq!(failure(&tally), "");
        assert_eq!((tally.deliveries, tally.completed, tally.in_flight()), (4, 2, 0));
        assert_eq!((tally.delivery.len(), tally.message.len()), (2, 1));
        assert!(tally.message.max() >= 3_000_000);
    }

    #[test]
    fn each_kind_of_error_fails_a_check() {
        type Wrong = fn(&mut Tally);
        let wrongs: [(&str, Wrong); 6] = [
            ("never sent", |tally| tally.received(0, 7, NOW)),
            ("its own line", |tally| {
                tally.sent(0, NOW, true);
                tally.received(0, 0, NOW);
            }),
            ("another room", |tally| {
                tally.sent(0, NOW, true);
                tally.received(1, 0, NOW);
            }),
            ("received line 0 of client 0, not line 1", |tally| {
                tally.sent(0, NOW, true);
                tally.received(2, 0, NOW);
                tally.received(2, 0, NOW);
            }),
            ("received line 1 of client 0, not line 0", |tally| {
                tally.sent(0, NOW, true);
                tally.sent(0, NOW, true);
                tally.received(2, 1, NOW);
            }),
            ("1 deliveries are missing", |tally| {
                tally.sent(0, NOW, true);
                tally.received(2, 0, NOW);
                tally.check();
            }),
        ];
        for (words, wrong) in wrongs {
            let mut tally = tally();
            wrong(&mut tally);
            assert!(failure(&tally).contains(words), "{words}: {:?}", tally.failures);
        }
    }

    #[test]
    fn members_of_several_rooms_receive_the_lines_of_all_of_them_in_one_order() {
        let talk = Workload::named("talk200").expect("there is one");
        let workload = Workload { clients: 16, rooms: 4, rooms_each: 2, speakers: 16, ..talk };
        let listeners = |speaker: u32| {
            let hears = move |&client: &u32| {
                client != speaker && workload.rooms_of(client).contains(&workload.room(speaker))
            };
            (0..16).filter(hears).collect::<Vec<u32>>()
        };
        // The two sampled members of room 0 that both hear rooms 0 and another one, and a speaker of each.
        let pairs = (0..16).flat_map(|one| (0..one).map(move |other| (one, other)));
        let both_hear = |&(one, other): &(u32, u32)| {
            workload.room(one) == workload.room(other)
                && workload.room(one) < 4
                && workload.rooms_of(one) == workload.rooms_of(other)
        };
        let (one, other) = pairs.into_iter().find(both_hear).expect("some have the same rooms");
        let rooms = workload.rooms_of(one);
        let speaker = |room| {
            (0..16).find(|&it| workload.room(it) == room && it != one && it != other).expect("there are four")
        };
        for turned in [false, true] {
            let mut tally = Tally::new(&workload);
            let lines =
                [rooms[0], rooms[1]].map(|room| (speaker(room), tally.sent(speaker(room), NOW, true)));
            for client in 0..16 {
                let mut heard = lines;
                if turned && client == one {
                    heard.reverse();
                }
                for (speaker, line) in heard {
                    if listeners(speaker).contains(&client) {
                        tally.received(client, line, NOW);
                    }
                }
            }
            tally.check();
            assert_eq!(failure(&tally).contains("different orders"), turned, "{:?}", tally.failures);
            assert_eq!(tally.failures.is_empty(), !turned);
        }
        let mut tally = Tally::new(&workload);
        let line = tally.sent(0, NOW, true);
        let outsider = (1..16).find(|client| !listeners(0).contains(client)).expect("some are elsewhere");
        tally.received(outsider, line, NOW);
        assert!(failure(&tally).contains("another room"), "{:?}", tally.failures);
    }

    #[test]
    fn different_orders_fail() {
        let talk = Workload::named("talk200").expect("there is one");
        // In a small room, the speakers are sampled themselves.
        for clients in [4, 10] {
            for same in [true, false] {
                let mut tally = Tally::new(&Workload { clients, speakers: 2, ..talk });
                let (one, other) = (tally.sent(0, NOW, true), tally.sent(1, NOW, true));
                tally.received(1, one, NOW);
                tally.received(0, other, NOW);
                for client in 2..clients {
                    let turned = client == clients - 1 && !same;
                    let (first, second) = if turned { (other, one) } else { (one, other) };
                    tally.received(client, first, NOW);
                    tally.received(client, second, NOW);
                }
                tally.check();
                let expected =
                    if same { "" } else { "members of room 0 received the lines in different orders" };
                assert_eq!(failure(&tally), expected);
            }
        }
    }
}
