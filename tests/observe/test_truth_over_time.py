"""After any sequence of memories, corrections, decisions, undos and hand edits: nothing is lost."""

import shutil
import tempfile
from pathlib import Path
from types import MappingProxyType

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from memcairn import Memory, Query
from memcairn.errors import MemcairnError
from memcairn.notes import frontmatter
from memcairn.root import observe, revert, review
from memcairn.root.observe import Observation

SUBJECTS = ("staging broker", "invoice mailer", "search gateway")
PORTS = st.integers(5001, 5004)
ANY_SUBJECT = st.sampled_from(SUBJECTS)


def said(subject, port):
    return f"The {subject} listens on port {port}."


class TruthOverTime(RuleBasedStateMachine):
    """A root, and every text that was ever written to it."""

    current = MappingProxyType({})

    @initialize()
    def start(self):
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "notes").mkdir()
        self.memory = Memory(self.folder / "home", semantic=False)
        self.root = self.memory.open_root(self.folder / "notes")
        self.root.adopt()
        self.written = set()
        self.by_hand = set()
        self.current = {}

    def teardown(self):
        self.root.close()
        self.memory.close()
        shutil.rmtree(self.folder)

    def notes(self):
        files = (self.folder / "notes").rglob("*.md")
        pages = self.folder / "notes" / "index"  # generated, like MEMORY.md
        return [p for p in files if p.name != "MEMORY.md" and p.parent != pages]

    def remember(self):
        """Note every content that is on disk now."""
        self.written.update(path.read_bytes() for path in self.notes())

    def path_of(self, subject):
        for path in self.notes():
            if f"The {subject} listens" in path.read_text():
                return path
        return None

    @rule(subject=ANY_SUBJECT, port=PORTS)
    def observe(self, subject, port):
        text = said(subject, port)
        done = self.root.observe(observe.validated(Observation(text), allow_secret=False))
        assert done.relation in ("new", "addition", "correction", "repetition")
        assert text in self.root.read(done.path).text
        self.current = {**self.current, subject: port}

    @rule(subject=ANY_SUBJECT, port=PORTS)
    def edit_by_hand(self, subject, port):
        path = self.path_of(subject)
        if path is not None:
            # The history has what tools wrote or replaced, not what one edit by hand does to another.
            self.written -= {path.read_bytes()} & self.by_hand
            path.write_text(f"# {subject.title()}\n\n{said(subject, port)}\n")
            self.by_hand.add(path.read_bytes())
            self.root.index([self.root.relative(str(path))])
            self.current = {**self.current, subject: port}

    @precondition(lambda self: self.notes())
    @rule(data=st.data(), action=st.sampled_from(("archive", "forget", "keep", "edit")))
    def review(self, data, action):
        path = data.draw(st.sampled_from(sorted(self.notes())))
        text = "The office is closed." if action == "edit" else ""
        try:
            one = review.propose(self.root, action, [self.root.relative(str(path))], text=text)
            if one.decision:
                return
            review.accept(self.root, one.id)
        except MemcairnError:
            return
        self.remember()
        if data.draw(st.booleans()):
            review.undo(self.root, one.id)
        else:
            self.current = {}

    @precondition(lambda self: len(self.notes()) > 1)
    @rule(data=st.data())
    def supersede(self, data):
        names = sorted(self.root.relative(str(path)) for path in self.notes())
        pair = data.draw(st.permutations(names))[:2]
        try:
            one = review.propose(self.root, "supersede", pair)
            if not one.decision:
                review.accept(self.root, one.id)
        except MemcairnError:
            return
        self.current = {}

    @precondition(lambda self: self.notes())
    @rule(data=st.data())
    def undo(self, data):
        path = data.draw(st.sampled_from(sorted(self.notes())))
        try:
            revert.revert(self.root, self.root.relative(str(path)))
        except MemcairnError:
            return
        self.current = {}

    @invariant()
    def nothing_is_lost(self):
        if not hasattr(self, "root"):
            return
        self.remember()
        kept = {path.read_bytes() for path in self.notes()}
        for revision in self.root.history.log(10_000):
            kept.update(self.root.history.before(revision.id).values())
            for path in revision.paths:
                kept.add(self.root.history.content(path, revision.id))
        assert self.written <= kept

    @invariant()
    def the_last_value_is_first_for_its_question(self):
        for subject, port in self.current.items():
            query = Query(f"which port does the {subject} listen on", root=self.root.root)
            (first, *_) = self.memory.search(query)
            assert said(subject, port) in first.text

    @invariant()
    def no_replaced_note_is_first_for_its_own_question(self):
        if not hasattr(self, "root"):
            return
        for path in self.notes():
            _, first_line = frontmatter.split(path.read_text())
            said = " ".join(path.read_text().splitlines()[first_line - 1 :])
            found = self.memory.search(Query(said, root=self.root.root))
            if found and found[0].superseded_by is not None:
                # Two notes may say of each other that they replaced the other one.
                assert all(one.superseded_by for one in found)

    @invariant()
    def memory_md_equals_a_rebuild(self):
        if not self.current:
            return
        self.memory.engine.refresh_memory_md()
        file = self.folder / "notes" / "MEMORY.md"
        before = file.read_bytes()
        self.memory.refresh_memory_md(self.folder / "notes")
        assert file.read_bytes() == before


TestTruthOverTime = TruthOverTime.TestCase
TestTruthOverTime.settings = settings(
    max_examples=4,
    stateful_step_count=8,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
