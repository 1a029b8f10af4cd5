//! Hashes of passwords, and verifying passwords against them.
//!
//! The server never stores a password, only hashes in PHC format (`$argon2id$v=19$m=…,t=…,p=…$salt$hash`), which
//! `parlor hash-password` makes.

mod attempts;
pub mod command;
mod memory;
pub(crate) mod network;
mod queue;
mod recent;
mod recognised;
mod verifier;
mod worker;

use crate::locale::{Bilingual, both};
use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
pub use memory::{HashMemory, OutOfMemory};
use parlor_protocol::{Language, PasswordOf};
use std::fmt;
use std::str::FromStr;
pub use verifier::{HashVerifier, LivePasswords, PasswordLimits};

/// Bytes of a password: with the command before it, it fits into one IRC message. A longer one is wrong.
pub const PASSWORD_BYTES_MAX: usize = 400;

/// KiB of memory that verifying one password may need: a gigabyte. A hash that needs more is refused.
const MEMORY_KIB_MAX: u32 = 1 << 20;

/// The hash of a password. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    /// The hash in PHC format.
    text: Box<str>,
    /// KiB of memory that verifying a password takes.
    memory_kib: usize,
}

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
        Ok(Self { text: text.into(), memory_kib: params.block_count() })
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
        Ok(hash.to_string().parse().expect("a hash that was just made is supported"))
    }

    /// Returns the hash in PHC format.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether the password matches. This takes as long as the parameters of the hash demand, and memory: do not
    /// call it on a thread that serves connections.
    #[must_use]
    pub fn verify(&self, password: &[u8]) -> bool {
        self.verify_in(password, &mut HashMemory::default()).unwrap_or(false)
    }

    /// Returns whether the password matches, with memory that is kept from check to check.
    fn verify_in(&self, password: &[u8], memory: &mut HashMemory) -> Result<bool, OutOfMemory> {
        let blocks = memory.at_least(self.memory_kib)?;
        Ok(self.compute(password, blocks).unwrap_or(false))
    }

    /// Hashes the password as `self` was hashed, and compares the two; `None` if argon2 cannot hash it.
    fn compute(&self, password: &[u8], blocks: &mut [argon2::Block]) -> Option<bool> {
        let hash = phc::PasswordHash::new(&self.text).ok()?;
        let (salt, expected) = (hash.salt?, hash.hash?);
        let params = Params::try_from(&hash).ok()?;
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
        let version = hash.version.map_or(Some(Version::default()), |it| Version::try_from(it).ok())?;
        let mut output = [0; phc::Output::MAX_LENGTH];
        let output = &mut output[..expected.len()];
        Argon2::new(algorithm, version, params)
            .hash_password_into_with_memory(password, &salt, output, blocks)
            .ok()?;
        // The comparison takes the same time for every output.
        Some(phc::Output::new(output).ok()? == expected)
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
    /// The hash of the password that IRC gateways give with `WEBIRC`; `None` if there is none, so that none is right.
    pub gateways: Option<PasswordHash>,
}

impl Passwords {
    /// Returns whether the password is the right one.
    ///
    /// Of the server's operators, an unknown name takes as long as a wrong password, so that timing does not reveal
    /// their names. That holds if all hashes cost the same, as those of `parlor hash-password` do. A server without
    /// operators, or without a password, answers at once: there is no name or password to find out.
    ///
    /// # Errors
    /// The system has not enough memory for the check.
    pub fn verify(
        &self,
        of: &PasswordOf,
        password: &[u8],
        memory: &mut HashMemory,
    ) -> Result<bool, OutOfMemory> {
        let name = match of {
            PasswordOf::Gateway => {
                return self.gateways.as_ref().map_or(Ok(false), |hash| hash.verify_in(password, memory));
            }
            PasswordOf::Operator(name) => name,
            PasswordOf::Server => {
                return self.server.as_ref().map_or(Ok(true), |hash| hash.verify_in(password, memory));
            }
        };
        let known = self.operators.iter().find(|operator| operator.name == *name);
        let Some(operator) = known.or(self.operators.first()) else { return Ok(false) };
        // With an unknown name, the hash is another operator's: its password must not be accepted.
        let matches = operator.hash.verify_in(password, memory)?;
        Ok(matches && known.is_some())
    }

