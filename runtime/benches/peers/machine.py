"""What a measurement is made on, and how a script that measures is ended."""

import os
import platform
import resource
import signal
import subprocess
import sys
from pathlib import Path

from servers import ROOT


def first(path, start):
    """What a line of a file of the kernel's says after this start."""
    for line in Path(path).read_text().splitlines():
        if line.startswith(start):
            return line.partition(":")[2].strip()
    return "unknown"


def git(*command):
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def commit():
    """What is checked out here, and whether it was changed."""
    changed = bool(git("status", "--porcelain", "--untracked-files=no"))
    return (git("rev-parse", "--short", "HEAD") or "unknown") + (" and changes that are not in it" if changed else "")


def machine():
    return {
        "processor": first("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": f"{int(first('/proc/meminfo', 'MemTotal').split()[0]) / (1 << 20):.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def files_max():
    """As many open files as we may have; the servers and the generator inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else sys.maxsize


def end_politely():
    """Lets signals end the script in such a way that it stops its servers."""
    # A script in the background is born deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number, _frame):
    # The servers are stopped on the way out.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + number)
