//! Answers to a line with a label: none, one, or a batch of them.

/// What a line was answered so far.
#[derive(Debug)]
pub(in crate::model) struct Answered {
    label: String,
    pub(in crate::model) gathered: Vec<u8>,
    /// Some of it is on its way, in a batch.
    begun: bool,
}

impl Answered {
    pub(in crate::model) const fn new(label: String) -> Self {
        Self { label, gathered: Vec::new(), begun: false }
    }

    pub(in crate::model) const fn is_batch(&self) -> bool {
        self.begun
    }

    /// Nothing was answered so far.
    pub(in crate::model) const fn is_empty(&self) -> bool {
        !self.begun && self.gathered.is_empty()
    }

    /// What was gathered, as the next part of a batch.
    pub(in crate::model) fn part(&mut self, server: &str) -> Vec<u8> {
        if self.gathered.is_empty() {
            return Vec::new();
        }
        let mut part = Vec::new();
        if !std::mem::replace(&mut self.begun, true) {
            part = tagged(&format!(":{server} BATCH +label labeled-response\r\n"), "label", &self.label);
        }
        let gathered = String::from_utf8(std::mem::take(&mut self.gathered)).expect("lines are UTF-8");
        for line in gathered.split_inclusive('\n') {
            part.append(&mut tagged(line, "batch", "label"));
        }
        part
    }

    /// The rest of it, and its end.
    pub(in crate::model) fn end(mut self, server: &str) -> Vec<u8> {
        let lines = self.gathered.iter().filter(|byte| **byte == b'\n').count();
        match (self.begun, lines) {
            (false, 0) => tagged(&format!(":{server} ACK\r\n"), "label", &self.label),
            (false, 1) => {
                let line = String::from_utf8(self.gathered).expect("lines are UTF-8");
                tagged(&line, "label", &self.label)
            }
            _ => {
                let mut part = self.part(server);
                part.extend_from_slice(format!(":{server} BATCH -label\r\n").as_bytes());
                part
            }
        }
    }
}

/// A line with one tag more.
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
