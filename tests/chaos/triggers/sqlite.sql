-- The audit: what became of each row, by whom, in the order in which it was written.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tbl TEXT NOT NULL, op TEXT NOT NULL, pk INTEGER NOT NULL, name TEXT NOT NULL,
    owner INTEGER, term INTEGER, old TEXT, new TEXT, value TEXT
)

CREATE TRIGGER audit_job_insert AFTER INSERT ON job_event BEGIN
    INSERT INTO audit (tbl, op, pk, name) VALUES ('job_event', 'insert', NEW.job_offset, '');
END

CREATE TRIGGER audit_job_update AFTER UPDATE ON job_event
WHEN OLD.owner IS NOT NEW.owner OR OLD.parked <> NEW.parked BEGIN
    INSERT INTO audit (tbl, op, pk, name, owner, term, old)
    VALUES ('job_event', 'update', NEW.job_offset, '', NEW.owner, NEW.parked, OLD.owner);
END

CREATE TRIGGER audit_job_delete AFTER DELETE ON job_event BEGIN
    INSERT INTO audit (tbl, op, pk, name, owner) VALUES ('job_event', 'delete', OLD.job_offset, '', OLD.owner);
END

CREATE TRIGGER audit_task_insert AFTER INSERT ON flow_task BEGIN
    INSERT INTO audit (tbl, op, pk, name, owner, term, new, value)
    VALUES ('flow_task', 'insert', NEW.job_offset, NEW.name, NEW.runtime, NEW.attempt, NEW.status, NEW.result);
END

CREATE TRIGGER audit_task_update AFTER UPDATE ON flow_task BEGIN
    INSERT INTO audit (tbl, op, pk, name, owner, term, old, new, value)
    VALUES (
        'flow_task', 'update', NEW.job_offset, NEW.name, NEW.runtime, NEW.attempt, OLD.status, NEW.status, NEW.result
    );
END

CREATE TRIGGER audit_task_delete AFTER DELETE ON flow_task BEGIN
    INSERT INTO audit (tbl, op, pk, name, old) VALUES ('flow_task', 'delete', OLD.job_offset, OLD.name, OLD.status);
END

CREATE TRIGGER audit_runtime_insert AFTER INSERT ON runtime BEGIN
    INSERT INTO audit (tbl, op, pk, name, owner, term, new)
    VALUES ('runtime', 'insert', NEW.id, NEW.name, NEW.turn, NEW.epoch, NEW.state);
END

CREATE TRIGGER audit_runtime_update AFTER UPDATE ON runtime BEGIN
    INSERT INTO audit (tbl, op, pk, name, owner, term, old, new)
    VALUES ('runtime', 'update', NEW.id, NEW.name, NEW.turn, NEW.epoch, OLD.state, NEW.state);
END
