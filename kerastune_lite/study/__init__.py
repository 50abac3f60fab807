"""One search on record: events, trials, their history and its journal."""
