"""Members who talk and measure how long their lines take to reach the others. A program that `trial.py` starts.

The first line of standard input describes the members (JSON). The program prints `ready` when each of them is in its room.
From then on they talk until a line `stop` comes; `paste N` has the first member send N lines at once. In the end the program
prints what it measured (JSON).

Each line carries the time at which it was due, so a stall counts for all lines that it delays.
"""

import heapq
import json
import random
import select
import sys
import time

sys.dont_write_bytecode = True

import sockets

MARK = b"probe "
BUFFER_BYTES = 1 << 18
READY_SECONDS = 120
# After the last line is said: for all to be heard.
FINISH_SECONDS, QUIET_SECONDS = 15, 0.5
# How often members that only listen are read, and how often those with a slow line.
LAZY_SECONDS, SLOW_SECONDS = 0.03, 0.01
TIMER_SECONDS = 0.002
# What the kernel of a slow reader takes beyond what was read.
SLOW_RECEIVE_BYTES = 65_536
LINE_BYTES = 60

now = time.monotonic


class Member:
    def __init__(self, socket, group, number):
        self.socket = socket
        self.group = group
        self.number = number
        self.is_irc = False
        self.rooms = 1
        self.tail = self.last = b""
        self.is_ready = False
        self.read_bytes = 0
        self.began = now()


