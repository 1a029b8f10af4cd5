//! TCP on this machine.

mod connection;

use super::Listener;
pub use connection::TcpConnection;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::TcpListener;

/// Connections that wait to be accepted; the kernel may allow fewer (`net.core.somaxconn`).
const LISTEN_BACKLOG: i32 = 4_096;

/// How a host that vanished without a word is found: its connection ends so long after its last sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vanishing {
    /// The whole time, within [`RANGE_MS`](Self::RANGE_MS).
    pub ms: u64,
}

impl Vanishing {
    /// The kernel counts in seconds, and up to 32,767 of them (`TCP_KEEPIDLE` of Linux).
    pub const RANGE_MS: std::ops::RangeInclusive<u64> = 2_000..=2 * 32_767_000;

    /// Silence before the first probe: half of the time.
    const IDLE_SHARE: u64 = 2;
    /// Probes in the other half; the connection ends with the one after them.
    const PROBES: u32 = 3;

    /// Sets TCP's own means on a socket: probes on a silent connection (RFC 9293, section 3.8.4), and a
    /// bound on how long sent data may wait for its acknowledgement (RFC 5482).
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

fn at_least_a_second(duration: Duration) -> Duration {
    duration.max(Duration::from_secs(1))
}

/// A listening TCP socket.
#[derive(Debug)]
pub struct TcpListening {
    listener: TcpListener,
    vanishing: Vanishing,
}

impl TcpListening {
    /// Listens on an address. An IPv6 address takes IPv6 connections only, so that `0.0.0.0` and `[::]` can
    /// stand side by side. Call it within a Tokio runtime.
    ///
    /// # Errors
    /// The address cannot be listened on: it is in use, not of this machine, or needs a privilege.
    pub fn bind(address: SocketAddr, vanishing: Vanishing) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // A server that was stopped can start again while its old connections time out. (On Windows this
        // option means something else, and the default is right.)
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(LISTEN_BACKLOG)?;
        Ok(Self { listener: TcpListener::from_std(socket.into())?, vanishing })
    }

    /// The address that it listens on, with the port that the system chose where 0 was asked for.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Listener for TcpListening {
    type Stream = TcpConnection;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpConnection, SocketAddr)>> {
        loop {
            let (stream, peer) = ready!(self.listener.poll_accept(cx))?;
            // A line leaves at once; the tick has gathered what there was to gather.
            let set = stream.set_nodelay(true).and_then(|()| self.vanishing.apply(&SockRef::from(&stream)));
            if let Ok(connection) = set.and_then(|()| TcpConnection::new(stream)) {
                return Poll::Ready(Ok((connection, peer)));
            }
            // It broke meanwhile: a socket that is alive takes these options.
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accepted_socket_finds_hosts_that_vanish() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let vanishing = Vanishing { ms: 120_000 };
            let mut listening = TcpListening::bind("127.0.0.1:0".parse().unwrap(), vanishing).unwrap();
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
}
