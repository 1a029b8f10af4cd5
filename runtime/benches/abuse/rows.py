"""What is done to the server, row by row; what may come of it is in `judge.py`."""

from dataclasses import dataclass, field

import sockets

# The networks 127.N.0.0/16 of those who take part.
HONEST, AUDIENCE, OPERATORS, RESIDENTS, RETURNING, SPEAKERS, ATTACKERS, MANY = 1, 3, 5, 7, 20, 60, 66, 70
PASSWORD = "right"
SPEAK_SECONDS = 1.0


def from_one(number=0):
    """The attackers' one address, or another one beside it."""
    return [sockets.address(ATTACKERS, number)]


def from_many(network, count):
    return [sockets.address(network, number) for number in range(count)]


def crowd(dialect="mixed", slow=((1_000, 2),)):
    """A hundred members, each of an address of its own, most of them in the lobby; and readers in the lobby whose lines
    are slow: (kbit/s, how many)."""
    rooms = [("lobby", 60), ("tea", 10), ("coffee", 10), ("milk", 10), ("water", 10)]
    groups, first = [], 0
    for room, members in rooms:
        groups.append(
            {"name": room[0] + "h", "room": room, "members": members, "network": HONEST, "first": first}
            | {"dialect": dialect, "every": SPEAK_SECONDS}
        )
        first += members
    for kbits, members in slow:
        groups.append(
            {"name": f"s{kbits}x", "room": "lobby", "members": members, "network": HONEST, "first": first}
            | {"dialect": dialect, "kbits": kbits}
        )
        first += members
    return groups


def audience(room, members, **more):
    """Members who listen, each of an address of its own."""
    return {"name": "w", "room": room, "members": members, "network": AUDIENCE, "dialect": "irc", "lazy": True, "samples": 0} | more


def irc(name="a{i}", room="", user="a"):
    join = f"JOIN #{room}\r\n" if room else ""
    return f"CAP REQ :message-tags\r\nNICK {name}\r\nUSER {user} 0 * :a\r\nCAP END\r\n{join}"


@dataclass(frozen=True)
class Row:
    key: str
    # What one address does, in the words of the table that lists the attacks.
    about: str
    # What attacks, each a fleet of `attacker.py`; those that only `hold` are there before the attack begins.
    fleets: tuple = ()
    seconds: int = 10
    # What the server is told beside its defaults. `HASH` stands for the hash of the password.
    flags: tuple = ()
    members: list = field(default_factory=crowd)
    audience: tuple = ()
    # Whether resident memory is looked at again a minute later, and the memory of each socket meanwhile.
    memory: bool = False
    kernel: bool = False
    # Whether the most memory meanwhile is judged.
    peak: bool = False
    # What else is measured meanwhile: a function's name in `probes.py`.
    probe: str = ""
    # Whether the honest members give the password.
    password: str = ""
    # Whether the others' latency is judged: not where what is done is not one address's.
    is_judged: bool = True
    # Measured by a function alone, without anybody else.
    alone: bool = False
    ordinary: bool = False
    # Commands for the honest members in the middle of the time.
    command: str = ""


def fleet(act, connections, addresses=None, **more):
    return {"act": act, "connections": connections, "addresses": addresses or from_one()} | more


LINE, LONG_LINE = "x" * 60 + "\n", "x" * 4_000 + "\n"
# Each takes long to find out that it does not match the residents' rooms.
PATTERNS = ",".join(f"*{'a' * 20}z{number}" for number in range(20))


def masks(last):
    """A room with a hundred masks of which each takes long to find out that it does not match, then `last`."""
    # Half as long as the names that are compared with them: the most characters in the most places.
    made = [f"{'m:' if not last else ''}*{'?' * 32}Z{number}" for number in range(99)]
    lines = [
        f"MODE #trap +{'b' * len(made[at : at + 6])} {' '.join(made[at : at + 6])}\r\n" for at in range(0, len(made), 6)
    ]
    lines.append(f"MODE #trap +b {last}\r\n" if last else "MODE #trap -n\r\n")
    return fleet("hold", 1, from_one(1), hello=irc("owner", "trap") + "".join(lines) + "PING :done\r\n", **{"await": "PONG"})


