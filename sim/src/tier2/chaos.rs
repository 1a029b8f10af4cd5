//! Faults of streams that turmoil does not have: short reads, short writes, and spurious `Pending`.

use crate::source::Source;
use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The probability of each fault, in a thousand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rates {
    pub(super) short_read: u64,
    pub(super) short_write: u64,
    pub(super) pending: u64,
}

/// Number of faults of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChaosCounts {
    /// Reads and writes that returned `Pending` without a reason.
    pub pending: u64,
    /// Reads that returned less than had arrived.
    pub short_reads: u64,
    /// Writes that took less than they were given.
    pub short_writes: u64,
}

/// The source and the rates of faults, which all streams of a run share.
#[derive(Debug)]
pub(super) struct Chaos {
    pub(super) source: Source<'static>,
    pub(super) rates: Rates,
    pub(super) counts: ChaosCounts,
}

/// A stream with faults.
#[derive(Debug)]
pub(super) struct ChaosStream<S> {
    stream: S,
    chaos: Rc<RefCell<Chaos>>,
}

impl<S> ChaosStream<S> {
    pub(super) const fn new(stream: S, chaos: Rc<RefCell<Chaos>>) -> Self {
        Self { stream, chaos }
    }

    /// Whether this call returns `Pending` without a reason. If so, the task is woken at once.
    fn is_pending(&self, cx: &Context<'_>) -> bool {
        let mut chaos = self.chaos.borrow_mut();
        let per_mille = chaos.rates.pending;
        let again = chaos.source.chance(per_mille);
        if again {
            chaos.counts.pending += 1;
            cx.waker().wake_by_ref();
        }
        again
    }

    /// Returns how many of `count` bytes a write takes: at least one.
    fn write_count(&self, count: usize) -> usize {
        let mut chaos = self.chaos.borrow_mut();
        let per_mille = chaos.rates.short_write;
        if count > 1 && chaos.source.chance(per_mille) {
            chaos.counts.short_writes += 1;
            return 1 + chaos.source.index(count - 1);
        }
        count
    }

    fn read_count(&self, count: usize) -> usize {
        let mut chaos = self.chaos.borrow_mut();
        let per_mille = chaos.rates.short_read;
        if count > 1 && chaos.source.chance(per_mille) {
            chaos.counts.short_reads += 1;
            return 1 + chaos.source.index((count - 1).min(64));
        }
        count
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ChaosStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_pending(cx) {
            return Poll::Pending;
        }
        let count = self.read_count(buffer.remaining());
        let mut part = vec![0; count];
        let mut short = ReadBuf::new(&mut part);
        let polled = Pin::new(&mut self.stream).poll_read(cx, &mut short);
        buffer.put_slice(short.filled());
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ChaosStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_pending(cx) {
            return Poll::Pending;
        }
        let count = self.write_count(bytes.len());
        Pin::new(&mut self.stream).poll_write(cx, &bytes[..count])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_pending(cx) {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_pending(cx) {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
