//! Checking SQLite's write-ahead log before SQLite reads it.
//!
//! SQLite takes the first frame that is not whole for the end of the write-ahead log, and drops what follows without a word: after a power
//! cut, that is right. This finds what is dropped, so that a start can say so. The format is described in
//! <https://sqlite.org/fileformat.html#walformat>.

use parlor_protocol::Seq;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

/// The beginning of the file, in which the last bit says how sums are computed.
const MAGIC: u32 = 0x377F_0682;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// The limits of SQLite for the bytes of a page.
const PAGE_BYTES: std::ops::RangeInclusive<usize> = 512..=65_536;

/// The kind of page that has the rows of a table.
const TABLE_LEAF: u8 = 13;

/// The part of a write-ahead log that SQLite drops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dropped {
    /// The number of frames. One may be the frame that a process was writing when it was killed.
    pub(super) frames: u32,
    /// The last position in them, or 0. It may be in the log all the same: frames of a transaction that failed stay where they are.
    pub(super) last: Seq,
}

/// Reads a write-ahead log, which may be missing.
pub(super) fn read(path: &Path) -> io::Result<Dropped> {
    match File::open(path) {
        Ok(file) => dropped(&mut BufReader::new(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Dropped::default()),
        Err(error) => Err(error),
    }
}

fn dropped(file: &mut impl Read) -> io::Result<Dropped> {
    let mut dropped = Dropped::default();
    let mut header = [0; HEADER_BYTES];
    if !fill(file, &mut header)? {
        return Ok(dropped);
    }
    let page_bytes = word(&header, 8) as usize;
    if !PAGE_BYTES.contains(&page_bytes) || !page_bytes.is_power_of_two() {
        // Its frames cannot be told apart. Nobody knows what was in them.
        return Ok(Dropped { frames: u32::MAX, last: Seq(u64::MAX) });
    }
    let mut sums = Sums { is_big_endian: word(&header, 0) & 1 == 1, sums: (0, 0) };
    sums.add(&header[..24]);
    let mut is_whole = word(&header, 0) & !1 == MAGIC && sums.are(&header, 24);
    let mut salts = is_whole.then(|| header[16..24].to_vec());
    let mut frame = vec![0; FRAME_HEADER_BYTES + page_bytes];
    while fill(file, &mut frame)? {
        let (head, page) = frame.split_at(FRAME_HEADER_BYTES);
        let salts = salts.get_or_insert_with(|| head[8..16].to_vec());
        if head[8..16] != salts[..] {
            // It is of an earlier time: the file is used again from its beginning.
            is_whole = false;
            continue;
        }
        sums.add(&head[..8]);
        sums.add(page);
        is_whole &= sums.are(head, 16);
        if !is_whole {
            dropped.frames += 1;
            dropped.last = dropped.last.max(last_row(page, word(head, 0) == 1));
        }
    }
    Ok(dropped)
}

/// Fills a buffer. Returns false at the end of the file.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns the number of the last row on a page, if it has rows of a table. Positions are larger than the numbers of any other rows.
fn last_row(page: &[u8], is_first: bool) -> Seq {
    let header = if is_first { 100 } else { 0 };
    let row = || {
        let count = usize::from(u16::from_be_bytes([*page.get(header + 3)?, *page.get(header + 4)?]));
        let pointer = header + 8 + 2 * count.checked_sub(1)?;
        let cell = usize::from(u16::from_be_bytes([*page.get(pointer)?, *page.get(pointer + 1)?]));
        let (_, after) = number(page.get(cell..)?)?;
        number(page.get(cell + after..)?)
    };
    let is_leaf = page.get(header) == Some(&TABLE_LEAF);
    Seq(is_leaf.then(row).flatten().map_or(0, |(row, _)| row))
}

/// Reads a number of SQLite's variable length. Returns it with its length.
fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (index, &byte) in bytes.iter().take(9).enumerate() {
        if index == 8 {
            return Some((number << 8 | u64::from(byte), 9));
        }
        number = number << 7 | u64::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Some((number, index + 1));
        }
    }
    None
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The running sums of a write-ahead log: each frame's are over everything before it, too.
struct Sums {
    is_big_endian: bool,
    sums: (u32, u32),
}

impl Sums {
    fn add(&mut self, bytes: &[u8]) {
        let (mut first, mut second) = self.sums;
        for pair in bytes.chunks_exact(8) {
            let word = |at| {
                let word = word(pair, at);
                if self.is_big_endian { word } else { word.swap_bytes() }
            };
            first = first.wrapping_add(word(0)).wrapping_add(second);
            second = second.wrapping_add(word(4)).wrapping_add(first);
        }
        self.sums = (first, second);
    }

    /// Whether these are the sums that stand in the bytes.
    fn are(&self, bytes: &[u8], at: usize) -> bool {
        self.sums == (word(bytes, at), word(bytes, at + 4))
    }
}
