//! Recognising the password of the server and that of gateways by a fast hash, once argon2 has found it right.

use super::Passwords;
use super::attempts::NameTag;
use crate::random;
use blake2::Blake2bMac512;
use blake2::digest::{KeyInit, Mac, Output};
use parlor_protocol::PasswordOf;
use std::fmt;
use std::sync::Arc;

/// The right passwords of the server and of gateways, as hashes under a key that is drawn at the start and leaves the memory
/// of this process nowhere. Thousands of clients who return at once need one argon2 instead of thousands; a wrong password is
/// never remembered, so that each guess still costs one.
pub(super) struct Recognised {
    key: [u8; random::KEY_BYTES],
    server: Option<Right>,
    gateways: Option<Right>,
}

/// The passwords in force when one was found right, and its hash.
type Right = (Arc<Passwords>, Output<Blake2bMac512>);

impl fmt::Debug for Recognised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recognised(…)")
    }
}

impl Recognised {
    /// Draws a key.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub(super) fn new() -> Result<Self, random::Error> {
        Ok(Self { key: random::key()?, server: None, gateways: None })
    }

    /// Remembers a password that argon2 has found right. Operators' passwords are not remembered.
    pub(super) fn remember(&mut self, passwords: &Arc<Passwords>, of: &PasswordOf, password: &[u8]) {
        let hash = self.mac(password).finalize().into_bytes();
        if let Some(right) = self.right(of) {
            *right = Some((Arc::clone(passwords), hash));
        }
    }

    /// Returns whether this is the password that was found right. Passwords that were loaded again since then are others,
    /// even if they are equal.
    pub(super) fn is_right(&mut self, passwords: &Arc<Passwords>, of: &PasswordOf, password: &[u8]) -> bool {
        let mac = self.mac(password);
        let Some(right) = self.right(of) else { return false };
        drop(right.take_if(|(in_force, _)| !Arc::ptr_eq(in_force, passwords)));
        right.as_ref().is_some_and(|(_, hash)| mac.verify(hash).is_ok())
    }

    /// Returns a number that stands for a name. Nobody can choose names that share one.
    pub(super) fn tag(&self, name: &str) -> NameTag {
        let hash = self.mac(name.as_bytes()).finalize().into_bytes();
        NameTag::from_le_bytes(std::array::from_fn(|index| hash[index]))
    }

    const fn right(&mut self, of: &PasswordOf) -> Option<&mut Option<Right>> {
        match of {
            PasswordOf::Gateway => Some(&mut self.gateways),
            PasswordOf::Operator(_) => None,
            PasswordOf::Server => Some(&mut self.server),
        }
    }

    fn mac(&self, bytes: &[u8]) -> Blake2bMac512 {
        let mac = Blake2bMac512::new_from_slice(&self.key).expect("the key has at most 64 bytes");
        mac.chain_update(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_is_recognised_until_the_passwords_are_loaded_again() {
        let mut recognised = Recognised::new().unwrap();
        let passwords = Arc::new(Passwords::default());
        let server = PasswordOf::Server;
        assert!(!recognised.is_right(&passwords, &server, b""));
        recognised.remember(&passwords, &server, b"right");
        assert!(recognised.is_right(&passwords, &server, b"right"));
        assert!(!recognised.is_right(&passwords, &server, b"wrong"));
        let again = Arc::new(Passwords::default());
        assert!(!recognised.is_right(&again, &server, b"right"));
        assert!(!recognised.is_right(&passwords, &server, b"right"), "it is forgotten");
    }

    #[test]
    fn a_password_is_recognised_for_whom_it_was_right() {
        let mut recognised = Recognised::new().unwrap();
        let passwords = Arc::new(Passwords::default());
        let root = PasswordOf::Operator("root".to_owned());
        recognised.remember(&passwords, &PasswordOf::Server, b"one");
        recognised.remember(&passwords, &PasswordOf::Gateway, b"other");
        recognised.remember(&passwords, &root, b"third");
        let mut is_right =
            |of: &PasswordOf, password: &str| recognised.is_right(&passwords, of, password.as_bytes());
        assert!(is_right(&PasswordOf::Server, "one") && !is_right(&PasswordOf::Gateway, "one"));
        assert!(is_right(&PasswordOf::Gateway, "other") && !is_right(&PasswordOf::Server, "other"));
        assert!(!is_right(&root, "third"), "an operator's is hashed each time");
    }

    #[test]
    fn keys_differ_and_are_not_shown() {
        let [one, other] = [Recognised::new().unwrap(), Recognised::new().unwrap()];
        assert_ne!(one.key, other.key);
        assert_ne!(one.key[..random::KEY_BYTES / 2], one.key[random::KEY_BYTES / 2..]);
        assert_eq!(one.tag("root"), one.tag("root"));
        assert_ne!(one.tag("root"), one.tag("Root"));
        assert_ne!(one.tag("root"), other.tag("root"));
        assert_eq!(format!("{one:?}"), "Recognised(…)");
    }
}
