"""The testflight: a chart is installed in a throwaway namespace, asked, and destroyed again.

fly       the flight itself: up, asked, and down again whatever came of it
ground    the copy of the deployments repository that Terraform works on, with the chart under test
whose     whose a namespace is, by its labels: what may be swept, and what is somebody else's
root      the Terraform root of a flight, with an empty state
evidence  what is kept of a flight that failed
verdict   pure: which digests are expected, and whether those are what runs
"""