def trap(line):
    hello = irc("a{i}" + "a" * 27, user="b" * 20)
    return fleet("flood", 64, hello=hello, block=line + "\r\n", repeat=60, **{"await": " 422 "})


def hoarder():
    """Twenty rooms for each connection, each room with a topic, masks and a history."""
    rooms = [f"#r{{i}}-{number}" for number in range(20)]
    block = f"JOIN {','.join(rooms)}\r\n"
    for room in rooms:
        block += f"TOPIC {room} :{'t' * 380}\r\n"
        block += "".join(f"MODE {room} +bb *{'m' * 140}{at} *{'n' * 140}{at}\r\n" for at in range(50))
        block += f"PRIVMSG {room} :{'h' * 450}\r\n" * 100
    return fleet("rounds", 500, from_many(ATTACKERS, 8), hello=irc(), block=block, every=1_000, **{"await": " 422 "})


def residents():
    """Five thousand rooms of 250 honest members, who are silent."""
    names = [f"#{'a' * 40}{{i}}-{number}" for number in range(20)]
    # As many in a line as fit.
    joins = "".join(f"JOIN {','.join(names[at : at + 8])}\r\n" for at in range(0, len(names), 8))
    hello = irc("r{i}") + joins + "PING :done\r\n"
    return fleet("hold", 250, from_many(RESIDENTS, 250), hello=hello, **{"await": "PONG"})


