"""The engine: `vendir sync` as a library. It knows no doit.

Values: `paths`, `globs`, `scalars`, `documents`, `shapes`, `config`, `model`, `versions`; `emit`,
with `order`, and `lock` write what others read again, byte for byte as Go does. Fetching: `sources`
with `gitsource` (on `repository`, `objects`, `trees`, `history` and `meanwhile`), `httpsource` and
`releasesource` with `archives`, `imagesource` with `layers`, `helmsource`, and `auth`. Acting:
`staging` (temporary folders, and the swap), `filters` and `links` (what may stay), `sync` in front
of them all, `verify` beside it. `commands` is the command line.

A sync takes little more than Python needs to begin, so what is imported counts: values are named
tuples, expressions are compiled when asked for, and what few configurations need is loaded late.
"""
