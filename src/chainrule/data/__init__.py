"""Reading: files, data frames and arrays to tables of named columns. Nothing is decided here about learning."""
