//! Backing up a log while a server writes it, and going on with the backup.

use super::support::Client;
use super::{Folder, error, lines, serve, stop};
use rustix::process::Signal;
use std::fs::{self, DirBuilder, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Makes a data directory of a backup, as the documentation says.
fn restore(backup: &Path, data: &Path) {
    DirBuilder::new().mode(0o700).create(data).unwrap();
    fs::copy(backup, data.join("log.db")).unwrap();
}

/// Writes lines as fast as they are taken until it is over.
fn write_lines(mut client: Client, is_over: &AtomicBool) {
    let mut nth = 0;
    while !is_over.load(Ordering::Relaxed) {
        // Until the server is killed.
        if client.stream.write_all(format!("line {nth}\n").as_bytes()).is_err() {
            return;
        }
        nth += 1;
    }
}

#[test]
fn a_backup_that_is_made_under_load_is_a_log_to_go_on_with() {
    let folder = Folder::new("backup");
    let data = folder.file("data");
    let mut server = serve(&data);
    let mut alice = server.enter();
    alice.send("/nick alice\n/topic kept\n");
    let is_over = AtomicBool::new(false);
    let backups = ["one", "two", "three"].map(|name| folder.file(name));
    thread::scope(|scope| {
        for _ in 0..3 {
            let client = server.enter();
            let mut reader = client.stream.try_clone().unwrap();
            scope.spawn(|| write_lines(client, &is_over));
            scope.spawn(move || std::io::copy(&mut reader, &mut std::io::sink()).ok());
        }
        alice.line();
        for (count, backup) in (1..).zip(&backups) {
            while alice.line() != format!("line {}", count * 100) && !alice.has_unread() {}
            assert!(lines(&data, &["backup", backup.to_str().unwrap()]).is_empty());
            assert_eq!(fs::metadata(backup).unwrap().mode() & 0o777, 0o600);
        }
        is_over.store(true, Ordering::Relaxed);
        server.signal(Signal::KILL);
        server.wait();
    });

    let all = lines(&data, &["export"]);
    let mut length = 0;
    for (nth, backup) in backups.iter().enumerate() {
        let saved = lines(backup, &["export"]);
        assert!(saved.len() > length && saved.len() < all.len(), "{length} {} {}", saved.len(), all.len());
        length = saved.len();
        assert!(saved == all[..length], "the same lines, up to the time of the backup");
        let restored = folder.file(&format!("restored-{nth}"));
        restore(backup, &restored);
        let server = serve(&restored);
        let mut bob = server.enter();
        bob.send("/topic\n");
        assert!(bob.line().contains("kept"));
        stop(server);
        assert!(lines(&restored, &["export"])[..length] == saved[..]);
    }
}

#[test]
fn a_backup_overwrites_nothing() {
    let folder = Folder::new("overwrite");
    let data = folder.file("data");
    stop(serve(&data));
    let file = folder.file("backup");
    fs::write(&file, "mine").unwrap();
    let name = file.to_str().unwrap();
    assert!(error(&data, &["backup", name], 2).contains("exists, and nothing is overwritten"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    fs::remove_file(&file).unwrap();
    let partial = folder.file("backup.partial");
    fs::write(&partial, "another").unwrap();
    assert!(error(&data, &["backup", name], 2).contains("backup.partial exists, and nothing is overwritten"));
    assert_eq!(fs::read_to_string(&partial).unwrap(), "another");
    fs::remove_file(&partial).unwrap();
    assert!(lines(&data, &["backup", name]).is_empty() && !partial.exists());

    // A directory that cannot be written.
    let locked = folder.file("locked");
    DirBuilder::new().mode(0o700).create(&locked).unwrap();
    fs::set_permissions(&locked, Permissions::from_mode(0o500)).unwrap();
    if fs::write(locked.join("probe"), "").is_err() {
        assert!(error(&data, &["backup", locked.join("b").to_str().unwrap()], 2).contains("cannot write "));
    }
    assert!(
        error(&data, &["backup", folder.file("no/where").to_str().unwrap()], 2).contains("cannot write ")
    );
}
