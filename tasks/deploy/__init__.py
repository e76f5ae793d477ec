"""Deployment: a saved Terraform plan for the exact files that are due, applied, judged, recorded.

`prepare` has the files and Terraform ready, `tfplan` plans, `apply` changes the environment under
the `lock` that it has on the remote (`begun` notes how far it came), `health` looks whether it
answers, `record` writes down in the deployments repository what it got (`states` reads that again,
`serial` and `lost` hold Terraform's state against it). `attempt` and `past` note on the remote what
failed.

People decide by `approve` and `reject` (`gates` writes the branch; `preview`, `manifests` and
`origins` say what would change and where it comes from), `override`, `hold` (rollback, resume) and
`unlock`. `live` and `drift` ask whether it is still so; `asked` is what the command line says
besides, `allowed` whether it may be applied now; `chart` reads the chart among an environment's
files.
"""
