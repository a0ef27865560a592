-- Who asked what of a flow, when and why; said in the transaction that does it, or that leaves it for a runtime.
INSERT INTO flow_request (job_offset, verb, asked_by, reason, asked_at, payload, handled_at, answer)
VALUES (:offset, :verb, :asked_by, :reason, :asked_at, :payload, :handled_at, :answer)
