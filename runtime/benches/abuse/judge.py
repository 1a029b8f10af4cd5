"""What may come of an attack, and what came of it."""

import subprocess

from rows import BY_KEY

# Others' latency, in times what it is without the attack, and milliseconds beyond.
P50_TIMES, P50_MORE_MS, P99_TIMES, P99_MORE_MS = 2, 0.5, 2, 10
RESIDENT_MORE_BYTES = 16 << 20
# While members of several rooms are told of one tick: a quarter of what all slow readers together may be owed.
PEAK_MORE_BYTES = 64 << 20
KERNEL_EACH_BYTES, KERNEL_TIMES = 512 << 10, 2.2
LOG_BYTES_PER_SECOND = 20_000
OPER_MICROS = 5
VERDICT_SECONDS = 1
RETURN_SECONDS = 60
# Ordinary use: beyond what the rate explains.
ORDINARY_MORE_SECONDS = 1
# What it costs to come into a room, in lines: four for the connection, three that are said, two for what is answered.
ENTRANCE_LINES = 9


class Verdict:
    def __init__(self, aim, measured, is_met):
        self.aim, self.measured, self.is_met = aim, measured, bool(is_met)

def settings(program):
    """The settings in force of a server as it comes: those that are numbers."""
    command = [program, "serve", "--print-config"]
    text = subprocess.run(command, capture_output=True, text=True, timeout=30).stdout
    pairs = (line.partition("#")[0].split("=") for line in text.splitlines() if "=" in line.partition("#")[0])
    return {name.strip(): int(value) for name, value in pairs if value.strip().isdigit()}


def judged(run, servers):
    """The run with its verdicts; without a result there are none."""
    row, result = BY_KEY[run["row"]], run["result"]
    return run | {"verdicts": judge(row, result, servers[run["role"]]["limits"]) if result else []}


def judge(row, result, limits):
    """The verdicts on a run that came to an end."""
    verdicts = list(own(row, result.get("own", {}), limits))
    if row.alone:
        return verdicts
    verdicts += latency(row, result) if row.is_judged or row.ordinary else []
    verdicts += closings(result)
    if any(it["does"] == "enter" for it in result["attack"]):
        verdicts.append(returned(row, result))
    if result["lost"]:
        verdicts.append(Verdict("every line is heard", f"{result['lost']:,} are not", False))
    verdicts += memory(row, result, limits)
    log = result["log_bytes_per_second"]
    verdicts.append(Verdict("log ≤ 20 KB/s", f"{log / 1e3:,.1f} KB/s", log <= LOG_BYTES_PER_SECOND))
    if row.command:
        verdicts.append(pasted(row, result, limits))
    return verdicts


def latency(row, result):
    """Others' latency against that of the same run without the attack."""
    if row.key == "room1000":
        took = result["latency"]["during"]["p99"]
        return [Verdict("nobody is paused: p99 ≤ 1 s", milliseconds(took), took is not None and took <= 1_000)]
    verdicts = []
    for name, times, more in (("p50", P50_TIMES, P50_MORE_MS), ("p99", P99_TIMES, P99_MORE_MS)):
        without, under = result["latency"]["before"][name], result["latency"]["during"][name]
        most = times * without + more
        measured, is_met = f"{milliseconds(under)}, ≤ {milliseconds(most)}", under is not None and under <= most
        verdicts.append(Verdict(f"{name} ≤ 2 × + {more} ms", measured, is_met))
    return verdicts


def milliseconds(value):
    return "nothing heard" if value is None else f"{value:,.2f} ms" if value < 10 else f"{value:,.0f} ms"


def closings(result):
    closed = result["closed"]
    count = closed["members"] + closed["slow"]
    text = f"{count:,}" + (f", {closed['slowest']} of them at 1 Mbit/s" if closed["slowest"] else "")
    return [Verdict("no honest member is closed", text, count == 0)]


