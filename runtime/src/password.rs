//! Hashes of passwords, and verifying passwords against them.
//!
//! The server never stores a password, only hashes in PHC format (`$argon2id$v=19$m=…,t=…,p=…$salt$hash`), which
//! `parlor hash-password` makes.

pub mod command;
mod verifier;

use crate::locale::{Bilingual, both};
use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use parlor_protocol::Language;
use std::fmt;
use std::str::FromStr;
pub use verifier::{HashVerifier, LivePasswords};

/// Bytes of a password that `parlor hash-password` takes: with the command before it, it fits into one IRC message.
pub const PASSWORD_BYTES_MAX: usize = 400;

/// KiB of memory that verifying one password may need: a gigabyte. A hash that needs more is refused.
const MEMORY_KIB_MAX: u32 = 1 << 20;

/// The hash that a password is verified against if the server has no operators, so that verifying takes as long as with
/// some. It costs what the hashes of `parlor hash-password` cost, and matches no known password.
const DUMMY_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGtub3dzIGl0$\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The hash of a password. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Box<str>);

/// The error of a text that is not a supported hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordHashError {
    /// The text is not a hash of the argon2 family in PHC format.
    Format,
    /// Verifying would need too much memory.
    Memory,
}

impl PasswordHashError {
    /// Returns the message. It does not contain the text, which may be a password written there by mistake.
    #[must_use]
    pub fn text(self) -> Bilingual {
        match self {
            Self::Format => both!(
                "not an argon2 hash: make one with `parlor hash-password`",
                "不是 argon2 哈希值：请用 `parlor hash-password` 生成"
            ),
            Self::Memory => {
                let most = MEMORY_KIB_MAX;
                both!(
                    "this hash needs more than {most} KiB of memory: make one with `parlor hash-password`",
                    "这个哈希值需要超过 {most} KiB 的内存：请用 `parlor hash-password` 生成"
                )
            }
        }
    }
}

impl fmt::Display for PasswordHashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().in_language(Language::En))
    }
}

impl std::error::Error for PasswordHashError {}

impl FromStr for PasswordHash {
    type Err = PasswordHashError;

    fn from_str(text: &str) -> Result<Self, PasswordHashError> {
        let hash = phc::PasswordHash::new(text).map_err(|_| PasswordHashError::Format)?;
        let params = Params::try_from(&hash).map_err(|_| PasswordHashError::Format)?;
        let version_is_known = hash.version.is_none_or(|version| Version::try_from(version).is_ok());
        let algorithm_is_known = Algorithm::try_from(hash.algorithm.as_str()).is_ok();
        if !(version_is_known && algorithm_is_known && hash.salt.is_some() && hash.hash.is_some()) {
            return Err(PasswordHashError::Format);
        }
        if params.m_cost() > MEMORY_KIB_MAX {
            return Err(PasswordHashError::Memory);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl PasswordHash {
    /// Hashes a password with argon2id and a random salt, at the cost that the crate recommends: 19 MiB of memory and
    /// some tens of milliseconds.
    ///
    /// # Errors
    /// The system has no random bytes, or the password is too long for argon2.
    pub fn new(password: &[u8]) -> Result<Self, argon2::password_hash::Error> {
        let hash = Argon2::default().hash_password(password)?;
        Ok(Self(hash.to_string().into()))
    }

    /// Returns the hash in PHC format.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the password matches. This takes as long as the parameters of the hash demand: do not call it on
    /// a thread that serves connections.
    #[must_use]
    pub fn verify(&self, password: &[u8]) -> bool {
        let hash = phc::PasswordHash::new(&self.0).expect("the text was parsed when `self` was created");
        Argon2::default().verify_password(password, &hash).is_ok()
    }
}

/// An account of a server operator, for `OPER`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name given to `OPER`; independent of the name in the rooms.
    pub name: String,
    /// The hash of the password.
    pub hash: PasswordHash,
}

/// The hashes of all passwords.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passwords {
    /// The hash of the server's password; `None` if the server requires none.
    pub server: Option<PasswordHash>,
    /// The operators; their names are distinct.
    pub operators: Vec<Operator>,
}

impl Passwords {
    /// Returns whether the password is that of the operator, or the server's if `operator` is `None`.
    ///
    /// An unknown name takes as long as a wrong password, so that timing does not reveal the names of operators. That
    /// holds if all hashes cost the same, as those of `parlor hash-password` do.
    #[must_use]
    pub fn verify(&self, operator: Option<&str>, password: &[u8]) -> bool {
        let Some(name) = operator else {
            return self.server.as_ref().is_none_or(|hash| hash.verify(password));
        };
        let known = self.operators.iter().find(|operator| operator.name == name);
        let dummy = PasswordHash(DUMMY_HASH.into());
        let hash = known.or(self.operators.first()).map_or(&dummy, |operator| &operator.hash);
        // With an unknown name, the hash is another operator's: its password must not be accepted.
        let matches = hash.verify(password);
        matches && known.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash of `right`, at the lowest possible cost.
    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$P3OLBQw3O3GiY9hpX8wpK8qO6gQccIdDXnlkdzKceqU";

    fn passwords() -> Passwords {
        let hash: PasswordHash = HASH.parse().unwrap();
        let operator = Operator { name: "alice".to_owned(), hash: hash.clone() };
        Passwords { server: Some(hash), operators: vec![operator] }
    }

    #[test]
    fn a_new_hash_matches_only_its_password() {
        let hash = PasswordHash::new("ein Passwörtchen".as_bytes()).unwrap();
        assert_eq!(hash.as_str().parse(), Ok(hash.clone()));
        assert!(hash.verify("ein Passwörtchen".as_bytes()));
        assert!(!hash.verify(b"another"));
    }

    #[test]
    fn two_hashes_of_one_password_differ() {
        assert_ne!(PasswordHash::new(b"right").unwrap(), PasswordHash::new(b"right").unwrap());
    }

    #[test]
    fn a_text_that_is_not_an_argon2_hash_is_refused() {
        let cut = HASH.rsplit_once('$').unwrap().0;
        let other = HASH.replace("argon2id", "scrypt");
        let future = HASH.replace("v=19", "v=99");
        for text in ["", "right", "$argon2id$", cut, &other, &future, &HASH.replace("t=1", "t=0")] {
            assert_eq!(text.parse::<PasswordHash>(), Err(PasswordHashError::Format), "{text}");
        }
        let greedy = HASH.replace("m=8,", "m=4294967295,");
        assert_eq!(greedy.parse::<PasswordHash>(), Err(PasswordHashError::Memory));
    }

    #[test]
    fn a_hash_is_not_shown() {
        let shown = format!("{:?}", passwords());
        assert!(!shown.contains("$argon2"), "{shown}");
    }

    #[test]
    fn the_dummy_hash_is_valid() {
        assert!(DUMMY_HASH.parse::<PasswordHash>().is_ok());
    }

    #[test]
    fn a_password_is_right_for_its_operator_only() {
        let passwords = passwords();
        assert!(passwords.verify(None, b"right"));
        assert!(!passwords.verify(None, b""));
        assert!(passwords.verify(Some("alice"), b"right"));
        assert!(!passwords.verify(Some("alice"), b"wrong"));
        assert!(!passwords.verify(Some("bob"), b"right"), "nobody is bob");
    }

    #[test]
    fn without_passwords_every_client_enters_and_no_operator_exists() {
        let passwords = Passwords::default();
        assert!(passwords.verify(None, b""));
        assert!(!passwords.verify(Some("alice"), b""));
    }
}
