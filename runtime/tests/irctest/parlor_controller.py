"""How irctest (https://github.com/progval/irctest) starts and stops Parlor. `run` beside this file uses it."""

import os
import shutil
from typing import Optional

from irctest import patma
from irctest.basecontrollers import BaseServerController, DirectoryBasedController
from irctest.runner import NotImplementedByController
from irctest.specifications import Capabilities, OptionalBehaviors

# At the lowest cost there is: each test starts a server, and most of those that need an operator wait for one check.
OPERATOR_HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$a+FptyUpw35CMNuaZ63XRoXNdkaycdnDaYZNHJNI8Ws"
PASSWORD_HASHES = {
    "testpassword": "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$QjTLGnxSrzt9/tfikB6Zs/xmC//I8LSDNDQonp/gruU",
}

# Longer than any test, also where a second of the clock is thirty.
NEVER_MS = 24 * 3600 * 1000


class ParlorController(BaseServerController, DirectoryBasedController):
    software_name = "Parlor"
    supported_sasl_mechanisms = set()
    supports_sts = False
    extban_mute_char = "m"

    capabilities = frozenset(
        (
            Capabilities.AWAY_NOTIFY,
            Capabilities.BATCH,
            Capabilities.ECHO_MESSAGE,
            Capabilities.EXTENDED_JOIN,
            Capabilities.EXTENDED_MONITOR,
            Capabilities.LABELED_RESPONSE,
            Capabilities.MESSAGE_TAGS,
            Capabilities.MULTI_PREFIX,
            Capabilities.SERVER_TIME,
            Capabilities.SETNAME,
        )
    )

    optional_behaviors = frozenset(
        (
            OptionalBehaviors.BAN_EXCEPTION_MODE,
            OptionalBehaviors.CAP_REQ_MINUS,
            OptionalBehaviors.ELIST_C,
            OptionalBehaviors.ELIST_M,
            OptionalBehaviors.ELIST_N,
            OptionalBehaviors.ELIST_T,
            OptionalBehaviors.ELIST_U,
            OptionalBehaviors.INVITE_EXCEPTION_MODE,
            OptionalBehaviors.INVITE_LIST,
            OptionalBehaviors.INVITE_OVERRIDES_LIMIT,
            OptionalBehaviors.MULTI_JOIN,
            OptionalBehaviors.MULTI_KICK,
            OptionalBehaviors.MULTI_NAMES_COMMAND,
            OptionalBehaviors.MULTI_PRIVMSG,
            OptionalBehaviors.NO_CTCP,
        )
    )

    isupport = {
        "BOT": "B",
        "CASEMAPPING": "ascii",
        "ELIST": "CMNTU",
        "EXCEPTS": "e",
        "EXTBAN": ",m",
        "INVEX": "I",
        "MONITOR": patma.StrRe("[0-9]+"),
        "PREFIX": patma.StrRe(r"\([a-z]*o[a-z]*v\)\S*@\S*\+"),
        "STATUSMSG": patma.StrRe(r"\S*@\S*\+"),
        "TARGMAX": patma.ANYSTR,
        "UTF8ONLY": None,
        "WHOX": None,
    }

    _port_wait_interval = 0.01

    def run(
        self,
        hostname: str,
        port: int,
        *,
        password: Optional[str],
        ssl: bool,
        run_services: bool,
        faketime: Optional[str],
        websocket_hostname: Optional[str],
        websocket_port: Optional[int],
    ) -> None:
        if ssl:
            raise NotImplementedByController("TLS")
        if run_services:
            raise NotImplementedByController("services")
        if websocket_hostname is not None or websocket_port is not None:
            raise NotImplementedByController("Websocket")
        assert self.proc is None
        self.port = port
        self.hostname = hostname
        flags = {
            "listen": f"irc://{hostname}:{port}",
            "server-name": "My.Little.Server",
            "server-description": "test server",
            "network": "Parlor",
            "operators": f"operuser:{OPERATOR_HASH}",
            # Tests say as much as they can at once, and then nothing for long.
            "rate-lines": 0,
            "registration-ms": NEVER_MS,
            "ping-ms": NEVER_MS,
            # They stop the server before their clients close.
            "shutdown-ms": 10,
            "log-level": "debug" if self.debug_mode else "warn",
        }
        if password is not None:
            flags["password"] = PASSWORD_HASHES[password]
        self.faketime_enabled = faketime is not None and shutil.which("faketime") is not None
        command = ["faketime", "-f", faketime] if self.faketime_enabled else []
        command += [os.environ.get("PARLOR", "parlor"), "serve"]
        command += [f"--{name}={value}" for name, value in flags.items()]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PARLOR")
        }
        self.proc = self.execute(command, env={**environment, "LC_ALL": "C"})


def get_irctest_controller_class():
    return ParlorController
