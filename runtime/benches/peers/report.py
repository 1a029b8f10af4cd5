"""docs/BENCHMARKS.md and its plots, from the runs."""

import plot
from figures import Figures, number
from workloads import GROUPS, METRICS, PEERS, TARGETS, WORKLOADS

# What follows it in the document was not written by this script, and stays.
BY_HAND = "<!-- What follows is written by hand; runtime/benches/peers/run keeps it. -->"
OURS = "parlor"
CHARTS = (
    ("cost", "CPU of the server per delivery, µs (logarithmic; the line is from quartile to quartile)", "cost"),
    ("latency", "99 of 100 deliveries took at most, ms (logarithmic; open loop)", "p99"),
    ("memory", "Resident memory per silent member, bytes (logarithmic)", "resident"),
    ("storm", "CPU for 3,000 entrances, s (logarithmic)", "cpu"),
)


def table(head, rows):
    align = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, align, *rows))


def spread_text(spread, unit=""):
    if spread is None:
        return "–"
    text = number(spread.median) + (f" {unit}" if unit else "")
    same = spread.low == spread.median == spread.high
    return text if same else f"{text} ({number(spread.low)}–{number(spread.high)})"


def heading(metric):
    it = METRICS[metric]
    return f"{it.name}, {it.unit}" if it.unit else it.name


def overview(figures):
    """What a delivery costs everywhere, at a glance."""
    rows = []
    for workload in figures.workloads:
        main = WORKLOADS[workload].main
        cells = [figures.spread(workload, server, main) for server in figures.servers]
        name = f"`{workload}`" + ("" if main == "cost" else f" ({heading(main)})")
        rows.append([name, *(number(cell.median) if cell else "–" for cell in cells)])
    return table(["", *figures.servers], rows)


def runs_text(figures, workload, server):
    runs, failed = figures.of(workload, server), figures.failed(workload, server)
    notes = [str(len(runs))]
    if failed:
        notes.append(f"{len(failed)} failed")
    if limited := figures.limited(workload, server):
        notes.append(f"{len(limited)} generator-limited")
    return ", ".join(notes)


def details(figures, workload):
    """One workload: every figure of every server, and Parlor's ratio to it."""
    it, rows = WORKLOADS[workload], []
    for server in figures.servers:
        if not figures.of(workload, server):
            continue
        ours = ours_of(figures, workload)
        ratio = figures.ratio(workload, it.main, server, ours) if server != ours else None
        values = [spread_text(figures.spread(workload, server, metric)) for metric in (it.main, *it.beside)]
        rows.append([server, *values, spread_text(ratio), runs_text(figures, workload, server)])
    head = ["server", *map(heading, (it.main, *it.beside)), "Parlor's share of it", "runs"]
    return f"### {workload}\n\n{it.about[0].upper()}{it.about[1:]}.\n\n{table(head, rows)}\n"


def ours_of(figures, workload):
    """Our server that is compared with others: that of IRC where clients need several rooms."""
    return OURS if figures.of(workload, OURS) else "parlor-irc"


def verdict(measured, most):
    return "met" if measured <= most else f"**missed** ({measured / most:.2f} ×)"


def aims(figures):
    """The targets, each with what was measured; a group of servers by the one that is hardest to beat."""
    rows = []
    for target in TARGETS:
        what = heading(target.metric) if not target.servers else METRICS[target.metric].name
        most = f"{target.most:,.{0 if target.most > 100 else 2}f}" if target.most >= 0.2 else f"1/{1 / target.most:.0f}"
        row = [f"`{target.workload}`", what if target.of == OURS else f"{what} of {target.of}"]
        if not target.servers:
            spread = figures.spread(target.workload, target.of, target.metric)
            if spread:
                rows.append([*row, f"≤ {most}", spread_text(spread), verdict(spread.median, target.most)])
            continue
        measured = []
        for server in target.servers:
            if ratio := figures.ratio(target.workload, target.metric, server, target.of):
                measured.append((ratio.median, server, ratio))
            elif figures.of(target.workload, server) and figures.of(target.workload, target.of):
                rows.append([*row, f"≤ {most} × {server}", "–", "no runs of both that count"])
        if measured:
            _, server, ratio = max(measured, key=lambda it: it[0])
            worst = server if len(measured) == 1 else f"each of {', '.join(it[1] for it in measured)}"
            text = spread_text(ratio) + ("" if len(measured) == 1 else f" of {server}")
            if target.metric in ("p50", "p99") and figures.limited(target.workload, target.of):
                text += ", both with the generator's own"
            rows.append([*row, f"≤ {most} × {worst}", text, verdict(ratio.median, target.most)])
    rows += [row for row in (slow_aim(figures), many_aim(figures), idle_aim(figures), growth_aim(figures)) if row]
    order = [f"`{workload}`" for workload in figures.workloads]
    rows.sort(key=lambda row: order.index(row[0]) if row[0] in order else len(order))
    return table(["workload", "figure", "aim", "measured", ""], rows) if rows else None