    /// Returns the KiB of memory that the dearest check takes; 0 if there are no passwords.
    fn memory_kib(&self) -> usize {
        let operators = self.operators.iter().map(|operator| &operator.hash);
        operators.chain(&self.server).chain(&self.gateways).map(|hash| hash.memory_kib).max().unwrap_or(0)
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
        Passwords { server: Some(hash), operators: vec![operator], gateways: None }
    }

    fn operator(name: &str) -> PasswordOf {
        PasswordOf::Operator(name.to_owned())
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
    }

    #[test]
    fn a_hash_that_needs_too_much_memory_is_refused() {
        let with_kib = |kib: u32| HASH.replace("m=8,", &format!("m={kib},")).parse::<PasswordHash>();
        assert!(with_kib(MEMORY_KIB_MAX).is_ok());
        for kib in [MEMORY_KIB_MAX + 1, u32::MAX] {
            let error = with_kib(kib).unwrap_err();
            assert_eq!(error, PasswordHashError::Memory);
            assert!(error.to_string().contains("1048576 KiB"), "{error}");
        }
    }

    #[test]
    fn a_hash_is_not_shown() {
        let shown = format!("{:?}", passwords());
        assert!(!shown.contains("$argon2"), "{shown}");
    }

    #[test]
    fn a_password_is_right_for_its_operator_only() {
        let (passwords, mut memory) = (passwords(), HashMemory::default());
        let mut verify = |of, password: &[u8]| passwords.verify(&of, password, &mut memory).unwrap();
        assert!(verify(PasswordOf::Server, b"right"));
        assert!(!verify(PasswordOf::Server, b""));
        assert!(verify(operator("alice"), b"right"));
        assert!(!verify(operator("alice"), b"wrong"));
        assert!(!verify(operator("bob"), b"right"), "nobody is bob");
        assert!(!verify(PasswordOf::Gateway, b"right"), "gateways have none");
    }

    #[test]
    fn without_passwords_nothing_is_hashed() {
        let (passwords, mut memory) = (Passwords::default(), HashMemory::default());
        for (of, is_right) in
            [(PasswordOf::Gateway, false), (operator("alice"), false), (PasswordOf::Server, true)]
        {
            assert_eq!(passwords.verify(&of, b"", &mut memory), Ok(is_right), "{of:?}");
        }
        assert_eq!(memory.kib(), 0);
    }

    #[test]
    fn gateways_have_a_password_of_their_own() {
        let gateways = Some(HASH.parse().unwrap());
        let passwords = Passwords { gateways, ..Passwords::default() };
        let mut memory = HashMemory::default();
        for (password, is_right) in [("right", true), ("wrong", false), ("", false)] {
            let found = passwords.verify(&PasswordOf::Gateway, password.as_bytes(), &mut memory);
            assert_eq!(found, Ok(is_right), "{password}");
        }
        assert_eq!(passwords.memory_kib(), 8, "its check takes memory, too");
    }

    #[test]
    fn an_unknown_name_costs_what_a_known_one_does() {
        let passwords = passwords();
        let cost = |name| {
            let mut memory = HashMemory::default();
            assert_eq!(passwords.verify(&operator(name), b"wrong", &mut memory), Ok(false));
            memory.kib()
        };
        assert_eq!((cost("alice"), cost("bob")), (8, 8));
    }

    #[test]
    fn memory_is_kept_from_check_to_check() {
        let (passwords, mut memory) = (passwords(), HashMemory::default());
        memory.at_least(64).unwrap();
        assert_eq!(passwords.verify(&PasswordOf::Server, b"right", &mut memory), Ok(true));
        assert_eq!(memory.kib(), 64, "it serves a smaller check too");
        assert_eq!(passwords.memory_kib(), 8);
        memory.shrink_to(passwords.memory_kib());
        assert_eq!(memory.kib(), 8);
    }
}
