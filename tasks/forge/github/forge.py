"""GitHub as a forge: pull requests, releases, statuses; and whether it can be used."""

from __future__ import annotations

from dataclasses import replace

from ...kernel.errors import SlipwayError
from ...kernel.retry import Patience
from .answers import object_in
from .api import Api
from .login import ADVICE, Login, Token
from .pulls import Pulls
from .releases import Releases
from .statuses import Statuses

_NEEDED = ("contents", "pull_requests")  # what an app must be allowed to write


class GithubForge(Pulls, Releases, Statuses):
    """The forge of one repository on GitHub.

    Args:
        base: where the API is.
        repository: OWNER/NAME.
        login: who we are.
        patience: how often to ask, and how to wait.
        timeout: seconds to wait for a connection, and for each piece of an answer.
    """

    def __init__(
        self,
        base: str,
        repository: str,
        login: Login,
        *,
        patience: Patience | None = None,
        timeout: float = 30.0,
    ) -> None:
        api = Api(base, repository, login, patience, timeout)
        Pulls.__init__(self, api)
        Releases.__init__(self, api)

    def check(self) -> None:
        """See `Forge.check`."""
        api = self.api
        response = replace(api.patience, attempts=1).persist(
            api.host, lambda: api.attempt("GET", api.path())
        )
        source = api.login.source
        if response.status_code == 404:
            raise SlipwayError(
                f"the token {source} cannot see {api.repository}",
                where=api.host,
                fix="correct forge.repository, or give the token this repository",
            )
        told = api.told(response, "the repository cannot be read")
        name = str(told.get("full_name", ""))
        if not name:
            fix = "correct forge.api"
            raise SlipwayError("the answer is not GitHub's", where=api.base, fix=fix)
        if name.lower() != api.repository.lower():
            fix = f"say {name} in pipeline.yml"
            raise SlipwayError(f"{api.repository} is called {name} now", where=api.host, fix=fix)
        if told.get("archived"):
            fix = "unarchive it on GitHub"
            raise SlipwayError(f"{name} is archived: nothing can be changed", fix=fix)
        lacks = self._lacks(object_in(told.get("permissions")))
        if lacks:
            raise SlipwayError(
                f"the token {source} may not write to {name}: it lacks {', '.join(lacks)}",
                where=api.host,
                fix=f"docs/how-to/github.md says what it must be allowed to; then {ADVICE}",
            )

    def _lacks(self, permissions: dict[str, object]) -> list[str]:
        """Return what our token must be allowed to and is not, as far as GitHub tells."""
        login = self.api.login
        if isinstance(login, Token):
            # Of an installation's token this field is no true word; the first change will tell.
            return [] if login.of_app or permissions.get("push") else ["push"]
        granted = self.api.permissions
        return [f"{name}: write" for name in _NEEDED if granted.get(name) not in ("write", "admin")]
