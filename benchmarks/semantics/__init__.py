"""What supervision means elsewhere: the failing behaviours of the peers, as scenarios to run."""
