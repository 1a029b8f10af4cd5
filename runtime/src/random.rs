//! Keys and numbers from the system's random numbers.

pub(crate) use argon2::password_hash::Error;
use argon2::password_hash::try_generate_salt;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;

/// A key.
pub(crate) type Key = [u8; KEY_BYTES];

/// Draws a key.
///
/// # Errors
/// The system has no random bytes.
pub(crate) fn key() -> Result<Key, Error> {
    let mut key = [0; KEY_BYTES];
    let (first, second) = key.split_at_mut(KEY_BYTES / 2);
    first.copy_from_slice(&try_generate_salt()?);
    second.copy_from_slice(&try_generate_salt()?);
    Ok(key)
}

/// Draws a number.
///
/// # Errors
/// The system has no random bytes.
pub(crate) fn number() -> Result<u64, Error> {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&try_generate_salt()?[..8]);
    Ok(u64::from_le_bytes(bytes))
}
