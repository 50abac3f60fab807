"""Results of a study: trials, tables, diagnostics."""
