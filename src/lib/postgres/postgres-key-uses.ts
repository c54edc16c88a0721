import { Injectable } from '@nestjs/common';
import { type KeyRef, KeyUsesPort } from '../../ports/key-uses.js';
import type { TenantRows } from './tenant-rows.js';

/** Rows that somebody else is changing are passed over: it is most likely noted there already. */
const noteUses = /* sql */ `
WITH stale AS (
  SELECT k.tenant_id, k.key_id
  FROM unnest($1::text[], $2::uuid[]) AS used (tenant_id, key_id)
  JOIN api_keys k USING (tenant_id, key_id)
  WHERE k.last_used_at IS NULL OR k.last_used_at < clock_timestamp() - interval '1 minute'
  FOR UPDATE OF k SKIP LOCKED
)
UPDATE api_keys k SET last_used_at = clock_timestamp() FROM stale
WHERE k.tenant_id = stale.tenant_id AND k.key_id = stale.key_id`;

@Injectable()
export class PostgresKeyUses extends KeyUsesPort {
  constructor(private readonly rows: TenantRows) {
    super();
  }

  async note(keys: readonly KeyRef[]): Promise<void> {
    const tenantIds = keys.map(({ tenantId }) => tenantId);
    await this.rows.of([...new Set(tenantIds)], noteUses, [tenantIds, keys.map(({ keyId }) => keyId)]);
  }
}
