//! Implementations of the driver's listener and clock on turmoil.

use super::chaos::{Chaos, ChaosStream};
use crate::scenario::BEGAN_UNIX_MS;
use parlor_protocol::{Instant, Now};
use parlor_runtime::clock::Clock;
use parlor_runtime::transport::Listener;
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use turmoil::net::{TcpListener, TcpStream};

type Accepting = Pin<Box<dyn Future<Output = io::Result<(TcpStream, SocketAddr)>>>>;

/// A listener for streams with faults.
pub(super) struct SimListener {
    listener: Rc<TcpListener>,
    accepting: Accepting,
    chaos: Rc<RefCell<Chaos>>,
}

impl SimListener {
    pub(super) fn new(listener: TcpListener, chaos: Rc<RefCell<Chaos>>) -> Self {
        let listener = Rc::new(listener);
        Self { accepting: accept(Rc::clone(&listener)), listener, chaos }
    }
}

fn accept(listener: Rc<TcpListener>) -> Accepting {
    Box::pin(async move { listener.accept().await })
}

impl fmt::Debug for SimListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimListener")
    }
}

impl Listener for SimListener {
    type Stream = ChaosStream<TcpStream>;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Stream, SocketAddr)>> {
        let accepted = ready!(self.accepting.as_mut().poll(cx));
        self.accepting = accept(Rc::clone(&self.listener));
        let (stream, peer) = accepted?;
        Poll::Ready(Ok((ChaosStream::new(stream, Rc::clone(&self.chaos)), peer)))
    }
}

/// The clock of the simulation.
#[derive(Clone, Copy, Debug)]
pub(super) struct SimClock;

impl Clock for SimClock {
    fn now(&self) -> Now {
        let elapsed = turmoil::sim_elapsed().unwrap_or_default();
        let us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        Now { mono: Instant::from_micros(us), unix_ms: BEGAN_UNIX_MS + us / 1_000 }
    }
}
