"""One run of one row against one server: everybody is started, watched, and stopped again."""

import json
import os
import re
import select
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import gauges
import probes
import rows
import servers

HERE = Path(__file__).resolve().parent
# For a program to connect all its clients, and to tell what it saw.
READY_SECONDS, TELL_SECONDS = 180, 60
# For what has been set up to come to rest: until the attackers' budgets are whole again.
REST_SECONDS = 8
BEFORE_SECONDS, AFTER_SECONDS, MEMORY_SECONDS = 5, 5, 60
# How the plots divide the time.
BUCKET_MS = 250
HASHES = {}

now = time.monotonic


class Failed(Exception):
    """The run came to nothing; the text says why."""


class Parlor(servers.Parlor):
    """A server as it comes, at an address of every dialect."""

    def __init__(self, program, flags=()):
        super().__init__(program)
        self.flags = flags

    def command(self, directory, port):
        first = ["nice", "-n", "-15"] if os.geteuid() == 0 else []
        return [*first, self.program, "serve", "--listen", f"auto://127.0.0.1:{port}", "--lang", "en", *self.flags]


def password_hash(program, password):
    if program not in HASHES:
        command = [program, "hash-password"]
        done = subprocess.run(command, input=password + "\n", capture_output=True, text=True, timeout=30)
        HASHES[program] = done.stdout.strip()
    return HASHES[program]


class Program:
    """A Python program beside this one that takes a description, and says so when it is ready."""

    def __init__(self, name, spec, core):
        command = servers.pinned(core, [sys.executable, str(HERE / name)])
        if os.geteuid() == 0:
            # Before other programs on this machine; those who measure come before this.
            command = ["nice", "-n", "-10", *command]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True, bufsize=0)
        self.kept = b""
        self.tell(json.dumps(spec))

    def tell(self, line):
        self.process.stdin.write(line.encode() + b"\n")

    def line(self, seconds):
        deadline = now() + seconds
        while b"\n" not in self.kept:
            ready, _, _ = select.select([self.process.stdout], [], [], max(deadline - now(), 0))
            data = os.read(self.process.stdout.fileno(), 1 << 20) if ready else b""
            if not data:
                raise Failed(f"{Path(self.process.args[-1]).name} says nothing" + ("" if ready else " in time"))
            self.kept += data
        line, _, self.kept = self.kept.partition(b"\n")
        return line.decode()

    def stop(self):
        servers.stop(self.process)
        self.process.stdin.close()
        self.process.stdout.close()


class Trial:
    """What the parts of a run share."""

    def __init__(self, row, program, cores, seconds=None):
        self.row, self.program, self.cores = row, program, cores
        self.seconds = min(seconds or row.seconds, row.seconds)
        self.own = {}

    @contextmanager
    def server(self):
        flags = [
            flag.replace("HASH", password_hash(self.program, rows.PASSWORD)) if "HASH" in flag else flag
            for flag in self.row.flags
        ]
        with servers.running(Parlor(self.program, flags), self.cores[0]) as (process, port):
            self.pid, self.port, self.process = process.pid, port, process
            self.log = gauges.Log(process.pid)
            yield self

    def honest(self, stack, groups, preferred=True):
        spec = {"port": self.port, "groups": groups, "password": self.row.password, "preferred": preferred}
        it = Program("honest.py", spec, self.cores[1])
        stack.callback(it.stop)
        return it

    def fleet(self, stack, spec):
        it = Program("attacker.py", spec | {"port": self.port, "seconds": self.seconds}, self.cores[1])
        stack.callback(it.stop)
        return it

    def run(self):
        if self.row.alone:
            with self.server():
                return {"own": getattr(probes, self.row.probe)(self)}
        with ExitStack() as stack:
            stack.enter_context(self.server())
            return self.attack(stack)

    def attack(self, stack):
        row = self.row
        # Nobody is there yet.
        empty = gauges.resident_bytes(self.pid)
        members = [self.honest(stack, row.members)]
        members += [self.honest(stack, [group], False) for group in row.audience]
        for it in members:
            it.line(READY_SECONDS)
        fleets = [self.fleet(stack, spec) for spec in row.fleets]
        for it in fleets:
            it.line(READY_SECONDS)
        time.sleep(REST_SECONDS)
        watch = gauges.Watch(self.pid, self.port, row.kernel)
        stack.callback(watch.stop)
        gauges.forget_peak(self.pid)
        moments, cpu, logged = [now()], [], []
        resident = [gauges.resident_bytes(self.pid)]
        kernel_before = gauges.socket_memory_bytes()

        def moment():
            moments.append(now())
            cpu.append(gauges.cpu_seconds(self.pid))
            logged.append(self.log.size())

        cpu.append(gauges.cpu_seconds(self.pid))
        logged.append(self.log.size())
        time.sleep(BEFORE_SECONDS)
        counted = self.log.counters()
        moment()
        for it in fleets:
            it.tell("go")
        if row.command:
            members[0].tell(row.command)
        if row.probe:
            self.own |= getattr(probes, row.probe)(self, stack)
        if not fleets:
            time.sleep(max(moments[1] + self.seconds - now(), 0))
        attacks = [json.loads(it.line(self.seconds + TELL_SECONDS)) for it in fleets]
        moment()
        peak = gauges.resident_bytes(self.pid, "VmHWM")
        counted_after = self.log.counters()
        time.sleep(AFTER_SECONDS)
        moment()
        resident.append(gauges.resident_bytes(self.pid))
        if row.memory:
            time.sleep(max(moments[2] + MEMORY_SECONDS - now(), 0))
            resident.append(gauges.resident_bytes(self.pid))
        heard, log = [], self.log.text()
        for it in members:
            it.tell("stop")
        for it in members:
            heard.append(json.loads(it.line(TELL_SECONDS)))
        watch.stop()
        if self.process.poll() is not None:
            raise Failed(f"the server ended with status {self.process.returncode}")
        spans = dict(zip(("before", "during", "after"), zip(moments, moments[1:])))
        kernel = watch.peak(3, *spans["during"]) - kernel_before
        length = {name: end - begin for name, (begin, end) in spans.items()}
        return {
            "seconds": {name: round(value, 2) for name, value in length.items()},
            "latency": {name: latency(heard[0], span) for name, span in spans.items()},
            "time": buckets(heard[0], spans),
            "late_p99_ms": quantile([late for at, late in heard[0]["late"] if in_span(at, spans["during"])], 0.99, 1e3),
            "lost": lost(row, heard, (moments[0], moments[-1])),
            "closed": closed(heard, log),
            "pasted": {"lines": len(heard[0]["pasted"]), "last_ms": max(heard[0]["pasted"], default=0) / 1e3},
            "cpu_percent": {
                name: round((cpu[at + 1] - cpu[at]) / length[name] * 100, 1) for at, name in enumerate(spans)
            },
            "resident": {
                "empty": empty,
                "before": resident[0],
                "peak": peak,
                "after": resident[1],
                "minute": (resident + [None])[2],
            },
            "kernel": dict(zip(("all", "each", "limit"), watch.sockets)) | {"machine": kernel},
            "log_bytes_per_second": round((logged[2] - logged[1]) / length["during"]),
            "lines_per_second": round((counted_after.get("lines", 0) - counted.get("lines", 0)) / length["during"]),
            "attack": [{"does": spec["act"], **did} for spec, did in zip(row.fleets, attacks) if spec["act"] != "hold"],
            "own": self.own,
        }


