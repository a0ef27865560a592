-- Created at that time or later.
AND created_at >= :created_after
