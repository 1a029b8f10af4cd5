//! Answers to labelled lines (IRCv3, labeled-response).
//!
//! Everything written to the connection on behalf of its line is collected until the line is done; the dialect then
//! shows where the answer begins and ends. A labelled line runs alone: it waits for the commands before it.

use super::Hub;
use crate::base::id::ConnId;
use crate::dialect::state::LabelPart;
use crate::hub::output::Sink;
use alloc::string::String;
use bytes::BytesMut;

/// The answer to a labelled line, as far as it has been collected.
#[derive(Debug)]
pub(super) struct Labelled {
    label: String,
    bytes: BytesMut,
    /// Whether a part of the answer has been written.
    has_begun: bool,
}

impl Labelled {
    /// Adds to the answer.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

impl Hub {
    /// Starts to collect the answer to a line with this label; with `None`, writes the collected answer.
    pub(super) fn label(&mut self, conn: ConnId, label: Option<String>, sink: &mut impl Sink) {
        let Some(connection) = self.connection(conn) else { return };
        if let Some(label) = label {
            connection.label = Some(Labelled { label, bytes: BytesMut::new(), has_begun: false }.into());
        } else if let Some(labelled) = connection.label.take() {
            self.write_label(conn, &labelled, true, sink);
        }
    }

    /// Writes the collected part of an answer.
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

    /// Writes the collected answer of a connection that is about to close.
    pub(super) fn cut_label(&mut self, conn: ConnId, sink: &mut impl Sink) {
        let label = self.connection(conn).and_then(|connection| connection.label.as_ref());
        if label.is_some_and(|label| label.has_begun || !label.bytes.is_empty()) {
            self.label(conn, None, sink);
        }
    }

    /// Writes the collected part of the answer because the line has to wait, for the log or for its reader. Otherwise
    /// events of the room would overtake it, and the author would read another order than that of the log.
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
