"""The tests of lana-bank; README.md tells how to run them."""
