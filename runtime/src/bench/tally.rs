//! What was said, who heard it and when; and what must be true of that, or the figures do not count.

use super::workload::Workload;
use hdrhistogram::Histogram;
use std::time::Duration;

/// Failures that are told; what follows from one of them is seldom news.
const FAILURES_MAX: usize = 8;

/// Members of each room whose order is compared, and rooms in which it is.
const SAMPLES: u32 = 4;

/// The longest latency that is told apart from a longer one.
const LATENCY_NS_MAX: u64 = 600_000_000_000;

/// What was said and heard.
#[derive(Debug)]
pub(super) struct Tally {
    workload: Workload,
    /// By their numbers.
    messages: Vec<Message>,
    /// How many lines of each speaker of its room each client has heard: a row for each client.
    heard: Vec<u32>,
    /// Speakers in a room, at the most.
    columns: u32,
    /// For each pair of sampled members of a room, a hash of the order in which the first has heard what both can
    /// hear.
    samples: Vec<u64>,
    /// How many lines each speaker has said.
    said: Vec<u32>,
    /// Lines that everyone has heard.
    pub(super) completed: u64,
    /// Lines that were heard, once for each who heard them.
    pub(super) deliveries: u64,
    /// From when a line was to be said to each that heard it, in nanoseconds.
    pub(super) delivery: Histogram<u64>,
    /// The same to the last that heard it.
    pub(super) message: Histogram<u64>,
    pub(super) failures: Vec<String>,
}

#[derive(Debug)]
struct Message {
    speaker: u32,
    /// Which of its speaker's it is.
    nth: u32,
    /// Members that have not heard it.
    left: u32,
    is_measured: bool,
    intended: Duration,
}

