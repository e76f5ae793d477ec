"""The embedded world: git remotes made from `sandbox/` and `envs/`, and kept in step with them.

`steps` makes or follows the remotes and takes the whole sandbox away, `repository.commit_change`
plays the developer who pushes a commit. Only `tasks` knows doit; it imports the rest when needed,
since an idle run has no use for it.
"""
