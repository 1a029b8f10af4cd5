//! Answers to lines with a label (IRCv3, labeled-response): none is acknowledged, one carries the label, more are
//! a batch.

use super::Hub;
use crate::base::id::ConnId;
use crate::dialect::irc::tag_line;
use crate::hub::output::Sink;
use alloc::format;
use alloc::string::String;
use bytes::BytesMut;

/// The answer to a line with a label, as far as it is made.
#[derive(Debug)]
pub(super) struct Labelled {
    label: String,
    bytes: BytesMut,
    /// The batch has begun: what was answered is on its way.
    is_batch: bool,
}

/// The only batch that a connection reads at a time.
const BATCH: &str = "label";

impl Labelled {
    /// Adds to the answer.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes what was answered so far, as a part of a batch.
    fn take_part(&mut self, server: &str) -> BytesMut {
        let mut to = BytesMut::new();
        if !core::mem::replace(&mut self.is_batch, true) {
            let begin = format!(":{server} BATCH +{BATCH} labeled-response\r\n");
            tag_line(begin.as_bytes(), "label", &self.label, &mut to);
        }
        for line in self.bytes.split_inclusive(|&byte| byte == b'\n') {
            tag_line(line, "batch", BATCH, &mut to);
        }
        self.bytes.clear();
        to
    }
}

impl Hub {
    /// From here on, what is written to the connection answers a line with this label; with `None`, the answer is
    /// whole.
    pub(super) fn label(&mut self, conn: ConnId, label: Option<String>, sink: &mut impl Sink) {
        let Some(connection) = self.connection(conn) else { return };
        if let Some(label) = label {
            connection.label = Some(Labelled { label, bytes: BytesMut::new(), is_batch: false }.into());
            return;
        }
        let Some(mut labelled) = connection.label.take() else { return };
        let server = &self.options.identity.name;
        let lines = memchr::memchr_iter(b'\n', &labelled.bytes).count();
        let mut to = BytesMut::new();
        match lines {
            0 if !labelled.is_batch => {
                tag_line(format!(":{server} ACK\r\n").as_bytes(), "label", &labelled.label, &mut to);
            }
            1 if !labelled.is_batch => tag_line(&labelled.bytes, "label", &labelled.label, &mut to),
            _ => {
                to = labelled.take_part(server);
                to.extend_from_slice(format!(":{server} BATCH -{BATCH}\r\n").as_bytes());
            }
        }
        self.write(conn, &to, sink);
    }

    /// The connection is to be closed: it reads first what was answered.
    pub(super) fn cut_label(&mut self, conn: ConnId, sink: &mut impl Sink) {
        let label = self.connection(conn).and_then(|connection| connection.label.as_ref());
        if label.is_some_and(|label| label.is_batch || !label.bytes.is_empty()) {
            self.label(conn, None, sink);
        }
    }

    /// A connection has to wait for something. What it was answered so far goes on its way, as a part of a batch: what
    /// it hears meanwhile is not to overtake that.
    pub(super) fn write_part(&mut self, conn: ConnId, sink: &mut impl Sink) {
        let Some(connection) = self.connection(conn) else { return };
        let Some(mut label) = connection.label.take_if(|label| !label.bytes.is_empty()) else { return };
        let part = label.take_part(&self.options.identity.name);
        self.write(conn, &part, sink);
        if let Some(connection) = self.connection(conn) {
            connection.label = Some(label);
        }
    }
}