def slow_aim(figures):
    ratio = figures.ratio("slow-none", "p99", OURS, of_workload="slow")
    if ratio:
        return ["`slow`", "p99", "≤ 1.10 × without the slow", spread_text(ratio), verdict(ratio.median, 1.1)]
    return None


def many_aim(figures):
    ratio = figures.ratio("many-one", "cost", "parlor-irc", of="parlor-irc", of_workload="many")
    if ratio:
        about = "CPU per delivery of parlor-irc"
        return ["`many`", about, "≤ 2.00 × one room each", spread_text(ratio), verdict(ratio.median, 2.0)]
    return None


def idle_aim(figures):
    cpu = figures.spread("idle10k", OURS, "cpu")
    if cpu:
        return ["`idle10k`", heading("cpu"), "none", spread_text(cpu), verdict(round(cpu.median, 2), 0.01)]
    return None


def growth_aim(figures):
    talks = ("talk200", "talk1000", "talk10k")
    costs = [figures.spread(talk, OURS, "cost") for talk in talks]
    if not all(costs):
        return None
    medians = [cost.median for cost in costs]
    steps = max(after / before for before, after in zip(medians, medians[1:]))
    text = " → ".join(number(cost) for cost in medians)
    return ["`talk200` to `talk10k`", "CPU per delivery, µs", "never rises", text, verdict(steps, 1.0)]


def losses(figures):
    """Where Parlor is not the best, floors apart: every main figure and every latency."""
    lines = []
    for workload in figures.workloads:
        it = WORKLOADS[workload]
        for metric in (it.main, *(metric for metric in it.beside if metric in ("p50", "p99", "wall"))):
            for server in (server for server in figures.servers if server in PEERS):
                ratio = figures.ratio(workload, metric, server, ours_of(figures, workload))
                if ratio and ratio.median > 1:
                    lines.append(f"- `{workload}`, {METRICS[metric].name}: {spread_text(ratio)} × {server}'s")
    return "\n".join(lines) or "None in these runs."


def failures(figures):
    lines = []
    for workload in figures.workloads:
        for server in figures.servers:
            failed = figures.failed(workload, server)
            if failed:
                of = len(figures.of(workload, server))
                lines.append(f"- `{workload}`, {server}, {len(failed)} of {of}: {failed[0]['error']}")
    return "\n".join(lines) or "None."


def missing(meta, figures):
    lines = [f"- {server}: {why}" for server, why in meta["left_out"].items()]
    lines += ["- Redis and NATS: they relay messages without names or announcements, and the generator does not speak their protocols"]
    by_reason = {}
    for server, workload, why in meta["never"]:
        by_reason.setdefault((server, why), []).append(f"`{workload}`")
    lines += [f"- {server} in {', '.join(names)}: {why}" for (server, why), names in by_reason.items()]
    return "\n".join(lines) or "Nothing."


