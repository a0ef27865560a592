-- Since when a paused flow has been quiet: its timers may be held from then on.
UPDATE flow SET paused_at = :at WHERE job_offset = :offset
