"""A plugin for pytest that lets tests of irctest run that ask for accounts and do not need them.

All tests of CHATHISTORY ask for `sasl`, since one server keeps no history for those without an account. Here that capability is left
out of what they ask for:

    runtime/tests/irctest/run CHECKOUT -p without_accounts -m '' -k 'ChathistoryTestCase and not Targets and not DM and not Invalid and not Self'
"""

from irctest import cases
from irctest.server_tests import chathistory

connect_client = cases.BaseServerTestCase.connectClient


def connect_without_account(self, nick, name=None, capabilities=None, **options):
    capabilities = [capability for capability in capabilities or [] if capability != "sasl"]
    return connect_client(self, nick, name, capabilities=capabilities or None, **options)


def pytest_configure():
    cases.BaseServerTestCase.connectClient = connect_without_account
    chathistory.ChathistoryTestCase.run_services = False
