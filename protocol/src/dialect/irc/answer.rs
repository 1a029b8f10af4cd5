//! The answers to queries of IRC clients, from the current world.

pub(super) mod bans;
mod help;
mod hint;
pub(super) mod history;
pub(super) mod people;
pub(super) mod redact;
pub(super) mod rooms;
pub(super) mod server;

use super::numeric;
use super::query::{Answers, Asker, Query};
use crate::base::person::UserModes;
use alloc::string::String;
use alloc::vec::Vec;

impl Query {
    /// Writes the answer, or one page of it. Returns the query for the next page, if there is one.
    pub(crate) fn answer(self, asker: &Asker<'_>, to: &mut Answers<'_>) -> Option<Self> {
        match self {
            Self::WithParams(answer, params) => answer(asker, &params, to),
            Self::Bans(from) => return bans::bans(asker, from, to),
            Self::Cap(subcommand, list) => server::cap(asker, subcommand, &list, to),
            Self::Entered { room, marker, with_names } => {
                return rooms::entered(asker, &room, marker, with_names, to);
            }
            Self::FailAbout { command, code, about, words } => {
                let about: String = about.iter().flat_map(|param| [" ", param]).collect();
                to.message(format_args!("FAIL {command} {code}{about} :{words}"));
            }
            Self::HistoryPage(unwritten) => return history::messages(unwritten, asker, to),
            Self::Fail(kind, command, code, words) => server::fail(asker, (kind, &command, code, words), to),
            Self::Help(subject) => help::help(subject.as_deref(), to),
            Self::Hint(hint) => hint::hint(hint, asker.options.language, to),
            Self::List { filter, from } => return rooms::list(asker, filter, from, to),
            Self::MaskList(room, list, from) => return rooms::mask_list(asker, room, list, from, to),
            Self::ModeIs(room) => rooms::mode_is(asker, &room, to),
            Self::MonitorStatus { names, over_limit } => {
                return people::monitor_status(asker, names, over_limit, to);
            }
            Self::Names { rooms, index, from } => return rooms::names(asker, rooms, index, from, to),
            Self::Numeric(numeric, params) => {
                let params: Vec<&str> = params.iter().map(String::as_str).collect();
                to.numeric(numeric, &params);
            }
            Self::ReadMarker(shown, unix_ms) => rooms::read_marker(&shown, unix_ms, to),
            Self::WithoutParams(answer) => answer(asker, to),
            Self::TopicIs(room) => rooms::topic_is(asker, &room, to),
            Self::UserModesChanged { on, off } => user_modes_changed(on, off, to),
            Self::Who { search, from } => return people::who(asker, search, from, to),
            // `act_on` has replaced these by actions or by another query.
            Self::History(_)
            | Self::HistoryTargets { .. }
            | Self::LeaveAll
            | Self::MarkRead { .. }
            | Self::MonitorAll
            | Self::Redact(_)
            | Self::SetBan(_)
            | Self::SetCapabilities(..)
            | Self::UserModes { .. } => {}
        }
        None
    }
}

/// Writes the change of the asker's user modes.
fn user_modes_changed(on: UserModes, off: UserModes, to: &mut Answers<'_>) {
    let sign = |sign: &'static str, modes: UserModes| if modes == UserModes::NONE { "" } else { sign };
    if on == UserModes::NONE && off == UserModes::NONE {
        return;
    }
    let name = String::from(to.name());
    to.message_from_asker(format_args!("MODE {name} :{}{on}{}{off}", sign("+", on), sign("-", off)));
}

/// Writes the numeric for a room that does not exist, or that is hidden from the asker.
fn no_such_room(room: &crate::base::name::RoomName, to: &mut Answers<'_>) {
    to.numeric(numeric::ERR_NOSUCHCHANNEL, &[&alloc::format!("{room:#}")]);
}
