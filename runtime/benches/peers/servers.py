"""The servers: how each is configured so that nothing but its work is measured, started, and stopped again."""

import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS, STOP_SECONDS = 15, 5
# Below the range from which the clients' ports are taken: one of those could otherwise hold a server's port.
PORTS = range(24_000, 32_000)
LISTEN_QUEUE = 4096


class LeftOut(Exception):
    """This server cannot run here; the text says why."""


def said_by(*command):
    """The first line of what a program says of itself."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise LeftOut(f"`{Path(command[0]).name}`: {error.strerror}") from None
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else "says no version"


def installed(name):
    # Servers are in /usr/sbin, which is not on everyone's path.
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise LeftOut(f"`{name}` is not installed")
    return found


def built(*target):
    """The path of a program of this repository, built first where it is not fresh."""
    command = ["cargo", "build", "--release", "-p", "parlor-runtime", *target, "--message-format=json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"failed: {' '.join(command)}")
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    for message in messages:
        if message.get("reason") == "compiler-artifact" and message["target"]["name"] == target[-1]:
            if message.get("executable"):
                return message["executable"]
    raise SystemExit(f"`{' '.join(command)}` built no program")


ONE_ROOM_EACH = {name: "its clients are in one room at a time" for name in ("many", "many-one")}


class Server:
    """One server program. `dialect` is what its clients speak."""

    name = dialect = ""
    # What the generator is told beyond the workload.
    generator = ()
    # Some refuse to be root.
    unprivileged = False
    # Given a socket that listens, as systemd does it.
    activated = False
    # What was set, for the report.
    needs = ""
    # Workloads that it has no part in, by why; and those of which one run takes long, which get fewer.
    never = {}
    costly = ()

    def version(self):
        raise NotImplementedError

    def command(self, directory, port):
        """What to execute; configuration goes to `directory`, and nothing anywhere else."""
        raise NotImplementedError


class Parlor(Server):
    name, dialect = "parlor", "plain"
    never = ONE_ROOM_EACH
    needs = "`--rate-lines 0 --trusted 127.0.0.0/8`; every other setting as it comes"

    def __init__(self, program=None):
        self.program = program or built("--bin", "parlor")

    def version(self):
        return said_by(self.program, "--version")

    def command(self, directory, port):
        return [self.program, "serve", "--listen", f"plain://127.0.0.1:{port}", "--rate-lines", "0", "--trusted", "127.0.0.0/8", "--lang", "en"]


class ParlorIrc(Parlor):
    """The same server with clients of IRC."""

    name, dialect = "parlor-irc", "irc"
    never = {
        name: "Parlor's own dialects are compared where rooms talk"
        for name in ("talk10k", "one1000", "rooms100", "latency50", "idle10k", "storm3k", "slow", "slow-none")
    }

    def command(self, directory, port):
        return [self.program, "serve", "--listen", f"irc://127.0.0.1:{port}", "--rate-lines", "0", "--trusted", "127.0.0.0/8", "--lang", "en"]


class ParlorIrc64(ParlorIrc):
    """Its clients ask for 64 combinations of capabilities, in turn."""

    name = "parlor-irc64"
    generator = ("--classes", "64")


class Floor(Server):
    """An epoll loop without framing or names: the least that the kernel lets anyone pay."""

    dialect = "raw"
    never = {
        **ONE_ROOM_EACH,
        "rooms100": "knows no rooms",
        "idle10k": "remembers nothing of anybody",
        "storm3k": "announces nobody",
    }

    def __init__(self, mode, line_bytes, program=None):
        self.mode, self.name = mode, f"floor-{mode}"
        # Ten million system calls are in flight there.
        self.costly = ("talk10k",) if mode == "each" else ()
        self.program = program or built("--bench", "floor")
        self.generator = ("--line-bytes", str(line_bytes))
        self.needs = f"lines of {line_bytes} bytes, so that it delivers as many bytes as Parlor, which adds the name"

    def version(self):
        return "of this repository"

    def command(self, directory, port):
        return [self.program, self.mode, f"127.0.0.1:{port}"]


class Ngircd(Server):
    name, dialect, unprivileged = "ngircd", "irc", True
    needs = (
        "no limits of connections, no penalties, no look-ups (DNS, ident, PAM), pings an hour apart, its socket opened "
        "for it with a listen queue of 4,096 (its own holds ten: who comes when it is full waits for seconds)"
    )
    activated = True
    never = {
        "talk10k": "10,000 do not fit into one channel within minutes: the cost of entering grows with the square",
        "many": "2,000 do not enter ten channels each within three minutes",
    }
    costly = ("idle10k", "storm3k")
    CONFIG = """\
