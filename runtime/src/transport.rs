//! The network as the driver uses it: listeners, and the streams that they accept.
//!
//! The driver owns both directions of a stream and polls them in one task. Nothing is split or locked, so Tokio's
//! streams, TLS streams and simulated ones can be used directly.

mod tcp;

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// A source of connections.
pub trait Listener {
    /// The stream of a connection.
    type Stream: AsyncRead + AsyncWrite + Unpin;

    /// Polls for the next connection and the address of its peer.
    ///
    /// # Errors
    /// A connection could not be accepted. Later calls may succeed.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Stream, SocketAddr)>>;
}

pub use tcp::{DeadPeerTimeout, SocketBuffers, TcpConnection, TcpListening};
