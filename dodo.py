"""The table of contents: every task of the pipeline, in the order in which a change travels.

Each room's `tasks.py` declares, its other modules do the work; `doit list --all` says the same in a
line each.
"""

from tasks.kernel.settings import doit_config

# The embedded world, kept in step with sandbox/ and envs/.
from tasks.sandbox.tasks import task_sandbox

# Observers: the outside is asked once, and the commit is fixed for the whole run.
from tasks.source.tasks import task_source
from tasks.forge.tasks import task_forge
from tasks.registry.tasks import task_registry

from tasks.chart.tasks import task_charts
from tasks.promotion.tasks import task_deployments

# Behind the human gate: what was approved becomes a release.
from tasks.release.tasks import task_withdraw, task_draft
from tasks.images.tasks import task_final
from tasks.release.tasks import task_tag, task_publish, task_counter, task_intact

# Before it: the head is judged, numbered, built and offered as a candidate.
from tasks.checks.tasks import task_check, task_statuses
from tasks.version.tasks import task_version
from tasks.build.tasks import task_app, task_binary
from tasks.images.tasks import task_image, task_push
from tasks.release.tasks import task_candidate
from tasks.changelog.tasks import task_changelog
from tasks.docs.tasks import task_docs
from tasks.release.tasks import task_promote

# Into the chart, up in a throwaway namespace, and on to the deployments.
from tasks.chart.tasks import task_chart
from tasks.testflight.tasks import task_testflight
from tasks.vendir.tasks import task_vendor

# To the environments: what each should have, a plan, and the record of what it got.
from tasks.promotion.tasks import task_promotion
from tasks.deploy.tasks import task_live, task_tfplan, task_apply, task_health, task_deploy
from tasks.deploy.tasks import task_deploy_all

# The gates themselves, the human's yes, and the whole of it.
from tasks.release.tasks import task_approve, task_automerge, task_drop, task_yank, task_release
from tasks.deploy.gate_tasks import task_approve_environment, task_reject_environment
from tasks.deploy.gate_tasks import task_override_environment, task_rollback, task_resume
from tasks.deploy.gate_tasks import task_unlock, task_drift, task_restart

# What a person wants to see.
from tasks.desk.tasks import task_plan, task_status, task_trace, task_where, task_doctor, task_demo
from tasks.desk.tasks import task_history, task_init, task_retry, task_why

# Who is told of gates, failures and releases.
from tasks.notify.tasks import task_notify

DOIT_CONFIG = doit_config(default=["status"])