ROWS = (
    Row(
        "oper",
        "64 connections say `OPER x y` twice a second each, no operator configured",
        (fleet("rounds", 64, hello=irc(), block="OPER x y\r\n", every=0.5, **{"await": " 422 "}),),
        memory=True,
    ),
    Row(
        "oper-cost",
        "`OPER x y`, no operator configured, with `--rate-lines 0`",
        flags=("--rate-lines", "0"),
        probe="oper_cost",
        alone=True,
    ),
    Row(
        "reconnect",
        "connects, says 200 lines, closes, again (32 at a time)",
        (fleet("cycle", 32, block=LINE, repeat=200),),
    ),
    Row(
        "reconnect-4k",
        "the same with 200 lines of 4 KB",
        (fleet("cycle", 32, block=LONG_LINE, repeat=200),),
        memory=True,
    ),
    Row(
        "list",
        "48 connections ask `LIST` with 20 patterns among 5,000 rooms, and reconnect",
        (
            residents(),
            fleet("cycle", 48, block=irc("l{n}") + f"LIST {PATTERNS}\r\n", done=" 323 ", linger=1.0, half_closes=False),
        ),
    ),
    Row(
        "burst",
        "64 connections in a room of 1,000 spend their burst together, every 3 s",
        (
            fleet("rounds", 64, hello=irc(room="big"), block=f"PRIVMSG #big :{'x' * 50}\r\n", repeat=200, every=3)
            | {"await": " 366 "},
        ),
        audience=(audience("big", 1_000),),
    ),
    Row(
        "burst-400",
        "the same with lines of 400 bytes, in a room of 300",
        (
            fleet("rounds", 64, hello=irc(room="big"), block=f"PRIVMSG #big :{'x' * 380}\r\n", repeat=200, every=3)
            | {"await": " 366 "},
        ),
        audience=(audience("big", 300),),
    ),
    Row(
        "bytes",
        "8 connections say lines of 4 KB, as many as the limits allow",
        (fleet("flood", 8, hello="/nick a{i}\n", block=LONG_LINE, repeat=4),),
        members=crowd(slow=((10_000, 3), (1_000, 2))),
    ),
    Row(
        "invalid",
        "one connection says lines of 4 KB of 0xFE, as many as the limits allow",
        (fleet("flood", 1, hello="/nick a{i}\n", block="\xfe" * 4_095 + "\n", repeat=4),),
        seconds=20,
        members=crowd(slow=((4_000, 3), (1_000, 2))),
    ),
    Row(
        "deaf",
        "300 members never read, in a room where 64 of as many addresses talk",
        (
            fleet("hold", 300, from_many(ATTACKERS, 5), hello="/join deaf\n", receive_bytes=4096, reads=False),
            fleet("flood", 64, from_many(SPEAKERS, 64), hello="/join deaf\n", block=LONG_LINE, repeat=4),
        ),
        seconds=15,
        memory=True,
        kernel=True,
        is_judged=False,
    ),
    Row(
        "return",
        "5,000 honest clients of as many addresses return at once, with `--password`",
        (
            fleet("enter", 5_000, from_many(RETURNING, 5_000), block=f"PASS {PASSWORD}\r\n" + irc("b{i}"))
            | {"await": " 001 "},
        ),
        seconds=75,
        is_judged=False,
        flags=("--password", "HASH"),
        members=crowd("irc"),
        password=PASSWORD,
    ),
    Row(
        "guess",
        "512 connections of 8 addresses guess an operator's password; three operators come with the right one",
        (
            fleet("flood", 512, from_many(ATTACKERS, 8), hello=irc(), block="OPER root wrong\r\n", repeat=50)
            | {"await": " 422 "},
        ),
        flags=("--operators", "root:HASH"),
        memory=True,
        probe="operator",
    ),
    Row(
        "masks-join",
        "64 connections ask to `JOIN` a room with 100 crafted masks, and are refused",
        (masks("a*!*@*"), trap("JOIN #trap")),
    ),
    Row(
        "masks-typing",
        "64 connections send `+typing` to a room with 99 crafted masks",
        (masks(""), trap("@+typing=active TAGMSG #trap")),
    ),
    Row(
        "rooms",
        "2,000 members in 10 of 20 rooms each; 80 others say 50 lines each at once, 4,000 in all, every 5 s",
        (
            fleet("rounds", 80, from_many(SPEAKERS, 80), hello=irc(room="r{i20}"), repeat=50, every=5)
            | {"block": f"PRIVMSG #r{{i20}} :{'x' * 40}\r\n", "await": " 366 "},
        ),
        audience=(audience("", 2_000, rooms=[f"r{number}" for number in range(20)], pick=10),),
        memory=True,
        peak=True,
        is_judged=False,
    ),
    Row(
        "shares",
        "500 connections of 8 addresses open 20 rooms each, with topics, masks and history",
        (hoarder(),),
        seconds=30,
        memory=True,
        probe="new_room",
    ),
    Row(
        "endless",
        "8 connections send a line without an end",
        (fleet("flood", 8, hello="/nick a{i}\n", block="x" * 65_536),),
    ),
    Row(
        "closing",
        "64 connections say `/quit`, and go on with a line without an end until they are cut off",
        (fleet("flood", 64, hello="/nick a{i}\n", first="/quit\n", block="x" * 65_536, persists=True),),
    ),
    Row("log", "connects, says a word and goes (16 at a time)", (fleet("cycle", 16, block="x\n"),)),
    Row(
        "log-many",
        "the same from 2,000 addresses",
        (fleet("cycle", 16, from_many(MANY, 2_000), block="x\n"),),
    ),
    Row("address", "`WHO`, `WHOIS`, `USERHOST`, `WHOWAS` of an IRC and a plain member", probe="addresses", alone=True),
    Row("paste", "a member pastes 100 lines", ordinary=True, command="paste 100"),
    Row("bot", "a bot says 30 lines at once", ordinary=True, command="paste 30"),
    Row("campus", "50 people behind one address come at once, and talk", seconds=20, ordinary=True, probe="campus"),
    Row(
        "room1000",
        "a room of 1,000 of as many addresses, where all speak once a second",
        ordinary=True,
        members=[
            {"name": "m", "room": "hall", "members": 20, "network": HONEST, "first": 1_000, "dialect": "mixed", "every": 1}
        ],
        audience=(audience("hall", 980, every=1, dialect="mixed"),),
    ),
)
BY_KEY = {row.key: row for row in ROWS}