class Crowd:
    def __init__(self, spec):
        self.port = spec["port"]
        self.groups = spec["groups"]
        self.members = []
        self.by_file = {}
        self.poll = select.epoll()
        self.buffer = bytearray(BUFFER_BYTES)
        self.view = memoryview(self.buffer)
        self.closed = []
        self.late = []
        self.said = [[] for _ in self.groups]
        self.heard = [([], []) for _ in self.groups]
        self.pasted = set()
        self.pasted_heard = []
        self.last_heard = 0
        self.heap = []
        self.is_measured = False
        self.began = now()
        for index, group in enumerate(self.groups):
            group.setdefault("index", index)
            for number in range(group["members"]):
                self.enter(group, number, spec)

    def enter(self, group, number, spec):
        source = group.get("address") or sockets.address(group["network"], group.get("first", 0) + number)
        slow = group.get("kbits")
        member = Member(sockets.connected(self.port, source, SLOW_RECEIVE_BYTES if slow else None), group, number)
        dialect = group.get("dialect", "mixed")
        member.is_irc = dialect == "irc" or (dialect == "mixed" and number % 2 == 1)
        name = f"{group['name']}{number}"
        rooms = group.get("rooms") or [group["room"]]
        if group.get("pick"):
            # Nearly everybody another combination, the same ones in each run.
            rooms = random.Random(number).sample(rooms, group["pick"])
        if member.is_irc:
            hello = f"PASS {spec['password']}\r\n" if spec.get("password") else ""
            hello += f"NICK {name}\r\nUSER h 0 * :h\r\nJOIN {','.join('#' + room for room in rooms)}\r\n"
        else:
            hello = f"/nick {name}\n" + (f"/join {rooms[0]}\n" if rooms[0] != "lobby" else "")
        member.rooms = len(rooms)
        member.socket.send(hello.encode())
        self.members.append(member)
        self.by_file[member.socket.fileno()] = member
        if not (group.get("lazy") or slow):
            self.poll.register(member.socket, select.EPOLLIN)

    def begin(self):
        """Sets everybody's first line: spread over the time between two of them."""
        at = now()
        for group in self.groups:
            if every := group.get("every"):
                speakers = [member for member in self.members if member.group is group]
                for index, member in enumerate(speakers):
                    heapq.heappush(self.heap, (at + every * index / len(speakers), member.number, group["index"], member))

    def speak(self):
        at = now()
        while self.heap and self.heap[0][0] <= at:
            due, number, index, member = heapq.heappop(self.heap)
            every = member.group["every"]
            heapq.heappush(self.heap, (due + every, number, index, member))
            if member.socket is None:
                continue
            # The timer is good to a millisecond; what is later than that is our own delay, and counts.
            due = at if at - due < TIMER_SECONDS else due
            self.say(member, due)
            if self.is_measured:
                millis = round(due * 1e9) // 1_000_000
                self.late.append((millis, round((now() - due) * 1e6)))
                self.said[index].append(millis)

    def say(self, member, due, count=1):
        text = f"probe {round(due * 1e9)} ".ljust(LINE_BYTES, ".")
        line = f"PRIVMSG #{member.group['room']} :{text}\r\n" if member.is_irc else f"{text}\n"
        try:
            member.socket.send(line.encode() * count)
        except BlockingIOError:
            pass
        except OSError as error:
            self.end(member, str(error))

    def paste(self, count):
        due = round(now(), 6) + 1e-7
        self.pasted.add(round(due * 1e9))
        self.say(self.members[0], due, count)

    def end(self, member, why=""):
        if member.socket is None:
            return
        text = (member.last + member.tail).decode(errors="replace").strip()[-160:]
        self.closed.append({"name": f"{member.group['name']}{member.number}", "at": round(now() * 1e3), "why": why or text})
        self.by_file.pop(member.socket.fileno(), None)
        member.socket.close()
        member.socket = None

    def receive(self, member, most=BUFFER_BYTES):
        """Reads at most so many bytes once, and returns how many there were."""
        kept = len(member.tail)
        self.buffer[:kept] = member.tail
        try:
            count = member.socket.recv_into(self.view[kept : min(kept + most, BUFFER_BYTES)])
        except BlockingIOError:
            return 0
        except OSError as error:
            self.end(member, str(error))
            return 0
        if count == 0:
            self.end(member)
            return 0
        member.read_bytes += count
        self.look(member, kept + count)
        return count

    def look(self, member, end):
        """Looks at what is in the buffer: `end` bytes."""
        buffer = self.buffer
        whole = buffer.rfind(b"\n", 0, end) + 1
        samples = member.group.get("samples")
        measures = samples is None or member.number < samples
        if not member.is_ready:
            member.rooms -= buffer.count(b" 366 ", 0, whole) if member.is_irc else 0
            member.is_ready = member.rooms <= 0 or (not member.is_irc and whole > 0)
        if member.is_irc and (at := buffer.find(b"PING ", 0, whole)) >= 0 and (at == 0 or buffer[at - 1] == 10):
            try:
                member.socket.send(b"PONG x\r\n")
            except OSError:
                pass
        if measures and not member.group.get("kbits"):
            self.measure(member, whole)
        # Of a long line only the end, for the reason of a close.
        rest = min(end - whole, 16_384)
        member.tail = bytes(buffer[end - rest : end]) if rest else b""
        if not rest:
            member.last = bytes(buffer[max(whole - 160, 0) : whole])

    def measure(self, member, whole):
        buffer, at, index = self.buffer, 0, member.group["index"]
        clock = now()
        while (at := buffer.find(MARK, at, whole)) >= 0:
            stop = buffer.find(b" ", at + len(MARK), whole)
            due = int(buffer[at + len(MARK) : stop])
            at = stop
            if due in self.pasted:
                self.pasted_heard.append(round((clock - due / 1e9) * 1e6))
            elif self.is_measured:
                times, took = self.heard[index]
                times.append(due // 1_000_000)
                took.append(round((clock - due / 1e9) * 1e6))
            self.last_heard = clock

    def step(self, seconds):
        """Talks and reads for about so long; returns earlier if there is a command."""
        until = now() + seconds
        lazy = [it for it in self.members if it.group.get("lazy")]
        slow = [it for it in self.members if it.group.get("kbits")]
        while (at := now()) < until:
            if self.heap:
                self.speak()
            if lazy and at >= self.next_lazy:
                self.next_lazy = at + LAZY_SECONDS
                for member in lazy:
                    while member.socket and self.receive(member) >= BUFFER_BYTES // 2:
                        pass
            if slow and at >= self.next_slow:
                self.next_slow = at + SLOW_SECONDS
                self.read_slowly(slow, at)
            wait = min(until, self.heap[0][0] if self.heap else until)
            wait = min(wait, self.next_lazy if lazy else wait, self.next_slow if slow else wait)
            for file, _ in self.poll.poll(max(wait - now(), 0), 256):
                if file == 0:
                    self.command = sys.stdin.readline().split()
                    return True
                if member := self.by_file.get(file):
                    self.receive(member)
        return False

    def read_slowly(self, slow, at):
        for member in slow:
            allowed = (at - member.began) * member.group["kbits"] * 125
            while member.socket and member.read_bytes < allowed:
                if not self.receive(member, int(min(allowed - member.read_bytes, 65_536)) or 1):
                    # What is not used is not saved: a line is never faster than it is.
                    member.began, member.read_bytes = at, 0
                    break

    def run(self):
        self.next_lazy = self.next_slow = 0
        deadline = now() + READY_SECONDS
        while not all(member.is_ready for member in self.members):
            self.step(0.05)
            if self.closed or now() > deadline:
                missing = sum(not member.is_ready for member in self.members)
                raise SystemExit(f"{missing} members are not in their rooms; {self.closed[:2]}")
        self.entered = now() - self.began
        self.begin()
        # The first lines pay for what is done once.
        self.step(0.5)
        self.is_measured = True
        print("ready", flush=True)
        self.poll.register(0, select.EPOLLIN)
        while True:
            if self.step(60):
                if self.command[:1] == ["paste"]:
                    self.paste(int(self.command[1]))
                else:
                    break
        self.poll.unregister(0)
        self.heap.clear()
        began = now()
        while now() - began < FINISH_SECONDS and now() - max(self.last_heard, began) < QUIET_SECONDS:
            self.step(0.1)
        self.tell()

    def tell(self):
        print(
            json.dumps(
                {
                    "groups": [group["name"] for group in self.groups],
                    "listeners": [
                        sum(
                            member.socket is not None
                            and not member.group.get("kbits")
                            and (member.group.get("samples") is None or member.number < member.group["samples"])
                            for member in self.members
                            if member.group is group
                        )
                        for group in self.groups
                    ],
                    "entered_seconds": round(self.entered, 3),
                    "said": self.said,
                    "heard": self.heard,
                    "pasted": self.pasted_heard,
                    "closed": self.closed,
                    "late": self.late,
                }
            ),
            flush=True,
        )


def main():
    spec = json.loads(sys.stdin.readline())
    sockets.files_max()
    if spec.get("preferred"):
        sockets.prefer()
    Crowd(spec).run()


if __name__ == "__main__":
    main()
