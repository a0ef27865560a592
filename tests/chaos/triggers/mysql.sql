-- The audit: what became of each row, by whom, in the order in which the locks of the rows were held.
CREATE TABLE audit (
    seq BIGINT AUTO_INCREMENT PRIMARY KEY,
    tbl VARCHAR(20) NOT NULL, op VARCHAR(10) NOT NULL, pk BIGINT NOT NULL, name VARCHAR(255) NOT NULL,
    owner BIGINT, term BIGINT, old VARCHAR(255), new VARCHAR(255), value LONGTEXT
) CHARACTER SET utf8mb4

CREATE TRIGGER audit_job_insert AFTER INSERT ON job_event FOR EACH ROW
INSERT INTO audit (tbl, op, pk, name) VALUES ('job_event', 'insert', NEW.job_offset, '')

CREATE TRIGGER audit_job_update AFTER UPDATE ON job_event FOR EACH ROW
IF NOT (OLD.owner <=> NEW.owner) OR OLD.parked <> NEW.parked THEN
    INSERT INTO audit (tbl, op, pk, name, owner, term, old)
    VALUES ('job_event', 'update', NEW.job_offset, '', NEW.owner, NEW.parked, OLD.owner);
END IF

CREATE TRIGGER audit_job_delete AFTER DELETE ON job_event FOR EACH ROW
INSERT INTO audit (tbl, op, pk, name, owner) VALUES ('job_event', 'delete', OLD.job_offset, '', OLD.owner)

CREATE TRIGGER audit_task_insert AFTER INSERT ON flow_task FOR EACH ROW
INSERT INTO audit (tbl, op, pk, name, owner, term, new, value)
VALUES ('flow_task', 'insert', NEW.job_offset, NEW.name, NEW.runtime, NEW.attempt, NEW.status, NEW.result)

CREATE TRIGGER audit_task_update AFTER UPDATE ON flow_task FOR EACH ROW
IF NOT (OLD.status = NEW.status AND OLD.attempt = NEW.attempt AND OLD.runtime = NEW.runtime
    AND OLD.result <=> NEW.result AND OLD.started_at <=> NEW.started_at) THEN
    INSERT INTO audit (tbl, op, pk, name, owner, term, old, new, value)
    VALUES (
        'flow_task', 'update', NEW.job_offset, NEW.name, NEW.runtime, NEW.attempt, OLD.status, NEW.status, NEW.result
    );
END IF

CREATE TRIGGER audit_task_delete AFTER DELETE ON flow_task FOR EACH ROW
INSERT INTO audit (tbl, op, pk, name, old) VALUES ('flow_task', 'delete', OLD.job_offset, OLD.name, OLD.status)

CREATE TRIGGER audit_runtime_insert AFTER INSERT ON runtime FOR EACH ROW
INSERT INTO audit (tbl, op, pk, name, owner, term, new)
VALUES ('runtime', 'insert', NEW.id, NEW.name, NEW.turn, NEW.epoch, NEW.state)

CREATE TRIGGER audit_runtime_update AFTER UPDATE ON runtime FOR EACH ROW
INSERT INTO audit (tbl, op, pk, name, owner, term, old, new)
VALUES ('runtime', 'update', NEW.id, NEW.name, NEW.turn, NEW.epoch, OLD.state, NEW.state)
