//! Read markers: what a client has stored, and what it is told of that.

use super::Client;
use super::request::{Request, answered, changing, room_name};
use crate::model::fold::folded;
use crate::model::todo::{Change, Todo};
use crate::utc::unix_ms;
use parlor_protocol::Name;

/// Parses `MARKREAD`.
pub(super) fn mark_read(request: &Request<'_>) -> Vec<Todo> {
    let time = request.line.params.get(1).map(|time| time.strip_prefix("timestamp=").and_then(unix_ms));
    match (key(request.param(0)), time) {
        (Some(target), None) => changing(Change::Marker { target, unix_ms: None }),
        (Some(target), Some(Some(unix_ms))) => changing(Change::Marker { target, unix_ms: Some(unix_ms) }),
        _ => answered(),
    }
}

/// Returns the folded name of a room, with its `#`, or of a member.
fn key(target: &str) -> Option<String> {
    let is_name =
        if target.starts_with('#') { room_name(target).is_some() } else { Name::parse_any(target).is_ok() };
    is_name.then(|| folded(target))
}

impl Client {
    /// Moves a marker to a time that is not before it. Returns whether the client may have one more marker, or has this one.
    pub(in crate::model) fn mark(&mut self, target: &str, unix_ms: u64, markers_max: usize) -> bool {
        let may = self.markers.contains_key(target) || self.markers.len() < markers_max;
        if may {
            let marker = self.markers.entry(target.to_owned()).or_insert(unix_ms);
            *marker = unix_ms.max(*marker);
        }
        may
    }

    /// Returns the error of the first line that tells the client of a marker other than it has.
    pub(in crate::model) fn wrong_marker(&self, answer: &str) -> Option<String> {
        answer.lines().find_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let [_, "MARKREAD", target, told] = words[..] else { return None };
            let marker = key(target).and_then(|target| self.markers.get(&target).copied());
            let is_right = match told.strip_prefix("timestamp=") {
                Some(time) => marker.is_some() && unix_ms(time) == marker,
                None => told == "*" && marker.is_none(),
            };
            (!is_right).then(|| format!("{line:?} tells of a marker that is at {marker:?}"))
        })
    }
}
