"""What is measured beside the others' latency: by somebody honest in the middle of an attack, or by itself."""

import json
import re
import select
import time

import gauges
import rows
import sockets

READ_SECONDS = 10
# A verdict that takes longer than this is not waited for.
VERDICT_SECONDS = 30
CAMPUS_MEMBERS = 50
COST_LINES, COST_BLOCKS = 100, 20

now = time.monotonic


class Client:
    """One honest client of IRC that asks and waits."""

    def __init__(self, port, source, nick):
        self.socket = sockets.connected(port, source)
        self.text = ""
        self.send(f"NICK {nick}\r\nUSER o 0 * :o\r\n")

    def send(self, text):
        self.socket.send(text.encode())

    def until(self, pattern, seconds=READ_SECONDS):
        """What was read until a line matches; None if none does in time."""
        deadline = now() + seconds
        while not re.search(pattern, self.text):
            if not select.select([self.socket], [], [], max(deadline - now(), 0))[0]:
                return None
            data = self.socket.recv(1 << 16)
            if not data:
                return None
            self.text += data.decode(errors="replace")
        text, self.text = self.text, ""
        return text

    def close(self):
        self.socket.close()


def operator(trial, _stack):
    """How long the real operators wait for their verdicts while others guess."""
    clients = [Client(trial.port, sockets.address(rows.OPERATORS, at), f"root{at}") for at in range(3)]
    for client in clients:
        client.until(" 422 ")
    waits = []
    for client in clients:
        time.sleep(1.5)
        began = now()
        client.send(f"OPER root {rows.PASSWORD}\r\n")
        text = client.until(" 381 | 464 | 263 | 491 |NOTICE", VERDICT_SECONDS)
        waits.append(round(now() - began, 3) if text and " 381 " in text else None)
    for client in clients:
        client.close()
    return {"verdict_seconds": max(waits) if None not in waits else None, "verdicts": waits}


def new_room(trial, _stack):
    """Whether somebody honest can begin a room when others have opened as many as they may."""
    time.sleep(trial.seconds - 4)
    client = Client(trial.port, sockets.address(rows.OPERATORS, 9), "newcomer")
    client.until(" 422 ")
    client.send("JOIN #mine\r\n")
    text = client.until(r" 366 | 4\d\d | 263 ", 3)
    client.send("LUSERS\r\n")
    counted = client.until(r" 254 .*\r\n", 2) or ""
    rooms = re.search(r" 254 \S+ (\d+)", counted)
    client.close()
    refusal = re.search(r" (4\d\d|263) .*", text or "")
    return {
        "new_room": bool(text and " 366 " in text),
        "refusal": refusal[0].strip() if refusal else "",
        "rooms": int(rooms[1]) if rooms else None,
    }


def campus(trial, stack):
    """How long fifty people of one address take to get in, and how their lines fare."""
    group = {"name": "c", "room": "campus", "members": CAMPUS_MEMBERS, "address": sockets.address(rows.MANY, 1), "every": 2}
    it = trial.honest(stack, [group])
    it.line(READ_SECONDS * 2)
    time.sleep(trial.seconds / 2)
    it.tell("stop")
    heard = json.loads(it.line(READ_SECONDS * 3))
    took = sorted(heard["heard"][0][1])
    return {
        "all_in_seconds": heard["entered_seconds"],
        "campus_p99": took[int(len(took) * 0.99)] / 1e3 if took else None,
        "campus_closed": len(heard["closed"]),
    }


def oper_cost(trial):
    """The processor's time for one `OPER` without operators, and for one `PING` beside it."""
    client = Client(trial.port, sockets.address(rows.ATTACKERS, 0), "guesser")
    client.until(" 422 ")
    costs = {}
    for name, line in (("ping_micros", "PING x\r\n"), ("oper_micros", "OPER x y\r\n")):
        costs[name] = cost(trial.pid, client, line)
    client.close()
    return costs


def cost(pid, client, line):
    """The least of some blocks; of one small block where a line costs a millisecond."""
    least = None
    for lines in (4, *[COST_LINES] * COST_BLOCKS):
        began = gauges.cpu_seconds(pid)
        client.send(line * lines + "PING :done\r\n")
        client.until("PONG .*done", VERDICT_SECONDS)
        micros = (gauges.cpu_seconds(pid) - began) / lines * 1e6
        if lines > 4 or micros > 1_000:
            least = min(micros, least or micros)
        if micros > 1_000:
            break
    return round(least, 2)


def addresses(trial):
    """Which answers about others contain their addresses."""
    target, plain = sockets.address(rows.HONEST, 7), sockets.address(rows.HONEST, 8)
    irc = Client(trial.port, target, "victim")
    irc.until(" 422 ")
    irc.send("JOIN #lobby\r\n")
    irc.until(" 366 ")
    nc = sockets.connected(trial.port, plain)
    port = nc.getsockname()[1]
    nc.send(b"hello\n")
    gone = Client(trial.port, target, "gone")
    gone.until(" 422 ")
    gone.send("QUIT\r\n")
    gone.until("ERROR")
    asker = Client(trial.port, sockets.address(rows.ATTACKERS, 0), "asker")
    asker.until(" 422 ")
    told = []
    questions = (
        ("WHO", "WHO #lobby", " 315 "),
        ("WHOIS", "WHOIS victim", " 318 "),
        ("USERHOST", "USERHOST victim", " 302 "),
        ("WHOWAS", "WHOWAS gone", " 369 "),
        ("JOIN", "JOIN #lobby", " 366 "),
    )
    for name, line, end in questions:
        asker.send(line + "\r\n")
        text = asker.until(end) or ""
        if target in text or plain in text:
            told.append(name)
    nc.send(b"and again\n")
    text = asker.until("and again") or ""
    if plain in text:
        told.append("a line")
    for it in (irc, gone, asker, nc):
        it.close()
    return {"told": told, "port_is_name": str(port) in text}
