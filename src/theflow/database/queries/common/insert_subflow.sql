-- Of which attempt of which task of which flow a flow is the sub-flow.
INSERT INTO subflow (job_offset, parent_offset, name, attempt) VALUES (:offset, :parent_offset, :name, :attempt)
