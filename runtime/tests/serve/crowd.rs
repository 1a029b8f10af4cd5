//! Ten thousand clients at once.

use crate::support::{DEADLINE, Server};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpSocket;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

const CLIENTS: usize = 10_000;
/// Clients per address: fewer than an address may have.
const CLIENTS_PER_ADDRESS: usize = 50;
/// Clients that enter at once.
const ENTERING_MAX: usize = 200;

const LINE: &str = "hello, all nine thousand nine hundred and ninety-nine of you";

/// The lines that one client has received.
#[derive(Debug, Default)]
struct Tally {
    joined: usize,
    left: usize,
    said: usize,
}

#[test]
#[ignore = "needs 10,050 file descriptors in each of two processes, and a release build"]
fn ten_thousand_enter_hear_one_line_and_leave() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    assert!(limit.maximum.is_none_or(|files| files >= 10_100), "needs `ulimit -Hn` of 10,100: {limit:?}");
    let server = Server::start(&["--log-level", "info", "--lang", "en"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let tallies = runtime.block_on(crowd(&server));

    assert_eq!(tallies.iter().map(|tally| tally.said).sum::<usize>(), CLIENTS - 1);
    assert!(tallies.iter().all(|tally| tally.said <= 1));
    let left: usize = tallies.iter().map(|tally| tally.left).sum();
    assert_eq!(left, CLIENTS * (CLIENTS - 1) / 2, "whoever is left hears each leave");
    assert_eq!(tallies.iter().map(|tally| tally.joined).sum::<usize>(), CLIENTS * (CLIENTS - 1) / 2);
    server.signal(Signal::USR1);
    let counters = server.log.wait_for("counters");
    println!("{counters}");
    println!("resident: {} MiB", server.resident_bytes() >> 20);
    for part in [" members=0 ", " accepted=10000 ", " lines=1 ", "end_of_input=10000", "slow_reader=0"] {
        assert!(counters.contains(part), "{part} in {counters}");
    }
}

async fn crowd(server: &Server) -> Vec<Tally> {
    let (entered, mut entrances) = mpsc::unbounded_channel();
    let (heard, mut hearings) = mpsc::unbounded_channel();
    let mut clients = JoinSet::new();
    let entering = Arc::new(Semaphore::new(ENTERING_MAX));
    for number in 0..CLIENTS {
        let (address, entered, heard) = (server.address, entered.clone(), heard.clone());
        let permit = Arc::clone(&entering).acquire_owned().await.unwrap();
        clients.spawn(async move {
            let (mut read, write) = enter(address, number).await;
            entered.send(write).unwrap();
            drop(permit);
            listen(&mut read, &heard).await
        });
    }
    let mut writers = Vec::new();
    while writers.len() < CLIENTS {
        writers.push(timeout(DEADLINE, entrances.recv()).await.expect("all enter").unwrap());
    }
    println!("resident with {CLIENTS} in the room: {} MiB", server.resident_bytes() >> 20);
    writers[0].write_all(format!("{LINE}\n").as_bytes()).await.unwrap();
    for _ in 1..CLIENTS {
        timeout(DEADLINE, hearings.recv()).await.expect("all others hear it").unwrap();
    }
    // Dropping the writer closes each client's sending side; the client reads on to the end.
    drop(writers);
    let mut tallies = Vec::new();
    while tallies.len() < CLIENTS {
        tallies.push(timeout(DEADLINE, clients.join_next()).await.expect("all leave").unwrap().unwrap());
    }
    tallies
}

/// Connects a client, and reads its greeting.
async fn enter(server: SocketAddr, number: usize) -> (BufReader<OwnedReadHalf>, OwnedWriteHalf) {
    let host = u8::try_from(number / CLIENTS_PER_ADDRESS).unwrap() + 2;
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::new(127, 0, 0, host), 0).into()).unwrap();
    let (read, write) = socket.connect(server).await.unwrap().into_split();
    let mut read = BufReader::with_capacity(4 << 10, read);
    let mut greeting = String::new();
    read.read_line(&mut greeting).await.unwrap();
    assert!(greeting.starts_with("* your name is "), "{greeting:?}");
    (read, write)
}

/// Reads to the end of the connection.
async fn listen(read: &mut BufReader<OwnedReadHalf>, heard: &mpsc::UnboundedSender<()>) -> Tally {
    let mut tally = Tally::default();
    let mut line = Vec::new();
    while read.read_until(b'\n', &mut line).await.unwrap() > 0 {
        if line.ends_with(b" joined\n") {
            tally.joined += 1;
        } else if line.ends_with(b" left\n") {
            tally.left += 1;
        } else {
            let text = String::from_utf8_lossy(&line);
            assert_eq!(text.split_once(": ").map(|(_, said)| said), Some(&*format!("{LINE}\n")));
            tally.said += 1;
            heard.send(()).unwrap();
        }
        line.clear();
    }
    tally
}
