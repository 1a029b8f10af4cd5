//! Limiting the records of one kind in a second, so that whoever connects and goes fills no log. What is left out is
//! counted.

use super::Console;
use crate::locale::text;
use parlor_protocol::{ConsoleEvent, Instant, Language};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tracing::level_filters::LevelFilter;
use tracing::{Level, warn};

/// Records of one kind that are written in a second.
const RECORDS_PER_SECOND_MAX: u32 = 20;

/// The time from the first record that is left out to the record with their number.
const PERIOD: Duration = Duration::from_secs(1);

/// Declares the kinds of records that are limited, each with its level and the name of its event.
macro_rules! kinds {
    ($($kind:ident $level:ident $name:literal;)*) => {
        /// A kind of records that is limited: anybody who can connect causes as many as they like.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum RecordKind {
            $($kind,)*
        }

        impl RecordKind {
            const ALL: [Self; [$($name),*].len()] = [$(Self::$kind),*];

            /// Returns the name of its event.
            const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// Returns the level of its records.
            const fn level(self) -> Level {
                match self {
                    $(Self::$kind => Level::$level,)*
                }
            }
        }
    };
}

kinds! {
    AcceptFailed WARN "accept_failed";
    Accepted DEBUG "accepted";
    Closed DEBUG "closed";
    CommandRefused DEBUG "command_refused";
    Detected DEBUG "detected";
    Entered INFO "joined";
    Left INFO "left";
    PasswordNotChecked WARN "password_not_checked";
    PasswordWrong WARN "password_wrong";
    Proxied DEBUG "proxied";
    Refused WARN "refused";
    Renamed INFO "renamed";
    RoomEntered DEBUG "room_entered";
    RoomLeft DEBUG "room_left";
    TurnedAway INFO "turned_away";
}

impl RecordKind {
    /// Returns the kind of the record of an event, if it is limited here. Acts of moderators are not: otherwise an act
    /// could be hidden among others. Nor are passwords: most of them are only counted.
    const fn of(event: &ConsoleEvent<'_>) -> Option<Self> {
        match event {
            ConsoleEvent::Accepted { .. } => Some(Self::Accepted),
            ConsoleEvent::Closed { .. } => Some(Self::Closed),
            ConsoleEvent::CommandRefused { .. } => Some(Self::CommandRefused),
            ConsoleEvent::Detected { .. } => Some(Self::Detected),
            ConsoleEvent::Entered { .. } => Some(Self::Entered),
            ConsoleEvent::Left { by: None, .. } => Some(Self::Left),
            ConsoleEvent::Proxied { .. } => Some(Self::Proxied),
            ConsoleEvent::Refused { .. } => Some(Self::Refused),
            ConsoleEvent::Renamed { .. } => Some(Self::Renamed),
            ConsoleEvent::RoomEntered { .. } => Some(Self::RoomEntered),
            ConsoleEvent::RoomLeft { .. } => Some(Self::RoomLeft),
            ConsoleEvent::TurnedAway { .. } => Some(Self::TurnedAway),
            ConsoleEvent::BanLifted { .. }
            | ConsoleEvent::BanSet { .. }
            | ConsoleEvent::ClockSetBack { .. }
            | ConsoleEvent::Demoted { .. }
            | ConsoleEvent::HostSet { .. }
            | ConsoleEvent::Invited { .. }
            | ConsoleEvent::Kicked { .. }
            | ConsoleEvent::Left { by: Some(_), .. }
            | ConsoleEvent::LifeOver { .. }
            | ConsoleEvent::LimitsOverruled { .. }
            | ConsoleEvent::LineRemoved { .. }
            | ConsoleEvent::LogState { .. }
            | ConsoleEvent::ModesSet { .. }
            | ConsoleEvent::PasswordNotChecked { .. }
            | ConsoleEvent::PasswordWrong { .. }
            | ConsoleEvent::Promoted { .. }
            | ConsoleEvent::RehashRequested { .. }
            | ConsoleEvent::TopicSet { .. }
            | ConsoleEvent::Wallops { .. } => None,
        }
    }
}

