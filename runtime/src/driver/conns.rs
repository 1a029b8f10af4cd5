//! The streams of the connections, by slot, and writing to them.

use super::ready::{ReadyFlag, ReadyList};
use parlor_protocol::{ConnId, Wire};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Slices of one vectored write. The outbox never passes more.
const SLICES_MAX: usize = 64;

/// The streams of all connections.
#[derive(Debug)]
pub(super) struct Conns<S> {
    slots: Vec<Option<Conn<S>>>,
    /// Connections whose stream failed during a flush.
    broken: Vec<ConnId>,
    ready: Arc<ReadyList>,
}

#[derive(Debug)]
pub(super) struct Conn<S> {
    id: ConnId,
    stream: S,
    flag: Arc<ReadyFlag>,
    waker: Waker,
    /// Whether the core has paused reading.
    pub(super) reads_paused: bool,
    /// Whether the peer has not closed its side.
    read_open: bool,
    /// Whether the socket was full at the last write.
    write_blocked: bool,
    finish: Finish,
    broken: bool,
}

/// The progress of closing the sending side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finish {
    Done,
    No,
    Wanted,
}

/// The result of one read.
#[derive(Debug)]
pub(super) enum Read {
    /// This many bytes are in the buffer.
    Bytes(usize),
    /// The stream failed.
    Broken,
    /// The peer has closed its side.
    End,
    /// Nothing to read, or reading is paused.
    Nothing,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conns<S> {
    pub(super) const fn new(ready: Arc<ReadyList>) -> Self {
        Self { slots: Vec::new(), broken: Vec::new(), ready }
    }

    /// Inserts the stream of a new connection, and lists it to be read.
    pub(super) fn insert(&mut self, id: ConnId, stream: S) {
        let slot = id.slot as usize;
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, || None);
        }
        let flag = Arc::new(ReadyFlag::new(Arc::clone(&self.ready), id.slot));
        flag.list();
        self.slots[slot] = Some(Conn {
            id,
            stream,
            waker: Waker::from(Arc::clone(&flag)),
            flag,
            reads_paused: false,
            read_open: true,
            write_blocked: false,
            finish: Finish::No,
            broken: false,
        });
    }

    /// Drops a connection's stream; returns whether there was one.
    pub(super) fn remove(&mut self, id: ConnId) -> bool {
        self.slots.get_mut(id.slot as usize).and_then(|conn| conn.take_if(|conn| conn.id == id)).is_some()
    }

    pub(super) fn get(&mut self, id: ConnId) -> Option<&mut Conn<S>> {
        self.in_slot(id.slot).filter(|conn| conn.id == id)
    }

    pub(super) fn in_slot(&mut self, slot: u32) -> Option<&mut Conn<S>> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// Returns the number of streams.
    pub(super) fn count(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    /// Returns all connections that have a stream.
    pub(super) fn ids(&self) -> Vec<ConnId> {
        self.slots.iter().flatten().map(Conn::id).collect()
    }

    /// Returns a connection whose stream failed during a flush.
    pub(super) fn next_broken(&mut self) -> Option<ConnId> {
        self.broken.pop()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conn<S> {
    pub(super) const fn id(&self) -> ConnId {
        self.id
    }

    /// Begins to serve the connection. Returns whether its socket was full, and may have room now.
    pub(super) fn begin_turn(&mut self) -> bool {
        self.flag.clear();
        core::mem::take(&mut self.write_blocked)
    }

    /// Lists the connection for the next tick.
    pub(super) fn list(&self) {
        self.flag.list();
    }

    /// Reads once.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Read {
        if self.reads_paused || !self.read_open {
            return Read::Nothing;
        }
        let mut buffer = ReadBuf::new(buffer);
        let mut cx = Context::from_waker(&self.waker);
        match Pin::new(&mut self.stream).poll_read(&mut cx, &mut buffer) {
            Poll::Pending => Read::Nothing,
            Poll::Ready(Err(_)) => Read::Broken,
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                self.read_open = false;
                Read::End
            }
            Poll::Ready(Ok(())) => Read::Bytes(buffer.filled().len()),
        }
    }

    /// Closes the sending side, if requested. Returns whether both sides are closed, so that the stream can be dropped.
    pub(super) fn finish(&mut self) -> io::Result<bool> {
        if self.finish == Finish::Wanted {
            let mut cx = Context::from_waker(&self.waker);
            match Pin::new(&mut self.stream).poll_shutdown(&mut cx) {
                Poll::Pending => {}
                Poll::Ready(result) => {
                    result?;
                    self.finish = Finish::Done;
                }
            }
        }
        Ok(self.finish == Finish::Done && !self.read_open)
    }

    /// Writes as much as the socket accepts; its waker reports when there is room for the rest.
    fn write(&mut self, slices: &[&[u8]]) -> io::Result<usize> {
        let mut cx = Context::from_waker(&self.waker);
        let total: usize = slices.iter().map(|slice| slice.len()).sum();
        let mut written = 0;
        while written < total {
            let step = match *slices {
                [slice] => Pin::new(&mut self.stream).poll_write(&mut cx, &slice[written..]),
                _ => {
                    let mut left = [IoSlice::new(&[]); SLICES_MAX];
                    let count = after(slices, written, &mut left);
                    Pin::new(&mut self.stream).poll_write_vectored(&mut cx, &left[..count])
                }
            };
            match step {
                Poll::Pending => {
                    self.write_blocked = true;
                    break;
                }
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => written += count,
                Poll::Ready(Err(error)) => return Err(error),
            }
        }
        Ok(written)
    }
}

/// Puts the slices behind their first `skipped` bytes into `to`; returns their number.
fn after<'a>(slices: &[&'a [u8]], mut skipped: usize, to: &mut [IoSlice<'a>]) -> usize {
    let mut count = 0;
    for slice in slices {
        let skip = skipped.min(slice.len());
        skipped -= skip;
        if skip < slice.len() {
            to[count] = IoSlice::new(&slice[skip..]);
            count += 1;
        }
    }
    count
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire for Conns<S> {
    fn finish(&mut self, id: ConnId) {
        if let Some(conn) = self.get(id) {
            conn.finish = Finish::Wanted;
            conn.list();
        }
    }

    fn write(&mut self, id: ConnId, slices: &[&[u8]]) -> usize {
        let total = slices.iter().map(|slice| slice.len()).sum();
        let Some(conn) = self.get(id).filter(|conn| !conn.broken) else { return total };
        match conn.write(slices) {
            Ok(written) => written,
            // Nobody will read it, so it counts as written.
            Err(_) => {
                conn.broken = true;
                self.broken.push(id);
                total
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_partial_write_the_rest_follows() {
        let slices = [&b"one"[..], b"", b"two", b"3"];
        let whole = slices.concat();
        for written in 0..=whole.len() {
            let mut left = [IoSlice::new(&[]); SLICES_MAX];
            let count = after(&slices, written, &mut left);
            assert!(left[..count].iter().all(|slice| !slice.is_empty()), "{written}");
            let rest: Vec<u8> = left[..count].iter().flat_map(|slice| slice.iter().copied()).collect();
            assert_eq!(rest, whole[written..], "{written}");
        }
    }
}
