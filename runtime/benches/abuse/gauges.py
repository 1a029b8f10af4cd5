"""What the kernel says of the server: its time, its memory, its sockets, its log."""

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

SAMPLE_SECONDS = 0.25
COUNTER_SECONDS = 2


def cpu_seconds(pid):
    """The processor's time that all threads were given, to the nanosecond."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            total += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
        except OSError:
            continue
    return total / 1e9


def resident_bytes(pid, what="VmRSS"):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) * 1024
    return 0


def forget_peak(pid):
    """Makes `VmHWM` begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def socket_memory_bytes():
    """The memory of all TCP sockets of this machine."""
    for line in Path("/proc/net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            return int(line.split()[-1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def sockets(port):
    """The memory of the server's sockets: (all that they hold, the most that one holds, the largest limit of one)."""
    command = ["ss", "-tmnH", "state", "established", f"( sport = :{port} )"]
    text = subprocess.run(command, capture_output=True, text=True).stdout
    total = most = limit = 0
    for found in re.finditer(r"skmem:\(r(\d+),rb\d+,t\d+,tb(\d+),f(\d+),w(\d+)", text):
        received, send_limit, forward, queued = map(int, found.groups())
        # What is received and what waits to be sent; what is reserved ahead is the kernel's rounding to pages.
        total += received + queued + forward
        most = max(most, received + queued)
        limit = max(limit, send_limit)
    return total, most, limit


class Log:
    """What the server writes to standard error."""

    def __init__(self, pid):
        self.pid = pid
        self.path = f"/proc/{pid}/fd/2"

    def size(self):
        return os.stat(self.path).st_size

    def text(self):
        return Path(self.path).read_text(errors="replace")

    def counters(self):
        """The counters that the server logs when it is asked."""
        before = self.text().count(" counters ")
        os.kill(self.pid, signal.SIGUSR1)
        deadline = time.monotonic() + COUNTER_SECONDS
        while time.monotonic() < deadline:
            lines = [line for line in self.text().splitlines() if " counters " in line]
            if len(lines) > before:
                return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", lines[-1])}
            time.sleep(0.02)
        return {}


class Watch(threading.Thread):
    """Looks at the server several times a second: (time, processor's seconds, resident bytes, bytes of all sockets)."""

    def __init__(self, pid, port, looks_at_sockets):
        super().__init__(daemon=True)
        self.pid, self.port, self.looks_at_sockets = pid, port, looks_at_sockets
        self.samples = []
        self.sockets = (0, 0, 0)
        self.ended = threading.Event()
        self.start()

    def run(self):
        count = 0
        while not self.ended.wait(SAMPLE_SECONDS):
            try:
                self.samples.append(
                    (time.monotonic(), cpu_seconds(self.pid), resident_bytes(self.pid), socket_memory_bytes())
                )
            except OSError:
                return
            if self.looks_at_sockets and count % 4 == 0:
                self.sockets = tuple(map(max, self.sockets, sockets(self.port)))
            count += 1

    def peak(self, column, begin, end):
        values = [sample[column] for sample in self.samples if begin <= sample[0] <= end]
        return max(values, default=0)

    def stop(self):
        self.ended.set()
        self.join()
