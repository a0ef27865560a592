-- No look from before counts any more, of whatever class.
UPDATE flow_class SET revision = revision + 1
