"""Run the data pipeline against a throwaway warehouse: `up`, `test`, `down`."""
