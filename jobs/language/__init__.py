"""What people read of a night, in the language of `report.language`."""
