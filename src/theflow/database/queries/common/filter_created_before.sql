-- Created before that time.
AND created_at < :created_before
