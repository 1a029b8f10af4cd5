//! TCP through the operating system.

mod connection;

use super::Listener;
pub use connection::TcpConnection;
use parlor_protocol::Limits;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::TcpListener;

/// The length of the queue of connections to be accepted. The kernel may lower it (`net.core.somaxconn`).
const LISTEN_BACKLOG: i32 = 4_096;

/// The time after which a connection ends if its peer's host no longer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadPeerTimeout {
    /// Milliseconds since the last sign of life, within [`RANGE_MS`](Self::RANGE_MS).
    pub ms: u64,
}

impl DeadPeerTimeout {
    /// The range that the kernel supports: it counts in seconds, up to 32,767 of them (Linux's `TCP_KEEPIDLE`).
    pub const RANGE_MS: std::ops::RangeInclusive<u64> = 2_000..=2 * 32_767_000;

    /// The divisor that gives the silence before the first probe: half of the time.
    const IDLE_SHARE: u64 = 2;
    /// Unanswered probes in the other half; the next one would be due when the connection ends.
    const PROBES: u32 = 3;

    /// Sets the options of a socket: keep-alive probes on a silent connection (RFC 9293, section 3.8.4), and a limit for
    /// the acknowledgement of sent data (RFC 5482).
    fn apply(self, socket: &SockRef<'_>) -> io::Result<()> {
        let idle = Duration::from_millis(self.ms / Self::IDLE_SHARE);
        let interval = Duration::from_millis(self.ms / Self::IDLE_SHARE / u64::from(Self::PROBES));
        let keepalive = TcpKeepalive::new().with_time(at_least_a_second(idle));
        #[cfg(any(target_os = "linux", target_os = "android", target_os = "macos", target_os = "freebsd"))]
        let keepalive = keepalive.with_interval(at_least_a_second(interval)).with_retries(Self::PROBES);
        socket.set_tcp_keepalive(&keepalive)?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        socket.set_tcp_user_timeout(Some(Duration::from_millis(self.ms)))?;
        Ok(())
    }
}

/// The sizes of the kernel's buffers of a connection, in bytes of data.
///
/// By default, Linux lets both grow to several megabytes (`tcp_wmem`, `tcp_rmem`), which no limit of the server would
/// count. A size that is set is doubled, to allow for the kernel's own records (socket(7)), and does not grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketBuffers {
    /// Size of the buffer of received data.
    pub receive_bytes: usize,
    /// Size of the buffer of data that the peer has not acknowledged.
    pub send_bytes: usize,
    /// Maximum number of bytes in the send buffer that were not sent yet.
    pub unsent_bytes: usize,
}

impl SocketBuffers {
    /// Returns the sizes that the limits demand.
    #[must_use]
    pub const fn of(limits: &Limits) -> Self {
        Self {
            receive_bytes: limits.socket_receive_bytes,
            send_bytes: limits.socket_send_bytes,
            unsent_bytes: limits.socket_unsent_bytes,
        }
    }

    /// Sets the options of a socket that will listen. The sockets that it accepts inherit them. The size of the receive
    /// buffer must be known before a connection begins, because it determines the scale of the window (tcp(7)).
    fn apply(self, socket: &Socket) -> io::Result<()> {
        socket.set_recv_buffer_size(self.receive_bytes)?;
        socket.set_send_buffer_size(self.send_bytes)?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        socket.set_tcp_notsent_lowat(self.unsent_bytes.try_into().unwrap_or(u32::MAX))?;
        Ok(())
    }

    /// Returns the sizes in force: the kernel reduces a size above `net.core.wmem_max` or `net.core.rmem_max` without an
    /// error.
    fn in_force(self, socket: &Socket) -> io::Result<Self> {
        // Linux returns the doubled size.
        let factor = if cfg!(any(target_os = "linux", target_os = "android")) { 2 } else { 1 };
        let receive_bytes = socket.recv_buffer_size()? / factor;
        let send_bytes = socket.send_buffer_size()? / factor;
        Ok(Self { receive_bytes, send_bytes, ..self })
    }
}

fn at_least_a_second(duration: Duration) -> Duration {
    duration.max(Duration::from_secs(1))
}

/// The error for an accepted connection that does not take its options. It is dropped.
#[derive(Debug)]
struct OptionsError {
    peer: SocketAddr,
    error: io::Error,
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peer, error } = self;
        write!(f, "{peer} does not take its socket options: {error}")
    }
}

impl std::error::Error for OptionsError {}

/// A listening TCP socket.
#[derive(Debug)]
pub struct TcpListening {
    listener: TcpListener,
    dead_peer_timeout: DeadPeerTimeout,
    buffers: SocketBuffers,
}

impl TcpListening {
    /// Listens on an address; its connections have buffers of these sizes. An IPv6 address accepts only IPv6 connections, so that `0.0.0.0` and `[::]` can be used
    /// together. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// The address is in use, does not belong to this machine, or needs a privilege.
    pub fn bind(
        address: SocketAddr,
        dead_peer_timeout: DeadPeerTimeout,
        buffers: SocketBuffers,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // Lets a server start again while its old connections are in TIME_WAIT. (On Windows, the option means something
        // else, and the default is right.)
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        buffers.apply(&socket)?;
        let buffers = buffers.in_force(&socket)?;
        socket.bind(&address.into())?;
        socket.listen(LISTEN_BACKLOG)?;
        Ok(Self { listener: TcpListener::from_std(socket.into())?, dead_peer_timeout, buffers })
    }

