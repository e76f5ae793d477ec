"""The desk: what a person wants to see. Reads every room, is read by none, changes nothing."""
