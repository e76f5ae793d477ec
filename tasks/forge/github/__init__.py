"""GitHub behind the forge's port: its REST API, and the one mutation that only GraphQL has.

    address   whose repository a remote is, and where the API's two halves are
    login     which token, or which app, from the environment
    app       an app's key becomes a token for an hour
    api       one request: headers, pages, rate limits, what may be asked again
    pulls, releases, statuses   the port's methods
    forge     all of them, and whether they can be used

Heavy (`requests`): imported where a forge is connected to, never while the graph loads.
"""

from .address import repository_of
from .forge import GithubForge
from .login import find as find_login

__all__ = ["GithubForge", "find_login", "repository_of"]
