"""From runs to figures: which count, and their medians, spreads and ratios."""

import statistics
from workloads import METRICS


class Spread:
    """The median of some figures, and their quartiles."""

    def __init__(self, values):
        self.count = len(values)
        self.median = statistics.median(values)
        if self.count > 1:
            self.low, _, self.high = statistics.quantiles(values, n=4, method="inclusive")
        else:
            self.low = self.high = self.median


def number(value):
    """With as many digits as say something."""
    size = abs(value)
    if size >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"


class Figures:
    """Runs as `run` keeps them: {workload, server, round, result | null, error | null}."""

    def __init__(self, runs):
        self.runs = runs
        self.servers = list(dict.fromkeys(run["server"] for run in runs))
        self.workloads = list(dict.fromkeys(run["workload"] for run in runs))

    def of(self, workload, server):
        return [run for run in self.runs if (run["workload"], run["server"]) == (workload, server)]

    def values(self, workload, server, metric):
        """The figures that count, by round."""
        values = {}
        for run in self.of(workload, server):
            value = run["result"]
            if run["error"] or (value["generator_limited"] and not METRICS[metric].if_limited):
                continue
            for name in METRICS[metric].path:
                value = value.get(name) if value else None
            if value is not None:
                values[run["round"]] = value / METRICS[metric].per
        return values

    def spread(self, workload, server, metric):
        values = self.values(workload, server, metric)
        return Spread(list(values.values())) if values else None

    def ratio(self, workload, metric, server, of="parlor", of_workload=None):
        """Of two figures of the same round."""
        ours, theirs = self.values(of_workload or workload, of, metric), self.values(workload, server, metric)
        ratios = [ours[at] / theirs[at] for at in ours if theirs.get(at)]
        return Spread(ratios) if ratios else None

    def failed(self, workload, server):
        return [run for run in self.of(workload, server) if run["error"]]

    def limited(self, workload, server):
        return [run for run in self.of(workload, server) if not run["error"] and run["result"]["generator_limited"]]
