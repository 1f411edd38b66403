"""Columns that reading adds to those of a store's file."""

MALFORMED = "_malformed_line"  # the text of a line that is not a row
PART = "source_part"  # the file
LINE = "source_line"  # grows along a file
TAKEN_UNTIL = "taken_until"  # an earlier night took the file's rows before this day
ADDED = (MALFORMED, PART, LINE, TAKEN_UNTIL)
