"""A person with pydle: `pydle_client.py PORT NAME ROOM`. libraries.rs says what it reads and prints."""

import asyncio
import sys

import pydle

port, name, room = sys.argv[1:]


def tell(*words):
    print(*words, flush=True)


class Person(pydle.Client):
    async def on_join(self, channel, user):
        await super().on_join(channel, user)
        tell("joined", channel, user)

    async def on_channel_message(self, target, by, message):
        await super().on_channel_message(target, by, message)
        tell("heard", target, by, message)

    async def on_private_message(self, target, by, message):
        await super().on_private_message(target, by, message)
        tell("heard", target, by, message)

    async def on_kick(self, channel, target, by, reason=None):
        await super().on_kick(channel, target, by, reason)
        tell("kicked", channel, target, by, reason)

    async def on_disconnect(self, expected):
        tell("lost")
        await super().on_disconnect(expected)


async def main():
    person = Person(name)
    await person.connect("127.0.0.1", int(port), tls=False, channels=[room])
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
    )
    while line := await commands.readline():
        command, target, *rest = line.decode().rstrip("\n").split(" ", 2)
        if command == "join":
            await person.join(target)
        elif command == "kick":
            await person.kick(target, *rest[0].split(" ", 1))
        else:
            await person.message(target, rest[0])


asyncio.run(main())
