"""SQL statements by name: one a file, `common/` first, replaced by a file of the same name in the dialect's folder."""
