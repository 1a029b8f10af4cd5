//! Answers to lines with a label: what is answered is gathered, and the dialect shows where it begins and ends.

use super::Hub;
use crate::base::id::ConnId;
use crate::dialect::state::LabelPart;
use crate::hub::output::Sink;
use alloc::string::String;
use bytes::BytesMut;

/// The answer to a line with a label, as far as it is made.
#[derive(Debug)]
pub(super) struct Labelled {
    label: String,
    bytes: BytesMut,
    /// Whether a part of it is on its way.
    has_begun: bool,
}

impl Labelled {
    /// Adds to the answer.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

impl Hub {
    /// From here on, what is written to the connection answers a line with this label; with `None`, the answer is
    /// whole.
    pub(super) fn label(&mut self, conn: ConnId, label: Option<String>, sink: &mut impl Sink) {
        let Some(connection) = self.connection(conn) else { return };
        if let Some(label) = label {
            connection.label = Some(Labelled { label, bytes: BytesMut::new(), has_begun: false }.into());
        } else if let Some(labelled) = connection.label.take() {
            self.write_label(conn, &labelled, true, sink);
        }
    }

    /// Writes what is gathered of the answer to a line with a label.
    fn write_label(&mut self, conn: ConnId, labelled: &Labelled, is_last: bool, sink: &mut impl Sink) {
        let Labelled { label, bytes, has_begun } = labelled;
        let identity = self.options.identity.clone();
        let part = LabelPart { label, server: &identity.name, bytes, is_first: !has_begun, is_last };
        let mut to = BytesMut::new();
        if let Some(session) = self.session(conn) {
            session.dialect().label(&part, &mut to);
        }
        self.write(conn, &to, sink);
    }

    /// The connection is to be closed: it reads first what was answered.
    pub(super) fn cut_label(&mut self, conn: ConnId, sink: &mut impl Sink) {
        let label = self.connection(conn).and_then(|connection| connection.label.as_ref());
        if label.is_some_and(|label| label.has_begun || !label.bytes.is_empty()) {
            self.label(conn, None, sink);
        }
    }

    /// A connection has to wait for something. What it was answered so far goes on its way, as a part of a batch: what
    /// it hears meanwhile is not to overtake that.
    pub(super) fn write_part(&mut self, conn: ConnId, sink: &mut impl Sink) {
        let Some(connection) = self.connection(conn) else { return };
        let Some(mut labelled) = connection.label.take_if(|label| !label.bytes.is_empty()) else { return };
        self.write_label(conn, &labelled, false, sink);
        labelled.bytes.clear();
        labelled.has_begun = true;
        if let Some(connection) = self.connection(conn) {
            connection.label = Some(labelled);
        }
    }
}
