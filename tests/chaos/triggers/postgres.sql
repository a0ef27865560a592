-- The audit: what became of each row, by whom, in the order in which the locks of the rows were held.
CREATE TABLE audit (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tbl text NOT NULL, op text NOT NULL, pk bigint NOT NULL, name text NOT NULL,
    owner bigint, term bigint, old text, new text, value text
)

CREATE FUNCTION audit_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO audit (tbl, op, pk, name, owner) VALUES ('job_event', 'delete', OLD.job_offset, '', OLD.owner);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO audit (tbl, op, pk, name) VALUES ('job_event', 'insert', NEW.job_offset, '');
    ELSIF OLD.owner IS DISTINCT FROM NEW.owner OR OLD.parked <> NEW.parked THEN
        INSERT INTO audit (tbl, op, pk, name, owner, term, old)
        VALUES ('job_event', 'update', NEW.job_offset, '', NEW.owner, NEW.parked, OLD.owner);
    END IF;
    RETURN NULL;
END $$

CREATE FUNCTION audit_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO audit (tbl, op, pk, name, old) VALUES ('flow_task', 'delete', OLD.job_offset, OLD.name, OLD.status);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO audit (tbl, op, pk, name, owner, term, new, value)
        VALUES ('flow_task', 'insert', NEW.job_offset, NEW.name, NEW.runtime, NEW.attempt, NEW.status, NEW.result);
    ELSE
        INSERT INTO audit (tbl, op, pk, name, owner, term, old, new, value)
        VALUES (
            'flow_task', 'update', NEW.job_offset, NEW.name, NEW.runtime, NEW.attempt, OLD.status, NEW.status,
            NEW.result
        );
    END IF;
    RETURN NULL;
END $$

CREATE FUNCTION audit_runtime() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO audit (tbl, op, pk, name, owner, term, new)
        VALUES ('runtime', 'insert', NEW.id, NEW.name, NEW.turn, NEW.epoch, NEW.state);
    ELSE
        INSERT INTO audit (tbl, op, pk, name, owner, term, old, new)
        VALUES ('runtime', 'update', NEW.id, NEW.name, NEW.turn, NEW.epoch, OLD.state, NEW.state);
    END IF;
    RETURN NULL;
END $$

CREATE TRIGGER audit_job AFTER INSERT OR UPDATE OR DELETE ON job_event FOR EACH ROW EXECUTE FUNCTION audit_job()

CREATE TRIGGER audit_task AFTER INSERT OR UPDATE OR DELETE ON flow_task FOR EACH ROW EXECUTE FUNCTION audit_task()

CREATE TRIGGER audit_runtime AFTER INSERT OR UPDATE ON runtime FOR EACH ROW EXECUTE FUNCTION audit_runtime()
