"""Tests that start the services from the checkout and ask them over HTTP."""
