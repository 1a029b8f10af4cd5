//! Passwords: what the server knows of them, and how it tells whether one is right.
//!
//! It knows hashes alone, as text in PHC form (`$argon2id$v=19$m=…,t=…,p=…$salt$hash`), which are made with
//! `parlor hash-password`.

pub mod command;
mod judge;

use crate::locale::{Bilingual, both};
use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
pub use judge::{HashJudge, InForce};
use parlor_protocol::Language;
use std::fmt;
use std::str::FromStr;

/// Bytes of a password that `parlor hash-password` takes: with what stands before it, it fits into one message
/// of IRC.
pub const PASSWORD_BYTES_MAX: usize = 400;

/// KiB of memory that one check may need: a gigabyte. A hash that wants more is refused.
const MEMORY_KIB_MAX: u32 = 1 << 20;

/// What a wrong operator's name is checked against where there is no operator: made as `parlor hash-password`
/// makes them, of a password that nobody knows.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGtub3dzIGl0$\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The hash of a password. It is shown nowhere but by [`as_str`](Self::as_str).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Box<str>);

/// A text is no hash that Parlor can check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAHash {
    /// It is none of the argon2 family in PHC form.
    Form,
    /// A check would need more memory than it may.
    Memory,
}

impl NotAHash {
    /// What is wrong, and what to do about it. The text that was given is not in it: it may be a password.
    #[must_use]
    pub fn text(self) -> Bilingual {
        match self {
            Self::Form => both!(
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

impl fmt::Display for NotAHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().in_language(Language::En))
    }
}

impl std::error::Error for NotAHash {}

impl FromStr for PasswordHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let hash = phc::PasswordHash::new(text).map_err(|_| NotAHash::Form)?;
        let params = Params::try_from(&hash).map_err(|_| NotAHash::Form)?;
        let version_is_known = hash.version.is_none_or(|version| Version::try_from(version).is_ok());
        let algorithm_is_known = Algorithm::try_from(hash.algorithm.as_str()).is_ok();
        if !(version_is_known && algorithm_is_known && hash.salt.is_some() && hash.hash.is_some()) {
            return Err(NotAHash::Form);
        }
        if params.m_cost() > MEMORY_KIB_MAX {
            return Err(NotAHash::Memory);
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
    /// A new hash of a password: argon2id at the cost that the crate recommends, 19 MiB of memory and some
    /// tens of milliseconds, with a random salt.
    ///
    /// # Errors
    /// The system has no randomness to give, or the password is longer than argon2 takes.
    pub fn of(password: &[u8]) -> Result<Self, argon2::password_hash::Error> {
        let hash = Argon2::default().hash_password(password)?;
        Ok(Self(hash.to_string().into()))
    }

    /// The hash in PHC form.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the hash of that password. It takes as long as the hash says, and is nothing for a thread
    /// that serves others.
    #[must_use]
    pub fn is_of(&self, password: &[u8]) -> bool {
        let hash = phc::PasswordHash::new(&self.0).expect("the text was a hash when it was taken");
        Argon2::default().verify_password(password, &hash).is_ok()
    }
}

/// Somebody who may become an operator of the server, with `OPER`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name that `OPER` is given; it need not be the one in the rooms.
    pub name: String,
    /// The hash of the password.
    pub hash: PasswordHash,
}

/// Every password that the server knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passwords {
    /// What whoever enters has to know; `None` where nobody has to know anything.
    pub server: Option<PasswordHash>,
    /// Those who may become operators of the server; no two have one name.
    pub operators: Vec<Operator>,
}

impl Passwords {
    /// Whether that is the password of an operator, or with `None` the server's.
    ///
    /// A name that no operator has takes as long as a wrong password: how long it takes tells nobody who the
    /// operators are. (Their hashes are to cost the same for that, as those of `parlor hash-password` do.)
    #[must_use]
    pub fn is_right(&self, operator: Option<&str>, password: &[u8]) -> bool {
        let Some(name) = operator else {
            return self.server.as_ref().is_none_or(|hash| hash.is_of(password));
        };
        let known = self.operators.iter().find(|operator| operator.name == name);
        let nobodys = PasswordHash(NOBODYS.into());
        let hash = known.or(self.operators.first()).map_or(&nobodys, |operator| &operator.hash);
        // Even the right password of another is wrong with this name.
        let is_of_it = hash.is_of(password);
        is_of_it && known.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `right`, at the lowest cost there is.
    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$P3OLBQw3O3GiY9hpX8wpK8qO6gQccIdDXnlkdzKceqU";

    fn passwords() -> Passwords {
        let hash: PasswordHash = HASH.parse().unwrap();
        let operator = Operator { name: "alice".to_owned(), hash: hash.clone() };
        Passwords { server: Some(hash), operators: vec![operator] }
    }

    #[test]
    fn a_new_hash_is_of_its_password_alone() {
        let hash = PasswordHash::of("ein Passwörtchen".as_bytes()).unwrap();
        assert_eq!(hash.as_str().parse(), Ok(hash.clone()));
        assert!(hash.is_of("ein Passwörtchen".as_bytes()));
        assert!(!hash.is_of(b"another"));
    }

    #[test]
    fn two_hashes_of_one_password_differ() {
        assert_ne!(PasswordHash::of(b"right").unwrap(), PasswordHash::of(b"right").unwrap());
    }

    #[test]
    fn what_is_no_argon2_hash_is_refused() {
        let cut = HASH.rsplit_once('$').unwrap().0;
        let other = HASH.replace("argon2id", "scrypt");
        let future = HASH.replace("v=19", "v=99");
        for text in ["", "right", "$argon2id$", cut, &other, &future, &HASH.replace("t=1", "t=0")] {
            assert_eq!(text.parse::<PasswordHash>(), Err(NotAHash::Form), "{text}");
        }
        let greedy = HASH.replace("m=8,", "m=4294967295,");
        assert_eq!(greedy.parse::<PasswordHash>(), Err(NotAHash::Memory));
    }

    #[test]
    fn a_hash_is_not_shown() {
        let shown = format!("{:?}", passwords());
        assert!(!shown.contains("$argon2"), "{shown}");
    }

    #[test]
    fn the_hash_of_nobody_is_a_hash() {
        assert!(NOBODYS.parse::<PasswordHash>().is_ok());
    }

    #[test]
    fn a_password_is_right_for_whom_it_is_meant() {
        let passwords = passwords();
        assert!(passwords.is_right(None, b"right"));
        assert!(!passwords.is_right(None, b""));
        assert!(passwords.is_right(Some("alice"), b"right"));
        assert!(!passwords.is_right(Some("alice"), b"wrong"));
        assert!(!passwords.is_right(Some("bob"), b"right"), "nobody is bob");
    }

    #[test]
    fn without_passwords_everybody_enters_and_nobody_is_an_operator() {
        let passwords = Passwords::default();
        assert!(passwords.is_right(None, b""));
        assert!(!passwords.is_right(Some("alice"), b""));
    }
}
