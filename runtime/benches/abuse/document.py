"""Writes what was measured into docs/WITHSTAND.md, between its markers, and the plots beside it."""

import judge
import timeline
from figures import number
from report import table
from rows import BY_KEY, ROWS

BEGIN, END = "<!-- Written by runtime/benches/abuse/run, from here -->", "<!-- to here. -->"
MIB, KIB = 1 << 20, 1 << 10
ROLES = ("before", "after")


def left(text):
    """The table with every column to the left."""
    return text.replace("--:", "---")


def milliseconds(value):
    return "–" if value is None else number(value)


def chosen(runs):
    """Of several runs of a row, the one in the middle: {row: {role: run}}."""
    found = {}
    for row in ROWS:
        for role in ROLES:
            those = [run for run in runs if (run["row"], run["role"]) == (row.key, role)]
            whole = [run for run in those if run["result"]]
            if row.alone:
                whole = whole[-1:]
            if whole:
                middle = judge.median([run["result"] for run in whole]) if not row.alone else whole[0]["result"]
                run = next(run for run in whole if run["result"] is middle)
                found.setdefault(row.key, {})[role] = run | {"runs": len(those)}
            elif those:
                found.setdefault(row.key, {})[role] = those[-1] | {"runs": len(those)}
    return found


def passes(run):
    return run["result"] is not None and all(it.is_met for it in run["verdicts"])


def mark(run):
    if run["result"] is None:
        return "**no result**"
    failed = [f"{it.aim}: {it.measured}" for it in run["verdicts"] if not it.is_met]
    return f"**missed:** {'; '.join(failed)}" if failed else "met"


def glance(run):
    """The figures of a run that say most: what was without the attack, and what was under it."""
    result = run["result"]
    if not result or "latency" not in result:
        return ["–"] * 6
    without, under = result["latency"]["before"], result["latency"]["during"]
    resident = result["resident"]
    more = (resident["peak"] if resident["minute"] is None else resident["minute"]) - resident["before"]
    return [
        f"{milliseconds(without['p50'])} → {milliseconds(under['p50'])}",
        f"{milliseconds(without['p99'])} → {milliseconds(under['p99'])}",
        number(result["closed"]["members"] + result["closed"]["slow"]),
        f"{result['cpu_percent']['during']:.0f}",
        f"{more / MIB:+.1f}",
        f"{result['log_bytes_per_second'] / 1e3:,.1f}",
    ]


def overview(rows, found, servers):
    lines = []
    for row in rows:
        for role, run in found.get(row.key, {}).items():
            what = f"[{row.about}](#{row.key})" if role == next(iter(found[row.key])) else ""
            lines.append([what, servers[role]["name"], *glance(run), mark(run)])
    head = ["attack" if not rows[0].ordinary else "use", "server", "p50, ms", "p99, ms", "closed", "CPU, %"]
    return table([*head, "resident, MiB", "log, KB/s", "aims"], lines)


def misses(found):
    """The aims that the server misses, and by how much."""
    lines = []
    for key, both in found.items():
        run = both.get("after")
        if run and not passes(run):
            why = [f"{it.aim}: {it.measured}" for it in run["verdicts"] if not it.is_met]
            lines.append(f"- [{key}](#{key}): {'; '.join(why) or run['error']}")
    return "\n".join(lines) or "None."


def figures(row, both, servers):
    """Every figure of a row, a column for each server."""
    runs = [(role, run["result"]) for role, run in both.items() if run["result"]]
    if not runs or row.alone:
        return ""
    resident = ["before", "peak", "after"] + (["minute"] if row.memory else [])

    def each(label, value):
        lines.append([label, *(value(result) for _, result in runs)])

    lines = []
    for name in ("p50", "p99", "max"):
        each(
            f"others' {name}, ms: before, during, after",
            lambda it: ", ".join(milliseconds(it["latency"][span][name]) for span in ("before", "during", "after")),
        )
    each("honest members closed", lambda it: number(it["closed"]["members"] + it["closed"]["slow"]))
    each(
        "CPU of the server, %: before, during",
        lambda it: f"{number(it['cpu_percent']['before'])}, {number(it['cpu_percent']['during'])}",
    )
    each("lines said in a second, by all", lambda it: number(it["lines_per_second"]))
    each(
        "resident, MiB: " + ", ".join("a minute later" if name == "minute" else name for name in resident),
        lambda it: ", ".join(number(round(it["resident"][name] / MIB, 1)) for name in resident),
    )
    if row.kernel:
        each("kernel's memory of all sockets of the server, MiB", lambda it: number(round(it["kernel"]["all"] / MIB, 1)))
        each("kernel's memory of one socket at most, KiB", lambda it: number(round(it["kernel"]["each"] / KIB)))
        each("largest send buffer, KiB", lambda it: number(round(it["kernel"]["limit"] / KIB)))
    each("log, KB/s", lambda it: number(round(it["log_bytes_per_second"] / 1e3, 2)))
    each("lateness of the members themselves, p99, ms", lambda it: milliseconds(it["late_p99_ms"]))
    if any(result["attack"] for _, result in runs):
        each("sent by the attackers, KB/s", lambda it: number(round(sum(map(sent_rate, it["attack"])) / 1e3, 1)))
        each("connections that the attackers made", lambda it: number(sum(did["connections"] for did in it["attack"])))
    return table(["", *(servers[role]["name"] for role, _ in runs)], lines)