/// The number of records of each kind in the current second, and of those that were left out.
#[derive(Debug, Default)]
pub(super) struct RecordLimits {
    counts: Mutex<RecordCounts>,
    /// Notified when records are left out that no record counts yet.
    has_left_out: Notify,
}

#[derive(Debug, Default)]
struct RecordCounts([RecordCount; RecordKind::ALL.len()]);

/// The records of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct RecordCount {
    /// The second in which the latest of them was written.
    second: u64,
    /// Number of records that were written in that second.
    written: u32,
    /// Number of records that were left out since they were last taken.
    left_out: u64,
}

impl RecordCounts {
    /// Counts a record. Returns whether it is to be written.
    fn admits(&mut self, kind: RecordKind, now: Instant) -> bool {
        let count = &mut self.0[kind as usize];
        let second = now.as_micros() / 1_000_000;
        if count.second != second {
            (count.second, count.written) = (second, 0);
        }
        let is_admitted = count.written < RECORDS_PER_SECOND_MAX;
        match is_admitted {
            true => count.written += 1,
            false => count.left_out += 1,
        }
        is_admitted
    }

    /// Returns how many records of each kind were left out since the last call.
    fn take(&mut self) -> Vec<(RecordKind, u64)> {
        let counts = RecordKind::ALL.into_iter().zip(&mut self.0);
        let counts = counts.map(|(kind, count)| (kind, std::mem::take(&mut count.left_out)));
        counts.filter(|(_, left_out)| *left_out > 0).collect()
    }
}

impl Console {
    /// Logs the number of records that were left out, a second after the first of them, until the server ends.
    pub(crate) async fn log_left_out(self) {
        loop {
            self.limits.has_left_out.notified().await;
            tokio::time::sleep(PERIOD).await;
            self.log_left_out_of_period();
        }
    }

    /// Logs the number of records that were left out, a record for each kind.
    pub(super) fn log_left_out_of_period(&self) {
        let counted = self.limits.counts.lock().unwrap_or_else(PoisonError::into_inner).take();
        for (kind, records) in counted {
            let kind = kind.name();
            let text = text!(
                self.language,
                "log records left out, for there were too many of their kind: {records}",
                "同类日志过多，已略去：{records} 条"
            );
            warn!(event = "left_out", %kind, records, "{text}");
        }
    }

    /// Counts the record of an event. Returns whether it is to be written.
    pub(super) fn admits_event(&self, event: &ConsoleEvent<'_>) -> bool {
        RecordKind::of(event).is_none_or(|kind| self.admits(kind))
    }

    /// Counts a record. Returns whether it is to be written.
    pub(super) fn admits(&self, kind: RecordKind) -> bool {
        if LevelFilter::current() < kind.level() {
            return false;
        }
        let mut counts = self.limits.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_admitted = counts.admits(kind, self.now);
        if !is_admitted {
            self.limits.has_left_out.notify_one();
        }
        is_admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn each_kind_has_its_records_in_each_second() {
        let mut counts = RecordCounts::default();
        let max = u64::from(RECORDS_PER_SECOND_MAX);
        let mut written = |kind, from_us| {
            let at = |step| Instant::from_micros(from_us + step);
            (0..max + 7).filter(|&step| counts.admits(kind, at(step))).count() as u64
        };
        assert_eq!(written(RecordKind::Entered, 0), max);
        assert_eq!(written(RecordKind::Left, SECOND / 2), max, "another kind");
        assert_eq!(written(RecordKind::Entered, SECOND - 1), max, "the next second begins");
        assert_eq!(written(RecordKind::Entered, SECOND + SECOND / 2), 0, "the same second");
        assert_eq!(counts.take(), [(RecordKind::Entered, 7 + 7 + max + 7), (RecordKind::Left, 7)]);
        assert_eq!(counts.take(), []);
    }

    #[test]
    fn each_kind_has_a_count_of_its_own() {
        let mut counts = RecordCounts::default();
        for kind in RecordKind::ALL {
            let written = (0..=RECORDS_PER_SECOND_MAX).filter(|_| counts.admits(kind, Instant::ZERO)).count();
            assert_eq!(written, 20);
        }
        assert_eq!(counts.take(), RecordKind::ALL.map(|kind| (kind, 1)));
    }
}