[Global]
    Name = peer.bench.invalid
    Info = bench
    Listen = 127.0.0.1
    Ports = {port}
    MotdPhrase = bench
[Limits]
    MaxConnections = 0
    MaxConnectionsIP = 0
    MaxJoins = 0
    MaxListSize = 0
    MaxNickLength = 31
    MaxPenaltyTime = 0
    PingTimeout = 3600
    PongTimeout = 3600
[Options]
    DNS = no
    Ident = no
    PAM = no
"""

    def version(self):
        return said_by(installed("ngircd"), "--version").split("-")[0]

    def command(self, directory, port):
        config = directory / "ngircd.conf"
        config.write_text(self.CONFIG.format(port=port))
        return [installed("ngircd"), "--nodaemon", "--config", str(config)]


class Inspircd(Server):
    name, dialect, unprivileged = "inspircd", "irc", True
    needs = (
        "a connect class without limits, fake lag or look-ups, send queues of 256 MiB, "
        "the largest read buffer (with smaller ones a burst on one connection waits for the next second), pings an hour apart"
    )
    costly = ("talk10k",)
    CONFIG = """\
<server name="peer.bench.invalid" description="bench" network="bench" id="1AA">
<admin name="bench" nick="bench" email="bench@bench.invalid">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect name="bench" allow="*" timeout="600" pingfreq="3600" limit="100000" localmax="100000" globalmax="100000"
    maxconnwarn="no" maxchans="100" recvq="1048576" softsendq="268435456" hardsendq="268435456"
    fakelag="no" threshold="1000000000" commandrate="1000000000" resolvehostnames="no" useident="no"
    useconnectban="no" useconnflood="no">
<performance softlimit="100000" netbuffersize="65534" somaxconn="{queue}" clonesonconnect="no" quietbursts="yes" nouserdns="yes">
<limits maxnick="31" maxchan="64">
<dns server="127.0.0.1" timeout="1">
<path configdir="{directory}" datadir="{directory}" logdir="{directory}" runtimedir="{directory}">
"""

    def version(self):
        return said_by(installed("inspircd"), "--version").split("-debian")[0].replace("-", " ")

    def command(self, directory, port):
        config = directory / "inspircd.conf"
        config.write_text(self.CONFIG.format(port=port, directory=directory, queue=LISTEN_QUEUE))
        return [installed("inspircd"), "--config", str(config), "--nofork", "--nolog", "--nopid"]


class Ergo(Server):
    name, dialect = "ergo", "irc"
    needs = "no limits by address, no fake lag, no look-ups, no history, no accounts"
    never = {"talk10k": "10,000 do not fit into one channel within minutes"}
    costly = ("idle10k", "storm3k")
    CONFIG = """\
network: {{name: bench}}
server:
  name: peer.bench.invalid
  listeners: {{"127.0.0.1:{port}": {{}}}}
  casemapping: ascii
  enforce-utf8: false
  lookup-hostnames: false
  forward-confirm-hostnames: false
  check-ident: false
  motd: ""
  relaymsg: {{enabled: false}}
  max-sendq: 256M
  compatibility: {{force-trailing: true, send-unprefixed-sasl: true, allow-truncation: true}}
  ip-limits: {{count: false, max-concurrent-connections: 100000, throttle: false, exempted: ["localhost"]}}
  ip-cloaking: {{enabled: false}}
accounts:
  authentication-enabled: false
  registration: {{enabled: false}}
  multiclient: {{enabled: false}}
  vhosts: {{enabled: false}}
channels:
  default-modes: +n
  max-channels-per-client: 100
  registration: {{enabled: false}}
oper-classes: {{}}
opers: {{}}
logging: [{{method: stderr, type: "*", level: error}}]
datastore: {{path: "{directory}/ircd.db", autoupgrade: true, mysql: {{enabled: false}}}}
languages: {{enabled: false}}
limits:
  nicklen: 32
  identlen: 20
  realnamelen: 150
  channellen: 64
  awaylen: 390
  kicklen: 390
  topiclen: 390
  monitor-entries: 100
  whowas-entries: 100
  chan-list-modes: 100
  registration-messages: 1024
  multiline: {{max-bytes: 4096, max-lines: 100}}
