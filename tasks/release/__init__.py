"""The release: candidate tag, promotion pull request, the human gate, and publication.

Before the gate: `candidate`, `promote`. Behind it: `draft`, `final:*` (in images), `tag`,
`publish`, `counter`. The two halves know each other only through what the forge observer saw
merged, so a fresh clone can go on from any point.
"""
