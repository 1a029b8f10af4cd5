//! Whether we have told the server that we go.

use super::command::is_quit;

/// Bytes of a line that are looked at: blanks, a command's name, and the blank behind it.
const BEGIN_BYTES_MAX: usize = 64;

/// Looks for `/quit` in what goes to the server, in any chunks.
///
/// A server that closes after it has done what was asked of it; before it, it cut us off.
#[derive(Debug, Default)]
pub(super) struct Farewell {
    said: bool,
    /// What the line under way begins with.
    begin: Vec<u8>,
}

impl Farewell {
    /// These bytes go to the server next.
    pub(super) fn sends(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.said |= is_quit(&String::from_utf8_lossy(&self.begin));
                self.begin.clear();
            } else if self.begin.len() < BEGIN_BYTES_MAX {
                self.begin.push(byte);
            }
        }
    }

    /// Whether it was said.
    pub(super) const fn is_said(&self) -> bool {
        self.said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_said(text: &str) -> bool {
        let mut farewell = Farewell::default();
        text.as_bytes().chunks(3).for_each(|bytes| farewell.sends(bytes));
        farewell.is_said()
    }

    #[test]
    fn only_a_whole_line_is_a_farewell() {
        for text in [
            "/quit\n",
            "hello\n/quit\r\n",
            "/quit for today\n",
            "/quit\nhello\n",
            "/QUIT\n",
            " /quit\n",
            "/bye\n",
        ] {
            assert!(is_said(text), "{text:?}");
        }
        for text in ["", "/quit", "/quitter\n", "//quit\n", "I /quit\n", "/quits\n"] {
            assert!(!is_said(text), "{text:?}");
        }
    }
}
