//! Detecting `/quit` in the user's bytes.

use super::command::is_quit;

/// Bytes of a line that are examined: blanks, a command's name, and the blank behind it.
const BEGIN_BYTES_MAX: usize = 64;

/// A detector of `/quit` in a stream of bytes, in chunks of any size.
///
/// If the server closes after `/quit`, the user has left; if it closes without, the user was cut off.
#[derive(Debug, Default)]
pub(super) struct QuitDetector {
    sent: bool,
    /// The beginning of the current line.
    begin: Vec<u8>,
}

impl QuitDetector {
    /// Takes bytes that are sent to the server.
    pub(super) fn sending(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.sent |= is_quit(&String::from_utf8_lossy(&self.begin));
                self.begin.clear();
            } else if self.begin.len() < BEGIN_BYTES_MAX {
                self.begin.push(byte);
            }
        }
    }

    /// Returns whether a `/quit` has been sent.
    pub(super) const fn is_sent(&self) -> bool {
        self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_sent(text: &str) -> bool {
        let mut detector = QuitDetector::default();
        text.as_bytes().chunks(3).for_each(|bytes| detector.sending(bytes));
        detector.is_sent()
    }

    #[test]
    fn only_a_whole_line_quits() {
        for text in [
            "/quit\n",
            "hello\n/quit\r\n",
            "/quit for today\n",
            "/quit\nhello\n",
            "/QUIT\n",
            " /quit\n",
            "/bye\n",
        ] {
            assert!(is_sent(text), "{text:?}");
        }
        for text in ["", "/quit", "/quitter\n", "//quit\n", "I /quit\n", "/quits\n"] {
            assert!(!is_sent(text), "{text:?}");
        }
    }
}
