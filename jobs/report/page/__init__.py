"""The parts of a page and how they are drawn: plain values in, one HTML text out."""
