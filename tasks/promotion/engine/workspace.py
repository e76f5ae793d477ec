"""A work tree: what the command line does, with the configuration and the records on its disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from tasks.kernel import facts
from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.lock import exclusively

from . import bare, checkout, commits, gates, queue, records, remote, statefile
from .desired import Question, Sight, Walk, on_disk, state_of
from .renamed import renamed
from .repository import Entry, Repository, require_commit
from .settings import Settings, handed_on, path_in, read_config, root_of, words_of
from .state import Record, State, key_of

Say = Callable[[str], None]


class Workspace:
    """One environment in a work tree; made in the order in which the original complains.

    Args:
        settings: the global options.
        environment: its name.
        gated: whether the gates are asked at all.
        ready: called as soon as the files that the options name are read.

    Raises:
        SlipwayError: configuration, gates, state folder or repository are not what they should be.
    """

    def __init__(
        self,
        settings: Settings,
        environment: str,
        *,
        gated: bool = True,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        env = handed_on()
        root, broken = root_of(env)
        self.repository = Repository(root, {**env, **(settings.env or {})})
        self.config = read_config(settings.config, path_in(root, settings.config))
        known = self._gates(settings, broken) if gated and settings.gates is not None else None
        ready()
        gate = None if known is None else gates.of(known, environment)
        self.folder = root / self.config.folder
        self.records = records.in_folder(self.folder)
        self.environment = self.config.environment(environment, settings.config)
        if broken is not None:
            raise broken
        self.ignore_queue = settings.ignore_queue
        head = require_commit(self.repository, "HEAD")
        self._gate = gates.commit(self.repository, gate) if gate is not None else None
        self.start = self._gate or head

    def _gates(self, settings: Settings, broken: SlipwayError | None) -> Mapping[str, str]:
        typed = settings.gates or ""
        if settings.gates_branch is not None:
            if broken is not None:
                raise broken
            path = path_in(self.repository.path, typed)
            return gates.on_branch(self.repository, settings.gates_branch, path)
        try:
            return gates.parse(Path(typed).read_bytes(), typed)
        except OSError as error:
            said = [words_of(error, typed)]
            raise WrongUsage("Couldn't open gates file", detail=said) from None

    @property
    def root(self) -> Path:
        """The root of the work tree."""
        return self.repository.path

    @property
    def own(self) -> Record | None:
        """What the environment was recorded with last."""
        return self.records.get(self.environment.name)

    def walk(self) -> Walk:
        """Return the search for the desired state."""
        own = self.own.current if self.own else None
        return Walk(
            self.repository, self.start,
            Question(self.config, self.environment, own, self.ignore_queue),
        )  # fmt: skip

    def desired(self, *, origin: bool = False) -> State:
        """Return what the environment should have."""
        return state_of(self.repository, self.walk().trigger(), origin=origin)

    def check(self, *, origin: bool = False) -> bare.Pending:
        """Return what is pending.

        Raises:
            UpstreamNotDeployed: the environment that this one follows has no record on disk.
        """
        bare.refuse_undeployed(self.config, self.environment.name, self.records)
        return bare.compare(self.desired(origin=origin), self.own)

    def prepare(
        self,
        say: Say,
        *,
        force_clean: bool = False,
        dry_run: bool = False,
        spared: Collection[str] = (),
    ) -> None:
        """Bring the files on disk to the desired state; everything is found out before.

        Args:
            say: gets what would be done, on a dry run.
            force_clean: remove every file that is not ignored and not part of it.
            dry_run: change nothing.
            spared: paths that stay whatever `force_clean` says.
        """
        latest = self.config.latest(self.environment)
        tree = self.repository.tree(self.start)
        files = {path: entry for path, entry in tree.items() if latest(path)}
        sight = self.walk().trigger()
        passed = sight.environment.passed or ""
        taken = {key_of(passed, path): file for path, file in sight.propagated.items()}
        files.update(checkout.entries_of(self.repository, State(self.start, taken)))
        self._replace(
            files,
            lambda path: (force_clean or latest(path)) and path not in spared,
            say,
            dry_run=dry_run,
        )

    def reproduce(
        self,
        say: Say,
        *,
        force_clean: bool = False,
        dry_run: bool = False,
        spared: Collection[str] = (),
    ) -> State:
        """Bring the files on disk to the recorded state, and return it.

        Raises:
            SlipwayError: nothing was recorded, or a commit is not there any more.
        """
        if self.own is None:
            raise SlipwayError(f"No state recorded for {self.environment.name}")
        files = checkout.entries_of(self.repository, self.own.current)
        self._replace(files, lambda path: force_clean and path not in spared, say, dry_run=dry_run)
        return self.own.current

    def _replace(
        self, files: Mapping[str, Entry], unwanted: Callable[[str], bool], say: Say, *,
        dry_run: bool,
    ) -> None:  # fmt: skip
        gone = checkout.foreign(self.repository, self.config, unwanted)
        checkout.refuse_loss(self.repository, files, set(gone))
        if dry_run:
            for path in gone:
                if path not in files:
                    say(f"would remove {path}")
            for path in files:
                say(f"would write {path}")
            return
        for path in files:
            checkout.refuse_escape(path)
        checkout.remove(self.root, gone)
        checkout.write(self.repository, self.root, files, own=self.start)

    def record(self, say: Say, *, commit: bool = True, reset: bool = False) -> State:
        """Record what lies on disk as the environment's state, and return it.

        Args:
            say: gets a line about each step.
            commit: commit the state file, it alone.
            reset: bring the tracked files back to the head afterwards.
        """
        records.refuse_unfit(self.environment.name)
        say("Recording current state")
        git_dir = Path(self.repository.text("rev-parse", "--absolute-git-dir"))
        with exclusively(git_dir / "cepler.lock"):
            self.records = records.in_folder(self.folder)
            state = self.deployed()
            record = self._next(state)
            self._refuse_links()
            if commit:
                say("Adding commit to repository to persist state")
                self._commit(statefile.emit(record))
            facts.write_bytes(self._file, statefile.emit(record))
            self.records[self.environment.name] = record
        if reset:
            say("Reseting head to have a clean workspace")
            self._reset()
        return state

    def _next(self, state: State) -> Record:
        """Return the record of a state; none that was committed is left out.

        The head has a newer one than the disk when a run died between its commit and its file.
        """
        name, passed = self.environment.name, self.environment.passed
        record = queue.recorded(name, state, passed, self.records)
        entry = self.repository.tree(require_commit(self.repository, "HEAD")).get(self._path)
        try:
            last = records.of_blob(self.repository, entry.blob, self._path) if entry else None
        except SlipwayError:
            return record  # broken there, and mended on disk
        if last is None or last == record or last.version < record.version:
            return record
        return queue.recorded(name, state, passed, {**self.records, name: last})

    def deployed(self) -> State:
        """Return the desired state with the content that is on disk."""
        walk = self.walk()
        first = walk.at_start()
        begin = on_disk(state_of(self.repository, first, origin=False), self.root)
        # A dirty file differs from everything: nothing older is equivalent to it.
        sight: Sight = first if begin.any_dirty else walk.trigger()
        state = state_of(self.repository, sight)
        return on_disk(state, self.root)

    @property
    def _path(self) -> str:
        return self.config.state_path(self.environment.name)

    @property
    def _file(self) -> Path:
        return self.root / self._path

    def _refuse_links(self) -> None:
        folder = self.root
        for part in self._path.split("/"):
            folder /= part
            if folder.is_symlink():
                raise SlipwayError(
                    f"{folder} is a link; a state is only written into the repository itself",
                    fix="put a folder, or a file, in its place",
                )

    def _commit(self, content: bytes) -> None:
        """Commit the state file on the head; what else is staged stays staged, and out of it."""
        path = self._path
        words = commits.message(self.config, self.environment.name)
        head = require_commit(self.repository, "HEAD")
        entry = self.repository.tree(head).get(path)
        if entry is None or self.repository.blob(entry.blob) != content:
            # Equal means that a run died between its commit and its file: nothing to commit again.
            new = commits.commit_file(
                self.repository, head, path, content, words, commits.identity()
            )
            self.repository.git("update-ref", "-m", f"cepler: {words}", "HEAD", new, head)
            entry = self.repository.tree(new)[path]
        told = f"{entry.mode} {entry.blob}\t{path}\0".encode("utf-8", "surrogateescape")
        self.repository.on_files("update-index", "--replace", "-z", "--index-info", stdin=told)

    def _reset(self) -> None:
        """Bring every tracked file back to the head; untracked files and what is staged stay."""
        if not self.repository.tree(require_commit(self.repository, "HEAD")):
            return
        with tempfile.TemporaryDirectory(prefix="slipway-index-") as folder:
            index = Path(folder, "index")  # with the times in it, only what differs is written
            own = self.repository.text("rev-parse", "--path-format=absolute", "--git-path", "index")
            if Path(own).exists():
                shutil.copyfile(own, index)
            env = {"GIT_INDEX_FILE": str(index)}
            how = ("checkout", "--quiet", "--force", "HEAD", "--", ":/")
            self.repository.on_files(*how, env=env)

    def push(self, say: Say, branch: str) -> None:
        """Push the local commits to `origin`; see `remote.push`."""
        say("Pushing to remote")
        done = remote.push(self.repository, branch, say, self._gate)
        if not done.made:
            say("... there was nothing new to push")
        name = self.environment.name
        if name in self.records:
            self.records[name] = renamed(self.records[name], done.again)