impl Tally {
    pub(super) fn new(workload: &Workload) -> Self {
        let columns = workload.speakers.div_ceil(workload.rooms);
        let histogram = || Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3).expect("the bounds are sound");
        Self {
            workload: *workload,
            messages: Vec::new(),
            heard: vec![0; workload.clients as usize * columns as usize],
            columns,
            samples: vec![0; (workload.rooms.min(SAMPLES) * SAMPLES * SAMPLES) as usize],
            said: vec![0; workload.speakers as usize],
            completed: 0,
            deliveries: 0,
            delivery: histogram(),
            message: histogram(),
            failures: Vec::new(),
        }
    }

    /// Lines that were not heard by everyone yet.
    pub(super) fn in_flight(&self) -> u64 {
        self.messages.len() as u64 - self.completed
    }

    pub(super) fn messages(&self) -> u64 {
        self.messages.len() as u64
    }

    /// Somebody says the next line; returns its number.
    pub(super) fn say(&mut self, speaker: u32, intended: Duration, is_measured: bool) -> u32 {
        let number = u32::try_from(self.messages.len()).expect("a run has fewer lines");
        let said = &mut self.said[speaker as usize];
        let left = self.workload.readers(self.workload.room(speaker)) - 1;
        self.messages.push(Message { speaker, nth: *said, left, is_measured, intended });
        *said += 1;
        number
    }

    /// A client has heard a line.
    pub(super) fn heard(&mut self, client: u32, number: u32, now: Duration) {
        let Some(message) = self.messages.get_mut(number as usize) else {
            return self.fail(format!("client {client} hears line {number}, which nobody said"));
        };
        let (speaker, nth) = (message.speaker, message.nth);
        if speaker == client {
            return self.fail(format!("client {client} hears itself: line {number}"));
        }
        if self.workload.room(speaker) != self.workload.room(client) {
            return self.fail(format!("client {client} hears line {number} of another room"));
        }
        let column = speaker / self.workload.rooms;
        let next = &mut self.heard[client as usize * self.columns as usize + column as usize];
        if *next != nth {
            let next = *next;
            return self
                .fail(format!("client {client} hears line {nth} of client {speaker}, not line {next}"));
        }
        *next += 1;
        self.deliveries += 1;
        // It is behind the check that each hears it once, and so never more often than it is to be heard.
        message.left -= 1;
        if message.is_measured {
            let latency = nanoseconds(now.saturating_sub(message.intended));
            self.delivery.saturating_record(latency);
            if message.left == 0 {
                self.message.saturating_record(latency);
            }
        }
        self.completed += u64::from(message.left == 0);
        if let Some((room, sample)) = self.sample(client) {
            let speaker = self.sample(speaker).map(|(_, sample)| sample);
            for other in (0..SAMPLES).filter(|&other| Some(other) != speaker) {
                let hash = &mut self.samples[pair(room, sample, other)];
                *hash = (*hash ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
            }
        }
    }

    /// The room of a client and its number among those whose order is compared: the last of the first rooms.
    fn sample(&self, client: u32) -> Option<(u32, u32)> {
        let (room, place) = (self.workload.room(client), client / self.workload.rooms);
        let from_end = self.workload.readers(room) - 1 - place;
        (room < SAMPLES && from_end < SAMPLES).then_some((room, from_end))
    }

    /// Everything that was to be heard has been, or will not be: whether it was right.
    pub(super) fn check(&mut self) {
        let lost = self.messages.iter().filter(|message| message.left > 0).count();
        if lost > 0 {
            let deliveries: u64 = self.messages.iter().map(|message| u64::from(message.left)).sum();
            self.fail(format!(
                "{lost} lines were not heard by everyone: {deliveries} deliveries are missing"
            ));
            return;
        }
        for room in 0..self.workload.rooms.min(SAMPLES) {
            let count = self.workload.readers(room).min(SAMPLES);
            let pairs = (0..count).flat_map(|one| (0..one).map(move |other| (one, other)));
            let differs =
                |(one, other)| self.samples[pair(room, one, other)] != self.samples[pair(room, other, one)];
            if { pairs }.any(differs) {
                self.fail(format!("members of room {room} hear the lines in different orders"));
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

    /// Two rooms of three; clients 0 and 2 and 4 are in the first.
    fn tally() -> Tally {
        let talk = Workload::named("talk200").expect("there is one");
        Tally::new(&Workload { clients: 6, rooms: 2, speakers: 6, ..talk })
    }

    fn failure(tally: &Tally) -> &str {
        tally.failures.first().map_or("", String::as_str)
    }

    #[test]
    fn lines_that_everyone_hears_in_order_pass() {
        let mut tally = tally();
        let first = tally.say(0, Duration::ZERO, true);
        let second = tally.say(2, Duration::ZERO, false);
        for (client, number) in [(4, first), (2, first), (4, second), (0, second)] {
            tally.heard(client, number, NOW);
        }
        tally.check();
        assert_eq!(failure(&tally), "");
        assert_eq!((tally.deliveries, tally.completed, tally.in_flight()), (4, 2, 0));
        assert_eq!((tally.delivery.len(), tally.message.len()), (2, 1));
        assert!(tally.message.max() >= 3_000_000);
    }

    #[test]
    fn a_gate_fails_for_each_wrong() {
        type Wrong = fn(&mut Tally);
        let wrongs: [(&str, Wrong); 6] = [
            ("nobody said", |tally| tally.heard(0, 7, NOW)),
            ("hears itself", |tally| {
                tally.say(0, NOW, true);
                tally.heard(0, 0, NOW);
            }),
            ("another room", |tally| {
                tally.say(0, NOW, true);
                tally.heard(1, 0, NOW);
            }),
            ("hears line 0 of client 0, not line 1", |tally| {
                tally.say(0, NOW, true);
                tally.heard(2, 0, NOW);
                tally.heard(2, 0, NOW);
            }),
            ("hears line 1 of client 0, not line 0", |tally| {
                tally.say(0, NOW, true);
                tally.say(0, NOW, true);
                tally.heard(2, 1, NOW);
            }),
            ("1 deliveries are missing", |tally| {
                tally.say(0, NOW, true);
                tally.heard(2, 0, NOW);
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
    fn two_orders_fail() {
        let talk = Workload::named("talk200").expect("there is one");
        // Those that speak are sampled themselves in a small room.
        for clients in [4, 10] {
            for same in [true, false] {
                let mut tally = Tally::new(&Workload { clients, speakers: 2, ..talk });
                let (one, other) = (tally.say(0, NOW, true), tally.say(1, NOW, true));
                tally.heard(1, one, NOW);
                tally.heard(0, other, NOW);
                for client in 2..clients {
                    let turned = client == clients - 1 && !same;
                    let (first, second) = if turned { (other, one) } else { (one, other) };
                    tally.heard(client, first, NOW);
                    tally.heard(client, second, NOW);
                }
                tally.check();
                let expected = if same { "" } else { "members of room 0 hear the lines in different orders" };
                assert_eq!(failure(&tally), expected);
            }
        }
    }
}