def charts(figures):
    """The pictures there is something for: {name: (title, svg)}."""
    made = {}
    for name, title, metric in CHARTS:
        groups = {}
        for workload in figures.workloads:
            it = WORKLOADS[workload]
            # Latency is comparable where everybody is offered the same load.
            wanted = it.key in ("one1000", "latency50") if metric == "p99" else it.main == metric
            if wanted:
                spreads = [(server, figures.spread(workload, server, metric)) for server in figures.servers]
                groups[workload] = [(server, spread) for server, spread in spreads if spread]
        if svg := plot.bars(title, groups, number):
            made[name] = (title.split(" (")[0], svg)
    return made


def document(meta, figures, pictures, by_hand):
    servers = [
        [name, it["version"], it["needs"]] for name, it in meta["servers"].items() if name in figures.servers
    ]
    machine = meta["machine"]
    parts = [
        "# Benchmarks",
        "The cost of a room, for Parlor and for other servers, measured in turns on one machine, including the cases that Parlor loses.\n"
        "This file and its plots are written by\n\n"
        f"```console\n$ {meta['command']}\n```\n\n"
        "from a checkout, with the peers that are installed; see `--help`. (`--render` combines several runs.)",
        "## Where and when",
        table(
            ["", ""],
            [
                ["date", f"{meta['date']} (UTC)"],
                ["processor", machine["processor"]],
                ["cores", f"{machine['cores']}; the server on {meta['cores'][0]}, the generator on {meta['cores'][1]}"],
                ["memory", machine["memory"]],
                ["system", machine["system"]],
                ["load before the start", machine["load"]],
                ["commit", meta["commit"]],
                ["generator", meta["generator"]],
            ],
        ).replace("--:", "---"),
        table(["server", "version", "set up with"], servers).replace("--:", "---"),
        "## How to read this",
        f"Each run has a fresh server and is measured for {meta['seconds']} s after a warm-up. All of a server's threads"
        " share one core. A workload's servers take turns, forwards and backwards (A B B A …),"
        f" as often as the tables say: {meta['pairs']} times for the first command,"
        f" {min(meta['pairs'], meta['costly_pairs'])} times if a run takes long."
        " A figure is the median of its runs, with the quartiles behind it;"
        " a ratio is the median of the ratios of runs in the same turn, which varies less than either figure.\n\n"
        "The cost is the CPU time that the kernel charged the server, per delivery: one line received by one member."
        " Lines have 64 bytes. Every run is checked: each line reaches all members but its speaker once and in order; the figures"
        " of a run that fails do not count. If the server waited for the generator more than the generator for the server"
        " (generator-limited), the cost is valid, the rate is not, and the latency includes the generator's own."
        " The floors are an epoll loop without names, limits or framing: `floor-each` writes every line to"
        " all members at once, `floor-tick` gathers the lines of one round of its loop. Their lines are as long as those that"
        " Parlor delivers, with the name. IRC servers deliver some 30 bytes more per line, as their protocol demands.",
        "## At a glance",
        "CPU per delivery in µs, medians, unless the row says otherwise.\n\n" + overview(figures),
        *(f"![{title}](benchmarks/{name}.svg)" for name, (title, _) in pictures.items()),
        "## Aims",
        aims(figures) or "Nothing that was measured here.",
        "## Where a peer is better",
        losses(figures),
        "## Every figure",
        *(details(figures, workload) for workload in figures.workloads),
        "## Runs that failed",
        failures(figures),
        "## Left out",
        missing(meta, figures),
        BY_HAND,
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n" + by_hand


def write(meta, runs, out):
    """Writes the document and its plots below `out`."""
    order = [workload.key for group in GROUPS for workload in group]
    figures = Figures(runs)
    figures.workloads.sort(key=order.index)
    figures.servers.sort(key=list(meta["servers"]).index)
    pictures = charts(figures)
    (out / "benchmarks").mkdir(parents=True, exist_ok=True)
    for name, _, _ in CHARTS:
        (out / "benchmarks" / f"{name}.svg").unlink(missing_ok=True)
    for name, (_, svg) in pictures.items():
        (out / "benchmarks" / f"{name}.svg").write_text(svg)
    path = out / "BENCHMARKS.md"
    before = path.read_text() if path.exists() else ""
    _, _, by_hand = before.partition(BY_HAND + "\n")
    path.write_text(document(meta, figures, pictures, by_hand))
    return path
