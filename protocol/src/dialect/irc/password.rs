//! The parameters that may be passwords, for whoever keeps what clients send.

use core::ops::Range;

/// The commands with parameters that may be passwords, in capitals, and the indices of these parameters.
///
/// Clients that take a text of several words for a password may omit the colon, so all parameters behind a password belong to it, except
/// for `WEBIRC`. `AUTHENTICATE` is not a command of this server, but clients may send it.
const PASSWORDS: [(&str, Range<usize>); 4] =
    [("AUTHENTICATE", 0..usize::MAX), ("OPER", 1..usize::MAX), ("PASS", 0..usize::MAX), ("WEBIRC", 0..1)];

/// Returns the indices of the parameters of a command that may be passwords; none for most commands. The command may be in any case.
#[must_use]
pub fn password_parameters(command: &[u8]) -> Range<usize> {
    let found = PASSWORDS.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(command));
    found.map_or(0..0, |(_, parameters)| parameters.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_may_be_passwords_are_known_by_the_command_in_any_case() {
        assert_eq!(password_parameters(b"PASS"), 0..usize::MAX);
        assert_eq!(password_parameters(b"oper"), 1..usize::MAX);
        assert_eq!(password_parameters(b"WebIrc"), 0..1);
        for command in [&b"PRIVMSG"[..], b"PAS", b"PASSX", b""] {
            assert!(password_parameters(command).is_empty());
        }
    }
}
