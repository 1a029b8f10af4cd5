//! Answers to labelled lines (IRCv3, labeled-response): nothing becomes an `ACK`, one message is sent with the label, and
//! several are sent as a batch.

use super::tags::tag_line;
use crate::dialect::state::LabelPart;
use alloc::format;
use bytes::BytesMut;

/// The reference of the batch. A connection has at most one batch at a time.
const BATCH: &str = "label";

/// Appends a part of a labelled answer.
pub(super) fn put_label(part: &LabelPart<'_>, to: &mut BytesMut) {
    let LabelPart { label, server, bytes, is_first, is_last } = *part;
    if is_first && is_last {
        match memchr::memchr_iter(b'\n', bytes).count() {
            0 => return tag_line(format!(":{server} ACK\r\n").as_bytes(), "label", label, to),
            1 => return tag_line(bytes, "label", label, to),
            _ => {}
        }
    }
    if is_first {
        let begin = format!(":{server} BATCH +{BATCH} labeled-response\r\n");
        tag_line(begin.as_bytes(), "label", label, to);
    }
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        // What is in a batch of its own already is in this one by its beginning.
        if line.starts_with(b"@batch=") {
            to.extend_from_slice(line);
        } else {
            tag_line(line, "batch", BATCH, to);
        }
    }
    if is_last {
        to.extend_from_slice(format!(":{server} BATCH -{BATCH}\r\n").as_bytes());
    }
}
