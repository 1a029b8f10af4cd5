"""A person with irc's bot: `irc_client.py PORT NAME ROOM`. libraries.rs says what it reads and prints."""

import sys
import threading

import irc.bot
import irc.client

port, name, room = sys.argv[1:]


def tell(*words):
    print(*words, flush=True)


class Person(irc.bot.SingleServerIRCBot):
    def on_welcome(self, connection, event):
        connection.join(room)

    def on_join(self, connection, event):
        tell("joined", event.target, event.source.nick)

    def on_pubmsg(self, connection, event):
        tell("heard", event.target, event.source.nick, event.arguments[0])

    def on_privmsg(self, connection, event):
        tell("heard", event.target, event.source.nick, event.arguments[0])

    def on_kick(self, connection, event):
        tell("kicked", event.target, event.arguments[0], event.source.nick, event.arguments[1])

    def on_disconnect(self, connection, event):
        tell("lost")

    def reads_commands(self):
        for line in sys.stdin:
            command, target, *rest = line.rstrip("\n").split(" ", 2)
            with self.reactor.mutex:
                if command == "join":
                    self.connection.join(target)
                elif command == "kick":
                    self.connection.kick(target, *rest[0].split(" ", 1))
                else:
                    self.connection.privmsg(target, rest[0])


# By itself it would wait a minute before it connects again.
again = irc.bot.ExponentialBackoff(min_interval=1, max_interval=1)
person = Person([("127.0.0.1", int(port))], name, name, recon=again)
threading.Thread(target=person.reads_commands, daemon=True).start()
person.start()
