//! Computes the identity of the core: recordings of one core are not replayed by another.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("..");
    let sources = root.join("protocol/src");
    let mut files = vec![root.join("Cargo.lock")];
    collect(&sources, &mut files)?;
    files.sort();
    let mut hash = 0xCBF2_9CE4_8422_2325;
    for file in &files {
        let name = file.strip_prefix(&root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        add(&mut hash, name.as_bytes());
        // A checkout may have other line ends.
        add(&mut hash, &fs::read(file)?.into_iter().filter(|&byte| byte != b'\r').collect::<Vec<u8>>());
    }
    println!("cargo::rustc-env=PARLOR_CORE={hash:016x}");
    println!("cargo::rerun-if-changed={}", sources.display());
    println!("cargo::rerun-if-changed={}", root.join("Cargo.lock").display());
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Adds bytes and their number to a 64-bit FNV-1a hash, which is the same with every compiler.
fn add(hash: &mut u64, bytes: &[u8]) {
    let length = (bytes.len() as u64).to_le_bytes();
    for &byte in length.iter().chain(bytes) {
        *hash = (*hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    }
}
