"""The tests mirror tasks/; `./doitw test` runs all of them, with lint and types."""
