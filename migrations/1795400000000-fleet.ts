import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The brake on mass losses, and indexes for lists of agents. The version before may run on: it writes facts and signs of life
 * as ever, and triggers keep what is derived from the facts.
 */
export class Fleet1795400000000 implements MigrationInterface {
  readonly name = 'Fleet1795400000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(brakes);
    await queryRunner.query(registry);
    await queryRunner.query(derived);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

const brakes = /* sql */ `
CREATE TABLE fleet_brakes (
  tenant_id text NOT NULL,
  engaged_at timestamptz(3),
  releases_at timestamptz(3),
  silent integer NOT NULL,
  expected integer NOT NULL,
  version integer NOT NULL,
  CONSTRAINT fleet_brakes_grace CHECK ((engaged_at IS NULL) = (releases_at IS NULL)),
  CONSTRAINT fleet_brakes_pkey PRIMARY KEY (tenant_id)
);
CREATE INDEX fleet_brakes_engaged ON fleet_brakes (tenant_id) WHERE engaged_at IS NOT NULL;
ALTER TABLE fleet_brakes ADD CONSTRAINT fleet_brakes_tenant FOREIGN KEY (tenant_id) REFERENCES tenants(tenant_id);
`;

/** Lists are in the order of the bytes, so that is the order of the keys. */
const registry = /* sql */ `
ALTER TABLE registry_entries ALTER COLUMN agent_id TYPE text COLLATE "C";
ALTER TABLE registry_entries ADD COLUMN paused boolean NOT NULL DEFAULT false;
ALTER TABLE registry_entries DROP CONSTRAINT registry_entries_liveness;
ALTER TABLE registry_entries ADD CONSTRAINT registry_entries_liveness
  CHECK (liveness IN ('PRESENT', 'SUSPECT', 'OFFLINE', 'RESTORED'));
UPDATE registry_entries SET paused = true WHERE (facts ->> 'paused')::boolean;
CREATE INDEX registry_entries_listed ON registry_entries (tenant_id, status, agent_id) WHERE liveness IN ('PRESENT', 'SUSPECT');
CREATE INDEX registry_entries_absent ON registry_entries (tenant_id, agent_id) WHERE liveness IN ('OFFLINE', 'RESTORED');
CREATE TABLE registry_capabilities (
  tenant_id text NOT NULL,
  capability text NOT NULL,
  agent_id text COLLATE "C" NOT NULL,
  CONSTRAINT registry_capabilities_pkey PRIMARY KEY (tenant_id, capability, agent_id)
);
CREATE INDEX registry_capabilities_agent ON registry_capabilities (tenant_id, agent_id);
ALTER TABLE registry_capabilities ADD CONSTRAINT registry_capabilities_entry
  FOREIGN KEY (tenant_id, agent_id) REFERENCES registry_entries(tenant_id,agent_id) ON DELETE CASCADE;
INSERT INTO registry_capabilities (tenant_id, capability, agent_id)
  SELECT e.tenant_id, c.capability, e.agent_id
  FROM registry_entries e CROSS JOIN LATERAL json_array_elements_text(e.facts -> 'capabilities') AS c(capability)
  ON CONFLICT DO NOTHING;
`;

const derived = /* sql */ `
CREATE FUNCTION derive_registry_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.paused := COALESCE((NEW.facts ->> 'paused')::boolean, false);
  RETURN NEW;
END $$;
CREATE TRIGGER registry_entries_derived BEFORE INSERT OR UPDATE OF facts ON registry_entries
  FOR EACH ROW EXECUTE FUNCTION derive_registry_entry();

CREATE FUNCTION derive_registry_capabilities() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.facts -> 'capabilities')::text = (OLD.facts -> 'capabilities')::text THEN
      RETURN NULL;
    END IF;
    DELETE FROM registry_capabilities c
    WHERE c.tenant_id = NEW.tenant_id AND c.agent_id = NEW.agent_id
      AND c.capability NOT IN (SELECT json_array_elements_text(NEW.facts -> 'capabilities'));
  END IF;
  INSERT INTO registry_capabilities (tenant_id, capability, agent_id)
    SELECT NEW.tenant_id, json_array_elements_text(NEW.facts -> 'capabilities'), NEW.agent_id
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER registry_entries_capabilities AFTER INSERT OR UPDATE OF facts ON registry_entries
  FOR EACH ROW EXECUTE FUNCTION derive_registry_capabilities();
`;
