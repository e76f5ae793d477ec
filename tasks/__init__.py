"""The rooms of Slipway, one folder each; `dodo.py` lists them in the order a change travels."""
