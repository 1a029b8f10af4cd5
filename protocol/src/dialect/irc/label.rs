//! Answers to lines with a label (IRCv3, labeled-response): an empty one is acknowledged, a message carries the label, more
//! of them are a batch.

use super::tags::tag_line;
use crate::dialect::state::LabelPart;
use alloc::format;
use bytes::BytesMut;

/// The only batch that a connection reads at a time.
const BATCH: &str = "label";

/// Appends a part of the answer.
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
        tag_line(line, "batch", BATCH, to);
    }
    if is_last {
        to.extend_from_slice(format!(":{server} BATCH -{BATCH}\r\n").as_bytes());
    }
}
