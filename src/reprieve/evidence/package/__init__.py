"""The data package: read, checked, merged, exported."""
