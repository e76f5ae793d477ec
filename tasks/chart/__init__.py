"""The chart: how a release gets into it, and whether what it renders to may be deployed.

`bump` edits images' digests, references and breadcrumb comments in a chart's files without touching
any other byte. It is values in, values out, knows nothing of doit, and is a command by itself:
`python -m tasks.chart bump VALUES --set a.b.0.digest=sha256:… --ref REF`.

Around it, `remote` asks where the chart stands, `release` says what its files should be (`modules`:
the folders of the source that it takes along), and `proposal` what stands of that on the forge;
`propose` and `merge` are the effects that take a release in, `candidate` the one that only shows.
`values` renders what each environment tells the chart (`rendering`, `own_values`), and `looks` has
`helm` judge and render the whole (`builds`: images of one build; `policy`: every image by its
digest, with limits). `packing` makes one file of it, and `compare` shows what it would change
(`manifests`).
"""