fakelag: {{enabled: false}}
history: {{enabled: false}}
"""

    def __init__(self, program):
        self.program = program

    def version(self):
        return said_by(self.program, "--version")

    def command(self, directory, port):
        config = directory / "ircd.yaml"
        config.write_text(self.CONFIG.format(port=port, directory=directory))
        made = subprocess.run(
            [self.program, "initdb", "--conf", str(config), "--quiet"], capture_output=True, text=True, timeout=60
        )
        if made.returncode != 0:
            raise LeftOut(f"`ergo initdb`: {(made.stderr or made.stdout).strip()[-300:]}")
        return [self.program, "run", "--conf", str(config)]


class Ancestor(Server):
    """The forty lines of Node that Parlor grew out of."""

    name, dialect = "ancestor", "raw"
    needs = (
        "its port 3000 replaced by a free one, its listen queue of 511 by one of 4,096 (of 3,000 that come at once "
        "a third would otherwise never get in); else as it is"
    )
    never = {
        **ONE_ROOM_EACH,
        "rooms100": "knows no rooms",
        "idle10k": "knows no rooms, and announces each of 10,000 to all the others",
        "talk10k": "announces each of 10,000 to all the others, which takes minutes",
    }
    FILE, LISTEN = "node-server.js", "listen(3000, '127.0.0.1',"

    def __init__(self, directory):
        self.file = Path(directory) / self.FILE

    def source(self):
        try:
            source = self.file.read_text()
        except OSError as error:
            raise LeftOut(f"{self.FILE}: {error.strerror}") from None
        if self.LISTEN not in source:
            raise LeftOut(f"{self.FILE} does not listen on port 3000 of 127.0.0.1")
        return source

    def version(self):
        self.source()
        return f"Node {said_by(installed('node'), '--version')}"

    def command(self, directory, port):
        copy = directory / self.FILE
        copy.write_text(self.source().replace(self.LISTEN, f"listen({port}, '127.0.0.1', {LISTEN_QUEUE},"))
        return [installed("node"), str(copy)]


def listening():
    """The ports of 127.0.0.1 on which somebody listens, seen without connecting: a probe would be a member to some."""
    ports = set()
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state = row.split()[:4]
        address, port = local.split(":")
        if state == "0A" and address in ("0100007F", "00000000"):
            ports.add(int(port, 16))
    return ports


_next_port = 0


def free_port():
    """One that nobody listens on, and another one each time: the last run's connections still linger."""
    global _next_port
    taken = listening()
    for _ in PORTS:
        port = PORTS[(os.getpid() + _next_port) % len(PORTS)]
        _next_port += 1
        if port not in taken:
            return port
    raise SystemExit("no free port")


def stop(process):
    """Ends a process of ours, by its number, and waits until it is gone."""
    for number, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, None)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue


# What turns a listening standard input into a socket where systemd would have put it.
ACTIVATED = ["sh", "-c", 'exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"', "sh"]


def pinned(core, command, user=None):
    """A command on one core that does not outlive this script, whatever ends it."""
    became = ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"] if user else []
    return ["setpriv", *became, "--pdeathsig", "KILL", "taskset", "-c", core, *command]


@contextmanager
def running(server, core):
    """The server on its core, accepting on a port of its own: (process, port). Stopped at the end, whatever happened."""
    user = pwd.getpwnam("nobody") if server.unprivileged and os.getuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix=f"peer-{server.name}-") as name:
        directory, port = Path(name), free_port()
        command = server.command(directory, port)
        if user:
            for path in (directory, *directory.iterdir()):
                os.chown(path, user.pw_uid, user.pw_gid)
        with open(directory / "output", "w+b") as output:
            listener = None
            if server.activated:
                listener = socket.create_server(("127.0.0.1", port), backlog=LISTEN_QUEUE)
                command = [*ACTIVATED, *command]
            process = subprocess.Popen(
                pinned(core, command, user),
                cwd=directory,
                stdin=listener or subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the script, which then stops its servers.
                start_new_session=True,
                # Of the environment nothing that could be a setting.
                env={"PATH": os.environ.get("PATH", ""), "HOME": name, "LC_ALL": "C.UTF-8"},
            )
            try:
                if listener:
                    listener.close()
                    # Its port listens already; this is for it to read its configuration.
                    time.sleep(0.3)
                deadline = time.monotonic() + START_SECONDS
                while port not in listening() or process.poll() is not None:
                    if process.poll() is not None or time.monotonic() > deadline:
                        stop(process)
                        output.seek(0)
                        said = re.sub(r"\s+", " ", output.read().decode(errors="replace")).strip()[-300:]
                        raise LeftOut(f"did not start (exit status {process.returncode}): {said}")
                    time.sleep(0.02)
                yield process, port
            finally:
                stop(process)
