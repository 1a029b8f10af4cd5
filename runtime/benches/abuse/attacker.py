"""Connections of somebody who means harm. A program that `trial.py` starts.

The first line of standard input describes what they do (JSON). The program prints `armed`, waits for a line `go`, attacks for
the time it was given, closes everything, and prints what it really did (JSON).

What they do (`act`):

- `flood`: send `first`, and then a block again and again, as fast as the server takes it;
- `rounds`: send the block once in `every` seconds;
- `cycle`: connect, send the block, close when the server has closed or has sent the text `done`, and begin again;
- `enter`: connect all at once, send the block, and count who is let in;
- `hold`: nothing more than to be there.

In texts, `{i}` is the connection's number, `{i20}` what is left of it when it is divided by 20, and `{n}` a number that no
other connection had.
"""

import json
import select
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True

import sockets

ARM_SECONDS = 120
# A connection that is closed in a cycle is given up after this long.
LINGER_SECONDS = 0.25

now = time.monotonic


class Connection:
    def __init__(self, number):
        self.number = number
        self.socket = None
        self.pending = memoryview(b"")
        self.block = b""
        self.tail = b""
        self.is_armed = False
        self.began = 0.0


class Fleet:
    def __init__(self, spec):
        self.spec = spec
        self.act = spec["act"]
        self.sources = spec["addresses"]
        self.poll = select.epoll()
        self.by_file = {}
        self.buffer = bytearray(1 << 18)
        self.next_number = 0
        self.result = {"sent_bytes": 0, "read_bytes": 0, "connections": 0, "refused": 0, "closed": 0, "in": [], "said": ""}
        self.connections = [Connection(number) for number in range(spec["connections"])]

    def text(self, name, connection):
        text = self.spec.get(name, "")
        text = text.replace("{i}", str(connection.number)).replace("{n}", str(self.next_number))
        text = text.replace("{i20}", str(connection.number % 20))
        return text.encode("latin-1")

    def connect(self, connection, first):
        source = self.sources[self.next_number % len(self.sources)]
        self.next_number += 1
        try:
            connection.socket = sockets.connected(self.spec["port"], source, self.spec.get("receive_bytes"))
        except OSError:
            self.result["refused"] += 1
            return
        self.result["connections"] += 1
        connection.began = now()
        connection.tail = b""
        connection.pending = memoryview(first)
        file = connection.socket.fileno()
        self.by_file[file] = connection
        self.poll.register(file, select.EPOLLIN if self.spec.get("reads", True) else 0)
        self.send(connection)

    def send(self, connection):
        """Sends what is pending, and says whether all of it is gone."""
        while connection.pending:
            try:
                sent = connection.socket.send(connection.pending)
            except BlockingIOError:
                return False
            except OSError:
                self.drop(connection)
                return False
            self.result["sent_bytes"] += sent
            connection.pending = connection.pending[sent:]
        return True

    def drop(self, connection, is_ours=False):
        if connection.socket is None:
            return
        if not is_ours:
            self.result["closed"] += 1
            self.result["said"] = connection.tail.decode(errors="replace").strip()[-160:]
        self.by_file.pop(connection.socket.fileno(), None)
        connection.socket.close()
        connection.socket = None

    def receive(self, connection):
        """Reads what there is; says whether the connection is still there."""
        for _ in range(4):
            try:
                count = connection.socket.recv_into(self.buffer)
            except BlockingIOError:
                return True
            except OSError:
                count = 0
            if count == 0:
                return False
            self.result["read_bytes"] += count
            kept = bytes(self.buffer[max(count - 400, 0) : count]) if count > 400 else bytes(self.buffer[:count])
            awaited = self.spec.get("await", "").encode()
            if awaited and not connection.is_armed:
                whole = connection.tail + bytes(self.buffer[:count])
                connection.is_armed = awaited in whole
                connection.tail = whole[-400:]
            else:
                connection.tail = kept
            if count < len(self.buffer):
                return True
        return True

    def events(self, until):
        return [
            (self.by_file[file], what)
            for file, what in self.poll.poll(max(until - now(), 0), 512)
            if file in self.by_file
        ]

    def arm(self):
        """Connects everybody, and waits until each is greeted."""
        if self.act in ("cycle", "enter"):
            return
        for connection in self.connections:
            self.connect(connection, self.text("hello", connection))
            connection.is_armed = not self.spec.get("await")
        deadline = now() + ARM_SECONDS
        while now() < deadline:
            waiting = [it for it in self.connections if it.socket and (not it.is_armed or it.pending)]
            if not waiting:
                break
            for connection in waiting:
                self.send(connection)
            for connection, _ in self.events(now() + 0.02):
                if connection.socket and not self.receive(connection):
                    self.drop(connection)
        self.result["armed"] = sum(it.socket is not None and it.is_armed for it in self.connections)
        self.result["sent_bytes"] = 0

    def attack(self):
        self.until = now() + self.spec["seconds"]
        getattr(self, self.act)()

    def hold(self):
        while now() < self.until:
            for connection, _ in self.events(min(self.until, now() + 0.5)):
                if not self.receive(connection):
                    self.drop(connection)

    def flood(self):
        both = select.EPOLLIN * self.spec.get("reads", True) | select.EPOLLOUT
        for connection in self.connections:
            if connection.socket:
                connection.block = self.text("block", connection) * self.spec.get("repeat", 1)
                connection.pending = memoryview(self.text("first", connection) + connection.block)
                self.poll.modify(connection.socket, both)
        while now() < self.until and self.by_file:
            for connection, what in self.events(self.until):
                if what & ~select.EPOLLOUT and not self.receive(connection):
                    if self.spec.get("persists") and not what & (select.EPOLLERR | select.EPOLLHUP):
                        # The server has closed its side; what is sent still reaches it.
                        self.poll.modify(connection.socket, select.EPOLLOUT)
                    else:
                        self.drop(connection)
                elif what & select.EPOLLOUT and connection.socket and self.send(connection):
                    connection.pending = memoryview(connection.block)

    def rounds(self):
        following = now()
        while now() < self.until:
            if now() >= following:
                following += self.spec["every"]
                for connection in self.connections:
                    if connection.socket and not connection.pending:
                        connection.pending = memoryview(self.text("block", connection) * self.spec.get("repeat", 1))
            for connection in self.connections:
                if connection.socket and connection.pending:
                    self.send(connection)
            for connection, _ in self.events(min(following, self.until, now() + 0.005)):
                if connection.socket and not self.receive(connection):
                    self.drop(connection)

    def cycle(self):
        done = self.spec.get("done", "").encode()
        for connection in self.connections:
            self.again(connection)
        while now() < self.until:
            for connection, _ in self.events(min(self.until, now() + 0.01)):
                if not self.receive(connection) or done and done in connection.tail:
                    self.drop(connection, is_ours=True)
                    self.again(connection)
            at = now()
            for connection in self.connections:
                if connection.socket and connection.pending and self.send(connection):
                    self.finish(connection)
                if connection.socket is None or at - connection.began > self.spec.get("linger", LINGER_SECONDS):
                    self.drop(connection, is_ours=True)
                    self.again(connection)

    def again(self, connection):
        self.connect(connection, self.text("block", connection) * self.spec.get("repeat", 1))
        if connection.socket and not connection.pending:
            self.finish(connection)

    def finish(self, connection):
        if self.spec.get("half_closes", True):
            try:
                connection.socket.shutdown(socket.SHUT_WR)
            except OSError:
                self.drop(connection)

    def enter(self):
        began = now()
        for connection in self.connections:
            self.connect(connection, self.text("block", connection))
        waiting = {it for it in self.connections if it.socket}
        while waiting and now() < self.until:
            for connection, _ in self.events(min(self.until, now() + 0.1)):
                is_there = self.receive(connection)
                if connection.is_armed and connection in waiting:
                    waiting.discard(connection)
                    self.result["in"].append(round(now() - began, 3))
                if not is_there:
                    waiting.discard(connection)
                    self.drop(connection)
            if now() - began > 1:
                for connection in [it for it in waiting if it.pending]:
                    self.send(connection)
        self.result["all_in_seconds"] = round(now() - began, 3) if len(self.result["in"]) == len(self.connections) else None
        self.result["in"] = len(self.result["in"])

    def close(self):
        """Resets every connection: what was sent and not read yet is not acted on any more."""
        for connection in self.connections:
            if connection.socket:
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if connection.socket and connection.tail and not self.result["said"]:
                self.result["said"] = connection.tail.decode(errors="replace").strip()[-160:]
            self.drop(connection, is_ours=True)


def main():
    spec = json.loads(sys.stdin.readline())
    sockets.files_max()
    fleet = Fleet(spec)
    fleet.arm()
    print("armed", flush=True)
    if sys.stdin.readline().strip() == "go":
        began = now()
        fleet.attack()
        fleet.result["seconds"] = round(now() - began, 3)
    fleet.close()
    print(json.dumps(fleet.result), flush=True)


if __name__ == "__main__":
    main()
