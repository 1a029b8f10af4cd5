//! What the driver needs of a network: streams, and listeners that accept them.
//!
//! The driver owns both directions of a stream and polls them in one task, so nothing is split and nothing
//! is locked: Tokio's streams, a TLS stream and a simulated one are all used as they are.

mod tcp;

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// A source of connections.
pub trait Listener {
    /// A connection of this listener.
    type Stream: AsyncRead + AsyncWrite + Unpin;

    /// The next connection and its other end.
    ///
    /// # Errors
    /// The connection could not be accepted; later ones may be.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Stream, SocketAddr)>>;
}

pub use tcp::{TcpConnection, TcpListening, Vanishing};