def in_span(at_ms, span):
    return span[0] * 1e3 <= at_ms < span[1] * 1e3


def quantile(values, share, per):
    if not values:
        return None
    values = sorted(values)
    return round(values[min(int(len(values) * share), len(values) - 1)] / per, 3)


def latency(heard, span):
    """Of the lines that were due in this time."""
    took = [
        micros for times, all_took in heard["heard"] for at, micros in zip(times, all_took) if in_span(at, span)
    ]
    return {
        "p50": quantile(took, 0.5, 1e3),
        "p99": quantile(took, 0.99, 1e3),
        "max": quantile(took, 1, 1e3),
        "count": len(took),
    }


def buckets(heard, spans):
    """The latency as time goes by, from the beginning of the attack: [second, median, most]."""
    begin = spans["during"][0] * 1e3
    rows = {}
    for times, took in heard["heard"]:
        for at, micros in zip(times, took):
            if spans["before"][0] * 1e3 <= at < spans["after"][1] * 1e3:
                rows.setdefault(int((at - begin) // BUCKET_MS), []).append(micros / 1e3)
    return [
        [round((at + 0.5) * BUCKET_MS / 1e3, 3), round(statistics.median(it), 3), round(max(it), 3)]
        for at, it in sorted(rows.items())
    ]


def lost(row, heard, span):
    """The lines of this time that somebody should have heard and did not, where nobody was closed."""
    if any(it["closed"] for it in heard):
        return None

    def count(times):
        return sum(in_span(at, span) for at in times)

    groups = [
        (group["room"], it["listeners"][at], count(it["said"][at]), count(it["heard"][at][0]))
        for it, groups in zip(heard, (row.members, *([group] for group in row.audience)))
        for at, group in enumerate(groups)
    ]
    expected = sum(
        said * (listeners - (index == other))
        for index, (room, _, said, _) in enumerate(groups)
        for other, (other_room, listeners, _, _) in enumerate(groups)
        if room == other_room and listeners
    )
    return expected - sum(got for _, _, _, got in groups)


def closed(heard, log):
    """The honest members that were closed. One that reads slowly learns of it late, so the log is asked, too."""
    why = {it["name"]: it["why"] for one in heard for it in one["closed"]}
    prefixes = "|".join(name for one in heard for name in one["groups"])
    why |= {name: reason for name, reason in re.findall(rf" ((?:{prefixes})\d+) left: (.*?) peer=", log)}
    slow = [name for name in why if re.fullmatch(r"s\d+x\d+", name)]
    return {
        "members": len(why) - len(slow),
        "slow": len(slow),
        "slowest": sum(name.startswith("s1000x") for name in slow),
        "why": list(dict.fromkeys(why.values()))[:3],
    }
