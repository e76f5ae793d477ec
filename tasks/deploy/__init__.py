"""Deployment: a saved Terraform plan for the exact files that are due, applied, judged, recorded.

`prepare` has the files and Terraform ready, `tfplan` plans, `apply` changes the environment,
`health` looks whether it answers, `record` writes down in the deployments repository what it got.
`approve` and `gates` open the gate of an environment; `chart` reads the chart among its files.
"""
