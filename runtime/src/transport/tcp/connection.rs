//! A TCP connection that reads urgent data in line.

use socket2::SockRef;
use std::io::{self, IoSlice, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The first byte of every telnet command.
const IAC: u8 = 255;

/// A TCP stream whose urgent data is read at its place among the other bytes.
///
/// A telnet client sends the data mark of a Synch (RFC 854) as urgent data, and the IAC before it as ordinary data. By
/// default the kernel takes the urgent byte out of the stream; the IAC would then turn the next ordinary byte into a
/// command. `SO_OOBINLINE` keeps the byte in the stream, but a read still ends before it, and Tokio takes a short read
/// for an empty socket. So after a read that ends with IAC, the socket is read directly.
#[derive(Debug)]
pub struct TcpConnection {
    stream: TcpStream,
    /// Whether the last read ended where urgent data may begin, or filled its buffer.
    reads_now: bool,
}

impl TcpConnection {
    /// Wraps a stream.
    ///
    /// # Errors
    /// The connection is broken.
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        SockRef::from(&stream).set_out_of_band_inline(true)?;
        Ok(Self { stream, reads_now: false })
    }

    pub(super) fn socket(&self) -> SockRef<'_> {
        SockRef::from(&self.stream)
    }

    /// Reads from the socket regardless of Tokio's readiness; returns `None` if it would block.
    fn read_now(&self, buffer: &mut ReadBuf<'_>) -> Option<io::Result<()>> {
        match (&*self.socket()).read(buffer.initialize_unfilled()) {
            Ok(count) => {
                buffer.advance(count);
                Some(Ok(()))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl AsyncRead for TcpConnection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = if this.reads_now { this.read_now(buffer) } else { None };
        match read {
            Some(read) => read?,
            None => ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?,
        }
        // After a direct read that filled the buffer, Tokio does not know that there may be more. (After one of its own it
        // does, and a direct read does no harm.)
        this.reads_now = buffer.remaining() == 0 || buffer.filled()[before..].last() == Some(&IAC);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TcpConnection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const PATIENCE: Duration = Duration::from_secs(10);

    /// Runs a test with both ends of a connection. What the client sends leaves at once.
    fn with_ends(test: impl AsyncFnOnce(std::net::TcpStream, TcpConnection)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            client.set_nodelay(true).unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            let connection = TcpConnection::new(listener.accept().await.unwrap().0).unwrap();
            test(client, connection).await;
        });
    }

    fn send_urgent(client: &std::net::TcpStream, byte: u8) {
        assert_eq!(SockRef::from(client).send_out_of_band(&[byte]).unwrap(), 1);
    }

    /// Reads as many bytes as there are in `expected`, with buffers of this size. Tokio has learnt of their arrival before,
    /// and learns of nothing later.
    async fn expect(connection: &mut TcpConnection, buffer_bytes: usize, expected: &[u8]) {
        connection.stream.readable().await.unwrap();
        tokio::task::yield_now().await;
        let mut all = Vec::new();
        while all.len() < expected.len() {
            let mut buffer = vec![0; buffer_bytes.min(expected.len() - all.len())];
            let read = tokio::time::timeout(PATIENCE, connection.read(&mut buffer)).await;
            let count = read.unwrap_or_else(|_| panic!("there is more than {all:?}")).unwrap();
            assert_ne!(count, 0);
            all.extend_from_slice(&buffer[..count]);
        }
        assert_eq!(all, expected);
    }

    /// Urgent data is read at its place and without delay, in one segment or several.
    #[test]
    fn urgent_data_is_read_at_its_place() {
        with_ends(async |mut client, mut connection| {
            for _ in 0..20 {
                client.write_all(b"half a line\xFF\xF4\xFF").unwrap();
                send_urgent(&client, 0xF2);
                client.write_all(b"\xFF\xFD\x06hello\r\n").unwrap();
                expect(&mut connection, 100, b"half a line\xFF\xF4\xFF\xF2\xFF\xFD\x06hello\r\n").await;
            }
            drop(client);
            assert_eq!(connection.read(&mut [0; 9]).await.unwrap(), 0);
        });
    }

    #[test]
    fn what_follows_urgent_data_is_read_however_long_it_is() {
        with_ends(async |mut client, mut connection| {
            client.write_all(b"\xFF").unwrap();
            send_urgent(&client, 0xF2);
            client.write_all(b"a line that fills several buffers\r\n").unwrap();
            expect(&mut connection, 4, b"\xFF\xF2a line that fills several buffers\r\n").await;
        });
    }

    #[test]
    fn a_command_may_arrive_in_halves() {
        with_ends(async |mut client, mut connection| {
            client.write_all(b"\xFF").unwrap();
            expect(&mut connection, 100, b"\xFF").await;
            let mut rest = [0; 2];
            {
                let mut rest = std::pin::pin!(connection.read_exact(&mut rest));
                assert!(std::future::poll_fn(|cx| Poll::Ready(rest.as_mut().poll(cx).is_pending())).await);
                client.write_all(b"\xFD\x06").unwrap();
                tokio::time::timeout(PATIENCE, rest).await.unwrap().unwrap();
            }
            assert_eq!(rest, *b"\xFD\x06");
        });
    }

    #[test]
    fn an_error_behind_a_half_command_is_an_error() {
        with_ends(async |mut client, mut connection| {
            client.write_all(b"\xFF").unwrap();
            expect(&mut connection, 100, b"\xFF").await;
            SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
            drop(client);
            let error = connection.read(&mut [0; 9]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        });
    }

    #[test]
    fn the_peer_receives_what_is_written_and_the_end() {
        with_ends(async |mut client, mut connection| {
            assert!(connection.is_write_vectored());
            assert_eq!(connection.write(b"one ").await.unwrap(), 4);
            let slices = [IoSlice::new(b"two "), IoSlice::new(b"three")];
            assert_eq!(connection.write_vectored(&slices).await.unwrap(), 9);
            connection.flush().await.unwrap();
            connection.shutdown().await.unwrap();
            assert_eq!(io::read_to_string(&mut client).unwrap(), "one two three");
        });
    }
}
