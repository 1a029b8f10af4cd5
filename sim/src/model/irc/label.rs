//! The answer to a labelled line: an `ACK` if it is empty, a single line, or a batch of several lines.

use crate::expectation::Event;

/// The answers to a labelled line so far.
#[derive(Debug)]
pub(in crate::model) struct Answered {
    label: String,
    pub(in crate::model) gathered: Vec<u8>,
    /// The events in `gathered`, with the places of their bytes.
    pub(in crate::model) events: Vec<Event>,
    /// Whether a part of the answer has been sent, in a batch.
    begun: bool,
}

impl Answered {
    pub(in crate::model) const fn new(label: String) -> Self {
        Self { label, gathered: Vec::new(), events: Vec::new(), begun: false }
    }

    pub(in crate::model) const fn is_batch(&self) -> bool {
        self.begun
    }

    /// Whether nothing was answered so far.
    pub(in crate::model) const fn is_empty(&self) -> bool {
        !self.begun && self.gathered.is_empty()
    }

    /// Removes and returns the gathered lines as the next part of a batch, with the places of the events in it.
    pub(in crate::model) fn part(&mut self, server: &str) -> (Vec<u8>, Vec<Event>) {
        if self.gathered.is_empty() {
            return <_>::default();
        }
        let mut part = Vec::new();
        if !std::mem::replace(&mut self.begun, true) {
            part = tagged(&format!(":{server} BATCH +label labeled-response\r\n"), "label", &self.label);
        }
        let events = self.take_tagged("batch", "label", &mut part);
        (part, events)
    }

    /// Returns the rest of the answer and its end, with the places of the events in it.
    pub(in crate::model) fn end(mut self, server: &str) -> (Vec<u8>, Vec<Event>) {
        let lines = self.gathered.iter().filter(|byte| **byte == b'\n').count();
        match (self.begun, lines) {
            (false, 0) => (tagged(&format!(":{server} ACK\r\n"), "label", &self.label), Vec::new()),
            (false, 1) => {
                let (label, mut line) = (self.label.clone(), Vec::new());
                let events = self.take_tagged("label", &label, &mut line);
                (line, events)
            }
            _ => {
                let (mut part, events) = self.part(server);
                part.extend_from_slice(format!(":{server} BATCH -label\r\n").as_bytes());
                (part, events)
            }
        }
    }

    /// Appends the gathered lines, each with one more tag. Returns the places of the events in `to`.
    fn take_tagged(&mut self, key: &str, value: &str, to: &mut Vec<u8>) -> Vec<Event> {
        let gathered = String::from_utf8(std::mem::take(&mut self.gathered)).expect("lines are UTF-8");
        let mut events = std::mem::take(&mut self.events);
        let (mut next, mut start) = (0, 0);
        for line in gathered.split_inclusive('\n') {
            let (from, end) = (to.len(), start + line.len());
            if key == "batch" && line.starts_with("@batch=") {
                // It is in a batch within this one.
                to.extend_from_slice(line.as_bytes());
            } else {
                to.append(&mut tagged(line, key, value));
            }
            if let Some(event) = events.get_mut(next) {
                if event.place.start == start {
                    event.place.start = from;
                }
                if event.place.end == end {
                    event.place.end = to.len();
                    next += 1;
                }
            }
            start = end;
        }
        events
    }
}

/// Returns a line with one more tag.
fn tagged(line: &str, key: &str, value: &str) -> Vec<u8> {
    let mut escaped = String::new();
    for character in value.chars() {
        match character {
            ';' => escaped += "\\:",
            ' ' => escaped += "\\s",
            '\\' => escaped += "\\\\",
            '\r' => escaped += "\\r",
            '\n' => escaped += "\\n",
            other => escaped.push(other),
        }
    }
    match line.strip_prefix('@') {
        Some(rest) => format!("@{key}={escaped};{rest}").into_bytes(),
        None => format!("@{key}={escaped} {line}").into_bytes(),
    }
}
