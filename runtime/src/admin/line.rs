//! Lines on the socket.

use super::{LINE_BYTES_MAX, TIMEOUT};
use serde_json::Value;
use std::io;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// Reads a line, without its end. The error for one that is too long, not whole or not UTF-8 has a text for the client.
pub(super) async fn read(stream: &UnixStream) -> Result<String, &'static str> {
    let mut line = Vec::new();
    let read = timeout(TIMEOUT, read_bytes(stream, &mut line)).await;
    match read {
        Ok(Ok(true)) => String::from_utf8(line).map_err(|_| "the request is not UTF-8"),
        Ok(Ok(false)) => Err("the request is too long"),
        Ok(Err(_)) => Err("the request has no end"),
        Err(_) => Err("the request took too long"),
    }
}

/// Reads up to the end of a line. Returns whether it is short enough.
async fn read_bytes(stream: &UnixStream, line: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 1_024];
    loop {
        stream.readable().await?;
        let count = match stream.try_read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        let end = buffer[..count].iter().position(|&byte| byte == b'\n');
        line.extend_from_slice(&buffer[..end.unwrap_or(count)]);
        if line.len() > LINE_BYTES_MAX {
            return Ok(false);
        }
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// Writes an object as a line.
pub(super) async fn write(stream: &UnixStream, object: &Value) -> io::Result<()> {
    let line = format!("{object}\n");
    timeout(TIMEOUT, write_bytes(stream, line.as_bytes())).await?
}

async fn write_bytes(stream: &UnixStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
