"""Who is told that a run waits at a gate, failed, released or deployed: commands and webhooks.

It hears what the kernel's reporter tells (`kernel.events`). What happened is written down at once;
it is passed on when all tasks have ended, once for each event and each of those who are told, and
never fails a run: what could not be delivered is owed, and tried again by the next run.
"""
