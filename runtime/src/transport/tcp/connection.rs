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
    /// Whether the last read ended where urgent data may begin.
    may_be_urgent: bool,
}

impl TcpConnection {
    /// Wraps a stream.
    ///
    /// # Errors
    /// The connection is broken.
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        SockRef::from(&stream).set_out_of_band_inline(true)?;
        Ok(Self { stream, may_be_urgent: false })
    }

    pub(super) fn socket(&self) -> SockRef<'_> {
        SockRef::from(&self.stream)
    }

    /// Reads from the socket regardless of Tokio's readiness; returns `None` if it would block.
    fn read_now(&self, buffer: &mut ReadBuf<'_>) -> Option<io::Result<()>> {
        let socket = self.socket();
        loop {
            return match (&*socket).read(buffer.initialize_unfilled()) {
                Ok(count) => {
                    buffer.advance(count);
                    Some(Ok(()))
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
                Err(error) => Some(Err(error)),
            };
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
        let read = if this.may_be_urgent { this.read_now(buffer) } else { None };
        match read {
            Some(read) => read?,
            None => ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?,
        }
        // After a direct read that filled the buffer, Tokio does not know that there may be more.
        let is_full = this.may_be_urgent && buffer.remaining() == 0;
        this.may_be_urgent = is_full || buffer.filled()[before..].last() == Some(&IAC);
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
        self.stream.is_write_vectored()
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
    use tokio::io::AsyncReadExt;

    /// Urgent data is read at its place and without delay, in one segment or several.
    #[test]
    fn urgent_data_is_read_at_its_place() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let mut connection = TcpConnection::new(listener.accept().await.unwrap().0).unwrap();
            for round in 0..20 {
                client.write_all(b"half a line\xFF\xF4\xFF").unwrap();
                SockRef::from(&client).send_out_of_band(b"\xF2").unwrap();
                client.write_all(b"\xFF\xFD\x06hello\r\n").unwrap();
                let mut read = [0; 25];
                let all = connection.read_exact(&mut read);
                tokio::time::timeout(std::time::Duration::from_secs(30), all).await.unwrap().unwrap();
                assert_eq!(&read, b"half a line\xFF\xF4\xFF\xF2\xFF\xFD\x06hello\r\n", "{round}");
            }
            drop(client);
            assert_eq!(connection.read(&mut [0; 9]).await.unwrap(), 0);
        });
    }
}