def sent_rate(did):
    return did["sent_bytes"] / max(did.get("seconds", 1), 1)


def section(row, both, servers):
    parts = [f"### {row.key}", f"{row.about[0].upper()}{row.about[1:]}."]
    for role, run in both.items():
        lines = [[it.aim, it.measured, "met" if it.is_met else "**missed**"] for it in run["verdicts"]]
        head = [f"aim, {servers[role]['name']}", "measured", ""]
        parts.append(left(table(head, lines)) if run["result"] else f"{servers[role]['name']}: no result: {run['error']}")
    parts.append(figures(row, both, servers))
    if any(run["result"] and run["result"].get("time") for run in both.values()):
        parts.append(f"![{row.key}: the others' latency](withstand/{row.key}.svg)")
    return "\n\n".join(part for part in parts if part)


def plot(row, both, servers):
    return timeline.timeline(
        f"{row.key}: others' latency; shaded: the attack",
        [
            (servers[role]["name"], run["result"]["time"], run["result"]["seconds"]["during"])
            for role, run in both.items()
            if run["result"] and run["result"].get("time")
        ],
    )


def text(meta, runs):
    found, servers = chosen(runs), meta["servers"]
    attacks = [row for row in ROWS if not row.ordinary and row.key in found]
    ordinary = [row for row in ROWS if row.ordinary and row.key in found]
    machine = meta["machine"]
    parts = [
        f"Written by\n\n```console\n$ {meta['command']}\n```",
        left(
            table(
                ["", ""],
                [
                    ["date", f"{meta['date']} (UTC)"],
                    *([f"server {servers[role]['name']}", servers[role]["version"]] for role in servers),
                    ["processor", machine["processor"]],
                    ["cores", f"{machine['cores']}; the server on {meta['cores'][0]}, everybody else on {meta['cores'][1]}"],
                    ["memory", machine["memory"]],
                    ["system", machine["system"]],
                    ["load before the start", machine["load"]],
                    ["runs of each row", "1" if meta["runs"] == 1 else f"{meta['runs']}; the one in the middle by p99 is shown"],
                ],
            )
        ),
        "## At a glance",
        "Others' latency without the attack → under it. Resident memory: what was added, a minute later where memory is the subject,"
        " otherwise at the peak.",
        overview(attacks, found, servers),
    ]
    if ordinary:
        parts += ["## Ordinary use is not in the way", overview(ordinary, found, servers)]
    parts += [f"## Aims that {servers['after']['name']} misses", misses(found)]
    parts += ["## Every figure", *(section(row, found[row.key], servers) for row in (*attacks, *ordinary))]
    return "\n\n".join(parts)


def write(meta, runs, path):
    """Puts the figures between the document's markers, and the plots into the folder beside it."""
    whole = path.read_text()
    before, _, rest = whole.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise SystemExit(f"{path}: no place for the figures: the lines `{BEGIN}` and `{END}`")
    path.write_text(f"{before}{BEGIN}\n\n{text(meta, runs)}\n\n{END}{after}")
    plots = path.parent / "withstand"
    plots.mkdir(exist_ok=True)
    for old in plots.glob("*.svg"):
        old.unlink()
    for key, both in chosen(runs).items():
        if svg := plot(BY_KEY[key], both, meta["servers"]):
            (plots / f"{key}.svg").write_text(svg)
    return path
