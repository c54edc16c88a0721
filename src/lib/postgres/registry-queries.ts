import type { RegistryFilter } from '../../ports/registry.js';
import { Conditions } from './row-table.js';

const millis = (sql: string) => `(extract(epoch FROM ${sql}) * 1000)::bigint::double precision`;

/** An entry under the names of `EntryRow`. */
export const entryColumns = `e.facts, e.status, ${millis('e.last_seen')} AS "lastSeen", e.metrics,
  e.liveness = 'RESTORED' AS unheard, ${millis('statement_timestamp()')} AS now`;

/** Which of two facts of an agent is the newer one. */
export const versionOf = (entry: string): string => `(${entry}.facts ->> 'version')::integer`;

export const silentSince = millis('e.last_seen');

/** Silent for `$n` milliseconds or longer. Time stands still in a statement, so that an index can be entered by it. */
export const silentFor = (parameter: string): string =>
  `e.last_seen <= statement_timestamp() - ${parameter}::integer * interval '1 millisecond'`;

/** They are given a chance to be heard from: not settled to be offline, and not waited for since the registry was lost. */
const watched = `e.liveness IN ('PRESENT', 'SUSPECT')`;
const absent = `e.liveness IN ('OFFLINE', 'RESTORED')`;

export interface EntriesQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/**
 * A part of a list of agents. Each walks one index in the order of the list and stops at the limit: by capability, by status
 * among those that are watched, or among those that are absent. Of those that take a capability each is looked up by its
 * key (`OFFSET 0` keeps the planner from anything else, whatever it knows of the tables).
 */
export function entriesQuery(
  tenantId: string,
  { status, capability }: RegistryFilter,
  { after, limit, offlineAfterMs }: { after: unknown; limit: number; offlineAfterMs: number },
): EntriesQuery {
  const walked = capability === undefined ? 'e' : 'k';
  const conditions = new Conditions()
    .add(`${walked}.tenant_id = ?`, tenantId)
    .add(`${walked}.agent_id > ?`, after)
    .add('k.capability = ?', capability);
  const count = conditions.parameter(limit);
  const { where, parameters } = conditions;
  const branches = branchesOf(status, (value) => conditions.parameter(value), offlineAfterMs);
  if (capability !== undefined) {
    const fits = branches.map((one) => `(${one})`).join(' OR ');
    return {
      sql: `SELECT ${entryColumns} FROM registry_capabilities k CROSS JOIN LATERAL (
          SELECT * FROM registry_entries e
          WHERE e.tenant_id = k.tenant_id AND e.agent_id = k.agent_id AND (${fits}) OFFSET 0
        ) e WHERE ${where} ORDER BY k.agent_id LIMIT ${count}`,
      parameters,
    };
  }
  const parts = branches.map(
    (one) =>
      `(SELECT e.* FROM registry_entries e WHERE ${where} AND ${one} ORDER BY e.agent_id LIMIT ${count})`,
  );
  return {
    sql: `SELECT ${entryColumns} FROM (${parts.join(' UNION ALL ')}) e ORDER BY e.agent_id LIMIT ${count}`,
    parameters,
  };
}

function branchesOf(
  status: RegistryFilter['status'],
  parameter: (value: unknown) => string,
  offlineAfterMs: number,
): readonly string[] {
  if (status === undefined) return ['true'];
  const silent = silentFor(parameter(offlineAfterMs));
  return status === 'OFFLINE'
    ? [absent, `${watched} AND ${silent}`]
    : [`e.status = ${parameter(status)} AND ${watched} AND NOT ${silent}`];
}
