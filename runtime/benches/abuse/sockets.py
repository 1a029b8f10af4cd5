"""Clients' sockets on loopback addresses, for the programs that play the members and the attackers."""

import os
import resource
import socket

# Takes the port when connecting, so that one address may have as many ports as there are.
IP_BIND_ADDRESS_NO_PORT = 24
CONNECT_SECONDS = 20


def address(network, number):
    """The address with this number in 127.`network`.0.0/16."""
    return f"127.{network}.{number // 250}.{number % 250 + 1}"


def connected(port, source, receive_bytes=None):
    """A connection to the server from this address, which does not block."""
    it = socket.socket()
    try:
        if receive_bytes:
            it.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        it.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        it.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        it.bind((source, 0))
        it.settimeout(CONNECT_SECONDS)
        it.connect(("127.0.0.1", port))
        it.setblocking(False)
    except OSError:
        it.close()
        raise
    return it


def files_max():
    """As many open files as we may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def prefer():
    """Runs before everybody else on this processor, where that is allowed: a measurement waits for no attacker."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        pass
