-- The log of all tenants. It is append-only: whoever is not the owner of these tables
-- reads and appends the rows of one tenant at a time (`pi.tenant`), and may erase a payload.

CREATE SCHEMA pi;

CREATE TABLE pi.format (
  one     integer PRIMARY KEY CHECK (one = 1),
  version integer NOT NULL
);
CREATE TABLE pi.signer (
  one        integer PRIMARY KEY CHECK (one = 1),
  public_key text NOT NULL
);

CREATE TABLE pi.events (
  tenant      text COLLATE "C" NOT NULL,
  leaf        bigint NOT NULL,
  "partition" bigint NOT NULL,
  "offset"    bigint NOT NULL,
  header      bytea NOT NULL,
  PRIMARY KEY (tenant, leaf),
  UNIQUE (tenant, "partition", "offset")
) PARTITION BY HASH (tenant);
CREATE TABLE pi.payloads (
  tenant  text COLLATE "C" NOT NULL,
  leaf    bigint NOT NULL,
  salt    bytea,
  payload bytea,
  PRIMARY KEY (tenant, leaf)
) PARTITION BY HASH (tenant);
CREATE TABLE pi.checkpoints (
  tenant text COLLATE "C" NOT NULL,
  size   bigint NOT NULL,
  note   text NOT NULL,
  PRIMARY KEY (tenant, size)
) PARTITION BY HASH (tenant);

-- One row a tenant. Whoever appends holds its lock.
CREATE TABLE pi.head (
  tenant text COLLATE "C" PRIMARY KEY,
  size   bigint NOT NULL,
  peaks  bytea NOT NULL
);
CREATE TABLE pi.heads (
  tenant      text COLLATE "C" NOT NULL,
  id          bigint NOT NULL,
  "partition" text COLLATE "C" NOT NULL,
  "offset"    bigint NOT NULL,
  event_hash  bytea NOT NULL,
  frozen      boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, "partition")
);
CREATE TABLE pi.epochs (
  tenant text COLLATE "C" NOT NULL,
  epoch  bigint NOT NULL,
  leaf   bigint NOT NULL,
  PRIMARY KEY (tenant, epoch)
);
CREATE TABLE pi.correlations (
  tenant      text COLLATE "C" NOT NULL,
  correlation text COLLATE "C" NOT NULL,
  leaf        bigint NOT NULL,
  PRIMARY KEY (tenant, correlation, leaf)
);
CREATE TABLE pi.subtrees (
  tenant text COLLATE "C" NOT NULL,
  height integer NOT NULL,
  number bigint NOT NULL,
  root   bytea NOT NULL,
  PRIMARY KEY (tenant, height, number)
);
CREATE TABLE pi.runs (
  tenant     text COLLATE "C" NOT NULL,
  run        text COLLATE "C" NOT NULL,
  first_leaf bigint NOT NULL,
  last_leaf  bigint NOT NULL,
  sealed     boolean NOT NULL,
  PRIMARY KEY (tenant, run)
);
CREATE INDEX runs_by_first_leaf ON pi.runs (tenant, first_leaf);
CREATE TABLE pi.claims (
  tenant text COLLATE "C" NOT NULL,
  run    text COLLATE "C" NOT NULL,
  epoch  bigint NOT NULL,
  PRIMARY KEY (tenant, run)
);
CREATE TABLE pi.blobs (
  tenant text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  bytes  bytea NOT NULL,
  PRIMARY KEY (tenant, digest)
);
CREATE TABLE pi.run_keys (
  tenant text COLLATE "C" NOT NULL,
  run    text COLLATE "C" NOT NULL,
  key    bytea NOT NULL,
  PRIMARY KEY (tenant, run)
);
CREATE TABLE pi.sealed_blobs (
  tenant text COLLATE "C" NOT NULL,
  run    text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  bytes  bytea NOT NULL,
  PRIMARY KEY (tenant, run, digest)
);

CREATE FUNCTION pi.forbid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'MUTATION_FORBIDDEN: % is append-only', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE FUNCTION pi.erase_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.tenant <> OLD.tenant OR NEW.leaf <> OLD.leaf
     OR NEW.salt IS NOT NULL OR NEW.payload IS NOT NULL THEN
    RAISE EXCEPTION 'MUTATION_FORBIDDEN: a payload can only be erased'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

DO $$
DECLARE
  name text;
  part text;
BEGIN
  -- 64 partitions each. Nobody but the owner may name one of them: they have no policy.
  FOREACH name IN ARRAY ARRAY['events', 'payloads', 'checkpoints'] LOOP
    FOR n IN 0..63 LOOP
      part := format('pi.%I', name || '_' || n);
      EXECUTE format('CREATE TABLE %s PARTITION OF pi.%I FOR VALUES WITH (MODULUS 64, REMAINDER %s)',
                     part, name, n);
      EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
      EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s
                      FOR EACH STATEMENT EXECUTE FUNCTION pi.forbid()', part);
    END LOOP;
  END LOOP;
  FOREACH name IN ARRAY ARRAY['events', 'payloads', 'checkpoints', 'head', 'heads', 'epochs',
      'correlations', 'subtrees', 'runs', 'claims', 'blobs', 'run_keys', 'sealed_blobs'] LOOP
    EXECUTE format('ALTER TABLE pi.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY one_tenant ON pi.%I
                    USING (tenant = current_setting(''pi.tenant'', true))
                    WITH CHECK (tenant = current_setting(''pi.tenant'', true))', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['events', 'checkpoints', 'epochs', 'correlations', 'subtrees',
      'blobs'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON pi.%I
                    FOR EACH ROW EXECUTE FUNCTION pi.forbid()', name);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON pi.%I
                    FOR EACH STATEMENT EXECUTE FUNCTION pi.forbid()', name);
  END LOOP;
END $$;
CREATE TRIGGER no_delete BEFORE DELETE ON pi.payloads
  FOR EACH ROW EXECUTE FUNCTION pi.forbid();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON pi.payloads
  FOR EACH STATEMENT EXECUTE FUNCTION pi.forbid();
CREATE TRIGGER erase_only BEFORE UPDATE ON pi.payloads
  FOR EACH ROW EXECUTE FUNCTION pi.erase_only();

INSERT INTO pi.format VALUES (1, 1);
