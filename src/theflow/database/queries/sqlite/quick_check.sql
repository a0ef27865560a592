-- Whether the pages of the file fit together.
PRAGMA quick_check(1)