    /// Returns the local address, with the port that the system chose if the port was 0.
    ///
    /// # Errors
    /// The system cannot tell the address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Returns the sizes of the kernel's buffers in force. They may be smaller than those that were demanded.
    #[must_use]
    pub const fn buffers(&self) -> SocketBuffers {
        self.buffers
    }
}

impl Listener for TcpListening {
    type Stream = TcpConnection;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpConnection, SocketAddr)>> {
        let (stream, peer) = ready!(self.listener.poll_accept(cx))?;
        // No Nagle delay: a tick already combines its lines into one write.
        let set =
            stream.set_nodelay(true).and_then(|()| self.dead_peer_timeout.apply(&SockRef::from(&stream)));
        let connection = set.and_then(|()| TcpConnection::new(stream));
        // The connection is broken, or the system is short of memory for it: the next one may be accepted.
        let refuse = |error| io::Error::new(io::ErrorKind::ConnectionAborted, OptionsError { peer, error });
        Poll::Ready(connection.map(|connection| (connection, peer)).map_err(refuse))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes that no default is likely to have.
    const BUFFERS: SocketBuffers =
        SocketBuffers { receive_bytes: 20_000, send_bytes: 30_000, unsent_bytes: 10_000 };

    #[test]
    fn a_connection_that_does_not_take_its_options_is_an_error_of_its_own() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            // One second more of silence than the kernel takes.
            let dead_peer_timeout = DeadPeerTimeout { ms: DeadPeerTimeout::RANGE_MS.end() + 2_000 };
            let mut listening =
                TcpListening::bind("127.0.0.1:0".parse().unwrap(), dead_peer_timeout, BUFFERS).unwrap();
            let address = listening.local_addr().unwrap();
            let client = tokio::net::TcpStream::connect(address).await.unwrap();
            let error = std::future::poll_fn(|cx| listening.poll_accept(cx)).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted, "the next connection may be accepted");
            let peer = client.local_addr().unwrap().to_string();
            assert!(error.to_string().starts_with(&peer), "{error}");
        });
    }

    #[test]
    fn a_connection_takes_the_ends_of_the_range() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            for ms in [*DeadPeerTimeout::RANGE_MS.start(), *DeadPeerTimeout::RANGE_MS.end()] {
                let mut listening =
                    TcpListening::bind("127.0.0.1:0".parse().unwrap(), DeadPeerTimeout { ms }, BUFFERS)
                        .unwrap();
                let _client = tokio::net::TcpStream::connect(listening.local_addr().unwrap()).await.unwrap();
                let (stream, _) = std::future::poll_fn(|cx| listening.poll_accept(cx)).await.unwrap();
                let silence = stream.socket().tcp_keepalive_time().unwrap();
                assert_eq!(silence, Duration::from_millis(ms / 2), "{ms} ms");
            }
        });
    }

    #[test]
    fn an_accepted_socket_detects_dead_hosts() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let dead_peer_timeout = DeadPeerTimeout { ms: 120_000 };
            let mut listening =
                TcpListening::bind("127.0.0.1:0".parse().unwrap(), dead_peer_timeout, BUFFERS).unwrap();
            let address = listening.local_addr().unwrap();
            let _client = tokio::net::TcpStream::connect(address).await.unwrap();
            let (stream, _) = std::future::poll_fn(|cx| listening.poll_accept(cx)).await.unwrap();
            let socket = stream.socket();
            assert!(socket.tcp_nodelay().unwrap());
            assert!(socket.out_of_band_inline().unwrap());
            assert!(socket.keepalive().unwrap());
            assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(60));
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(20));
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(120)));
        });
    }

    /// The options are set before the socket listens, and inherited.
    #[test]
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn an_accepted_socket_has_the_sizes_of_its_buffers() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let dead_peer_timeout = DeadPeerTimeout { ms: 120_000 };
            for address in ["127.0.0.1:0", "[::1]:0"] {
                let mut listening =
                    TcpListening::bind(address.parse().unwrap(), dead_peer_timeout, BUFFERS).unwrap();
                assert_eq!(listening.buffers(), BUFFERS, "{address}");
                let _client = tokio::net::TcpStream::connect(listening.local_addr().unwrap()).await.unwrap();
                let (stream, _) = std::future::poll_fn(|cx| listening.poll_accept(cx)).await.unwrap();
                let socket = stream.socket();
                assert_eq!(socket.recv_buffer_size().unwrap(), 2 * BUFFERS.receive_bytes, "{address}");
                assert_eq!(socket.send_buffer_size().unwrap(), 2 * BUFFERS.send_bytes, "{address}");
                let unsent = socket.tcp_notsent_lowat().unwrap();
                assert_eq!(usize::try_from(unsent).unwrap(), BUFFERS.unsent_bytes, "{address}");
            }
        });
    }

    #[test]
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn a_size_above_that_of_the_system_is_reported() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let buffers = SocketBuffers { receive_bytes: 1 << 29, send_bytes: 1 << 29, ..BUFFERS };
            let dead_peer_timeout = DeadPeerTimeout { ms: 120_000 };
            let listening =
                TcpListening::bind("127.0.0.1:0".parse().unwrap(), dead_peer_timeout, buffers).unwrap();
            let [receive_bytes, send_bytes] = ["rmem_max", "wmem_max"].map(|name| {
                let max = std::fs::read_to_string(format!("/proc/sys/net/core/{name}")).unwrap();
                max.trim().parse::<usize>().unwrap().min(1 << 29)
            });
            assert_eq!(listening.buffers(), SocketBuffers { receive_bytes, send_bytes, ..buffers });
        });
    }
}
