//! Recognising the server's password by a fast hash, once argon2 has found it right.

use super::Passwords;
use super::attempts::NameTag;
use crate::random;
use blake2::Blake2bMac512;
use blake2::digest::{KeyInit, Mac, Output};
use std::fmt;
use std::sync::Arc;

/// The right password of the server, as a hash under a key that is drawn at the start and leaves the memory of this
/// process nowhere. Thousands of clients who return at once need one argon2 instead of thousands; a wrong password is
/// never remembered, so that each guess still costs one.
pub(super) struct Recognised {
    key: [u8; random::KEY_BYTES],
    /// The passwords in force when it was found right, and its hash.
    right: Option<(Arc<Passwords>, Output<Blake2bMac512>)>,
}

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
        Ok(Self { key: random::key()?, right: None })
    }

    /// Remembers a password that argon2 has found right.
    pub(super) fn remember(&mut self, passwords: &Arc<Passwords>, password: &[u8]) {
        let hash = self.mac(password).finalize().into_bytes();
        self.right = Some((Arc::clone(passwords), hash));
    }

    /// Returns whether this is the password that was found right. Passwords that were loaded again since then are others,
    /// even if they are equal.
    pub(super) fn is_right(&mut self, passwords: &Arc<Passwords>, password: &[u8]) -> bool {
        let right = self.right.take_if(|(of, _)| !Arc::ptr_eq(of, passwords));
        drop(right);
        self.right.as_ref().is_some_and(|(_, hash)| self.mac(password).verify(hash).is_ok())
    }

    /// Returns a number that stands for a name. Nobody can choose names that share one.
    pub(super) fn tag(&self, name: &str) -> NameTag {
        let hash = self.mac(name.as_bytes()).finalize().into_bytes();
        NameTag::from_le_bytes(std::array::from_fn(|index| hash[index]))
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
        assert!(!recognised.is_right(&passwords, b""));
        recognised.remember(&passwords, b"right");
        assert!(recognised.is_right(&passwords, b"right"));
        assert!(!recognised.is_right(&passwords, b"wrong"));
        let again = Arc::new(Passwords::default());
        assert!(!recognised.is_right(&again, b"right"));
        assert!(!recognised.is_right(&passwords, b"right"), "it is forgotten");
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
