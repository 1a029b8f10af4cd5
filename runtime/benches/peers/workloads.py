"""What is measured, and what was aimed at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    key: str
    about: str
    clients: int
    # What the generator is told.
    arguments: tuple
    # The figure that counts most, and those beside it.
    main: str = "cost"
    beside: tuple = ("p50", "p99", "rate")


SLOW = ("p50", "p99", "rate", "resident_total", "slow_closed")
# Those in one group are measured in turns with each other.
GROUPS = (
    (Workload("talk200", "one room of 200, all speak, 200 lines in flight", 200, ("talk200",)),),
    (Workload("talk1000", "one room of 1,000, all speak, 1,000 lines in flight", 1_000, ("talk1000",)),),
    (Workload("talk10k", "one room of 10,000, 1,000 of them speak, 1,000 lines in flight", 10_000, ("talk10k",)),),
    (Workload("one1000", "one room of 1,000, one speaks, 50 lines a second", 1_000, ("one1000",)),),
    (Workload("rooms100", "100 rooms of 10, all speak, 2,000 lines in flight", 1_000, ("rooms100",)),),
    (Workload("latency50", "one room of 50, all speak, 500 lines a second", 50, ("latency50",)),),
    (
        Workload("idle10k", "10,000 members in 1,000 rooms, silent", 10_000, ("idle10k",), "resident", ("cpu",)),
    ),
    (
        Workload(
            "storm3k",
            "3,000 connect and enter one room at once; each entrance is announced to the others",
            3_000,
            ("storm3k",),
            "cpu",
            ("wall", "resident"),
        ),
    ),
    (
        Workload("many", "2,000 members, each in 10 of 20 rooms, all speak, 2,000 lines in flight", 2_000, ("many",)),
        Workload("many-one", "the same with one room each", 2_000, ("many", "--rooms-each", "1")),
    ),
    (
        Workload("slow", "one room of 200, 100 speak, 4 more never read", 204, ("slow",), "cost", SLOW),
        Workload("slow-none", "the same without those 4", 200, ("slow", "--slow", "0"), "cost", SLOW),
    ),
)
WORKLOADS = {workload.key: workload for group in GROUPS for workload in group}


@dataclass(frozen=True)
class Metric:
    name: str
    path: tuple
    # The figure is divided by this, and has this unit then.
    per: float = 1.0
    unit: str = ""
    # Whether it counts where the generator was the limit.
    if_limited: bool = True


METRICS = {
    "cost": Metric("CPU per delivery", ("server", "cpu_us_per_delivery"), 1, "µs"),
    "cpu": Metric("CPU", ("server", "cpu_seconds"), 1, "s"),
    "wall": Metric("time", ("seconds",), 1, "s", False),
    "p50": Metric("p50", ("latency_us", "delivery", "p50"), 1e3, "ms"),
    "p99": Metric("p99", ("latency_us", "delivery", "p99"), 1e3, "ms"),
    "rate": Metric("deliveries/s", ("deliveries_per_second",), 1, "", False),
    "resident": Metric("memory per member", ("server", "resident_bytes_per_member"), 1, "bytes"),
    "resident_total": Metric("memory", ("server", "resident_bytes"), 1 << 20, "MiB"),
    "slow_closed": Metric("closed as too slow", ("slow_closed",)),
}

IRC = ("ngircd", "inspircd", "ergo")
OURS_IN_IRC = ("parlor-irc", "parlor-irc64")
PEERS = (*IRC, "ancestor")
FLOORS = ("floor-tick", "floor-each")
TICK, OLD = ("floor-tick",), ("ancestor",)


@dataclass(frozen=True)
class Target:
    """Parlor's figure, or that of another of our servers, is at most so many times that of each of these servers;
    without servers, at most so much."""

    workload: str
    metric: str
    servers: tuple
    most: float
    of: str = "parlor"


TARGETS = (
    *(Target("talk200", metric, TICK, 1.3) for metric in ("cost", "p50", "p99")),
    Target("talk200", "cost", IRC, 0.25),
    Target("talk200", "cost", OLD, 1 / 25),
    *(Target(talk, metric, TICK, 1.3) for talk in ("talk1000", "talk10k") for metric in ("cost", "p50", "p99")),
    *(Target(talk, "cost", IRC, 0.1) for talk in ("talk1000", "talk10k")),
    Target("talk1000", "cost", OLD, 1 / 40),
    *(Target(talk, "cost", ("parlor",), 1.2, irc) for talk in ("talk200", "talk1000") for irc in OURS_IN_IRC),
    *(Target(talk, "cost", IRC, 0.3, irc) for talk in ("talk200", "talk1000") for irc in OURS_IN_IRC),
    Target("one1000", "cost", FLOORS, 1.15),
    Target("one1000", "cost", IRC, 1.05),
    Target("rooms100", "cost", PEERS, 0.8),
    Target("latency50", "cost", TICK, 1.1),
    Target("latency50", "p50", TICK, 1.1),
    Target("latency50", "p99", TICK, 1.3),
    Target("latency50", "p99", PEERS, 1.0),
    Target("idle10k", "resident", (), 1536),
    Target("idle10k", "resident", PEERS, 1.0),
    Target("storm3k", "cpu", (), 0.5),
    Target("storm3k", "cpu", OLD, 0.1),
    Target("storm3k", "cpu", PEERS, 1.0),
)
