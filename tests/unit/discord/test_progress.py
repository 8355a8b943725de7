"""The cursor never passes a message that is not stored, whatever order messages come, are stored, and are missed in."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.adapters.discord.ingest import Progress


class Reading(RuleBasedStateMachine):
    """A channel with ids 1, 2, 3, ...; some come over the gateway, some only by the back-fill."""

    def __init__(self):
        super().__init__()
        self.progress = Progress(position=0)
        self.written = 0
        self.stored = set()
        self.connected = False

    @rule()
    def written_and_heard(self):
        self.written += 1
        if self.connected:
            self.progress.pending.add(self.written)
            self.progress.seen = max(self.progress.seen, self.written)

    @precondition(lambda self: self.progress.pending)
    @rule(data=st.data())
    def one_is_stored(self, data):
        one = data.draw(st.sampled_from(sorted(self.progress.pending)))
        self.stored.add(one)
        self.progress.pending.discard(one)
        self.progress.position = self.progress.reached

    @rule()
    def connection_lost(self):
        self.connected = False
        self.progress.gap = True

    @rule()
    def connected_again(self):
        self.connected = True

    @precondition(lambda self: self.connected)
    @rule()
    def filled(self):
        """History behind the cursor, stored one by one; only then is the gap closed."""
        self.stored |= set(range(self.progress.position + 1, self.written + 1))
        self.progress.seen = max(self.progress.seen, self.written)
        self.progress.gap = False

    @precondition(lambda self: not self.connected)
    @rule()
    def program_stopped(self):
        self.progress = Progress(position=self.progress.position)

    @invariant()
    def everything_up_to_the_cursor_is_stored(self):
        reached = self.progress.reached
        assert set(range(1, reached + 1)) <= self.stored
        assert reached >= self.progress.position


TestReading = Reading.TestCase
