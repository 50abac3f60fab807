"""What a person sees of a search: results, tables, the console."""