def memory(row, result, limits):
    if row.memory:
        more = result["resident"]["minute"] - result["resident"]["before"]
        text = f"{more / (1 << 20):+.1f} MiB"
        yield Verdict("resident memory a minute later ≤ + 16 MiB", text, more <= RESIDENT_MORE_BYTES)
    if row.peak:
        # What the members' entrances took may stay resident, so the peak is compared with the empty server.
        more = result["resident"]["peak"] - result["resident"].get("empty", result["resident"]["before"])
        yield Verdict("resident memory at its peak ≤ that of the empty server + 64 MiB", f"{more / (1 << 20):+.1f} MiB", more <= PEAK_MORE_BYTES)
    if row.kernel:
        each = result["kernel"]["each"]
        most, aim = KERNEL_EACH_BYTES, "512 KiB"
        if send := limits.get("socket_send_bytes"):
            most, aim = min(most, KERNEL_TIMES * send), "2.2 × `socket_send_bytes` and 512 KiB"
        yield Verdict(f"the kernel holds for one that never reads ≤ {aim}", f"{each / 1024:,.0f} KiB", each <= most)


def own(row, measured, limits):
    """What only this row has."""
    if "oper_micros" in measured:
        yield Verdict("CPU of an `OPER` ≤ 5 µs", f"{measured['oper_micros']:,.1f} µs", measured["oper_micros"] <= OPER_MICROS)
    if "verdicts" in measured:
        waits = ", ".join("none" if it is None else f"{it:.2f} s" for it in measured["verdicts"])
        slowest = measured["verdict_seconds"]
        yield Verdict("the operators' verdicts ≤ 1 s", waits, slowest is not None and slowest <= VERDICT_SECONDS)
    if "new_room" in measured:
        yield Verdict("somebody else can begin a room", measured["refusal"] or "yes", measured["new_room"])
    if "told" in measured:
        told = ", ".join(measured["told"])
        yield Verdict("nobody is told an address", f"{told}" if told else "none", not told)
    if "campus_p99" in measured:
        lines = 50 * ENTRANCE_LINES - limits["rate_burst"] * limits.get("address_factor", 50)
        most = max(lines, 0) / (limits["rate_lines"] * limits.get("address_factor", 50)) + ORDINARY_MORE_SECONDS
        took = measured["all_in_seconds"]
        yield Verdict(f"all are in within {most:.1f} s (the rate of an address)", f"{took:.1f} s", took <= most)
        yield Verdict("none of them is closed", f"{measured['campus_closed']}", measured["campus_closed"] == 0)
        p99 = measured["campus_p99"]
        yield Verdict("p99 of their lines ≤ 20 ms", milliseconds(p99), p99 is not None and p99 <= 20)


def returned(row, result):
    """How the honest ones got in who all came at once."""
    did = result["attack"][0]
    took = did["all_in_seconds"]
    text = f"{did['in']:,} of {row.fleets[0]['connections']:,}"
    text += f" in {took:.1f} s" if took else f", {did['closed']:,} closed"
    return Verdict("all are in within 60 s", text, took is not None and took <= RETURN_SECONDS)


def pasted(row, result, limits):
    """A paste is heard as fast as the rate says."""
    lines = int(row.command.split()[1])
    most = max(lines - limits["rate_burst"], 0) / limits["rate_lines"] + ORDINARY_MORE_SECONDS
    took = result["pasted"]["last_ms"] / 1e3
    return Verdict(f"all of it is heard within {most:.1f} s", f"{took:.2f} s", 0 < took <= most)


def median(results):
    """Of several runs of one row: the one in the middle, by what the others' p99 became."""
    def key(result):
        under = result.get("latency", {}).get("during", {}).get("p99")
        return float("inf") if under is None else under / max(result["latency"]["before"]["p99"], 0.1)

    ordered = sorted(results, key=key)
    return ordered[(len(ordered) - 1) // 2]
