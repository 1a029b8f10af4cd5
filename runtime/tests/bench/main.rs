//! The load generator, on correct and on incorrect servers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parlor")).arg("bench").args(arguments).output().unwrap()
}

fn reports(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_kind_of_workload_passes_on_a_server_of_its_own() {
    let few = ["--clients", "12", "--seconds", "1", "--json"];
    let output =
        bench(&[&["talk200", "latency50", "rooms100", "idle10k", "storm3k", "slow"][..], &few].concat());
    // 100 rooms for 12 clients.
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("rooms100: rooms must be"), "{output:?}");

    let output = bench(&[&["talk200", "latency50", "storm3k", "slow"][..], &few].concat());
    assert!(output.status.success(), "{output:?}");
    let reports = reports(&output);
    assert_eq!(reports.len(), 4);
    for report in &reports {
        assert_eq!(report["gates"]["passed"], true, "{report}");
        assert_eq!(report["clients"], 12);
        assert!(report["deliveries"].as_u64().unwrap() > 0, "{report}");
        assert!(report["server"]["resident_bytes"].as_u64().unwrap() > 0, "{report}");
    }
    let by_name = |name: &str| reports.iter().find(|report| report["workload"] == name).unwrap();
    assert_eq!(by_name("storm3k")["deliveries"], 12 * 11 / 2);
    let latency = &by_name("latency50")["latency_us"]["delivery"];
    assert!(latency["p50"].as_f64().unwrap() > 0.0, "{latency}");
    assert!(latency["p50"].as_f64().unwrap() <= latency["max"].as_f64().unwrap(), "{latency}");
    let slow = by_name("slow");
    assert!(
        slow["slow_share"].as_f64().unwrap() > 0.9 && slow["slow_closed"].as_u64().unwrap() > 0,
        "{slow}"
    );
    let rooms = ["--rooms", "4"];
    let output = bench(&[&["rooms100", "idle10k"][..], &few, &rooms].concat());
    assert!(output.status.success(), "{output:?}");
    let several = ["--rooms", "4", "--rooms-each", "2", "--dialect"];
    let output = bench(&[&["many"][..], &few, &several, &["irc"]].concat());
    assert!(output.status.success(), "{output:?}");
    let report = self::reports(&output).remove(0);
    assert_eq!((&report["rooms"], &report["rooms_each"]), (&4.into(), &2.into()));
    let output = bench(&[&["many"][..], &few, &several, &["plain"]].concat());
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn a_run_without_the_members_that_never_read_fails() {
    let full = "--serve=--connections-max=12";
    let output = bench(&["slow", "--clients", "12", "--seconds", "1", "--json", full]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let failure = "members that never read were in the room for only 0 % of the measured time";
    assert!(String::from_utf8_lossy(&output.stderr).contains(failure), "{output:?}");
}

#[test]
fn latencies_are_drawn_and_a_table_is_printed() {
    let file = std::env::temp_dir().join(format!("parlor-bench-{}.svg", std::process::id()));
    let few = ["--clients", "10", "--seconds", "1", "--plot"];
    let output = bench(&[&["talk200"][..], &few, &[file.to_str().unwrap()]].concat());
    assert!(output.status.success(), "{output:?}");
    let picture = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"), "{picture}");
    assert!(picture.contains(">talk200</text>"), "{picture}");
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 2, "{table}");
    // The machine decides which of the two.
    let passed = ["passed", "generator-limited"].iter().any(|verdict| rows[1].ends_with(verdict));
    assert!(rows[1].starts_with("talk200") && passed, "{table}");
}

/// Starts a line server that sends a changed copy of each line to all others.
fn serve_with(change: impl Fn(&[u8]) -> Vec<u8> + Clone + Send + 'static) -> String {
    serve_both(|from, to, _| usize::from(from != to), change)
}

/// Starts a line server with a function for the number of copies of a line that each connection is sent, given the numbers of
/// the author's and the recipient's connection.
fn serve(copies: impl Fn(usize, usize, &[u8]) -> usize + Clone + Send + 'static) -> String {
    serve_both(copies, <[u8]>::to_vec)
}

fn serve_both(
    copies: impl Fn(usize, usize, &[u8]) -> usize + Clone + Send + 'static,
    change: impl Fn(&[u8]) -> Vec<u8> + Clone + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let all: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let number = all.lock().unwrap().len();
            all.lock().unwrap().push(stream.try_clone().unwrap());
            let (all, copies, change) = (Arc::clone(&all), copies.clone(), change.clone());
            std::thread::spawn(move || {
                for line in BufReader::new(stream).split(b'\n') {
                    let Ok(mut line) = line else { return };
                    line.push(b'\n');
                    for (other, stream) in all.lock().unwrap().iter_mut().enumerate() {
                        let bytes = change(&line).repeat(copies(number, other, &line));
                        // The generator closes its connections at the end of the run.
                        if stream.write_all(&bytes).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    address
}

#[track_caller]
fn assert_fails(address: &str, words: &str) {
    let few = ["--clients", "4", "--window", "2", "--seconds", "1", "--dialect", "raw", "--connect", address];
    let output = bench(&[&["talk200", "--json"][..], &few].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains(words), "{words}: {output:?}");
    assert_eq!(reports(&output)[0]["gates"]["passed"], false);
}

fn is_message(line: &[u8]) -> bool {
    !line.ends_with(b"~ffffffff\n")
}

#[test]
fn an_incorrect_server_fails_the_checks() {
    let fine = serve(|from, to, _| usize::from(from != to));
    let few = ["--clients", "4", "--window", "2", "--seconds", "1", "--dialect", "raw", "--connect", &fine];
    assert!(bench(&[&["talk200"][..], &few].concat()).status.success());

    assert_fails(&serve(|_, _, _| 1), "its own line");
    assert_fails(
        &serve(|from, to, line| usize::from(from != to) << usize::from(is_message(line))),
        "not line",
    );
    let loses = |from, to, line: &[u8]| usize::from(from != to && !(to == 3 && line.ends_with(b"0\n")));
    assert_fails(&serve(loses), "received line");
    let cuts =
        serve_with(|line| if is_message(line) { line[line.len() - 12..].to_vec() } else { line.to_vec() });
    assert_fails(&cuts, "incomplete");
}

#[test]
fn a_run_that_is_impossible_is_reported() {
    let output = bench(&["talk200", "--connect", "127.0.0.1:1", "--seconds", "1"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot connect"), "{output:?}");
    let output = bench(&["talk999"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = bench(&["talk200", "--dialect", "raw"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = bench(&["talk200", "--classes", "2"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = bench(&["talk200", "--window", "0"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
