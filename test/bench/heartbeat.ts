import { fileURLToPath } from 'node:url';
import type { BenchOptions } from '../../scripts/lib/bench-options.mjs';
import { startServer } from '../support/measured-servers.js';
import { freePort } from '../support/redis-server.js';
import { startChimera } from './chimera.js';
import { type ClientProcess, startClient, typescriptArguments } from './client-process.js';
import type { Bench, Contender, RatioWanted, Running } from './contender.js';
import { startEtcd } from './etcd.js';
import { measuring, type Pids } from './processor-time.js';
import { agentIds, registrations, requestOf } from './workloads/chimera-target.js';
import type { PreparedRequest } from './workloads/connection.js';

/** How many heartbeats come at one instant. */
const burstSize = 1_000;
const burst = `burst of ${burstSize}`;
const burstPauseMs = 300;

const chimera: Contender = {
  name: 'Chimera',
  includes:
    'HTTP with authentication and validation; the status in Redis; one process. Leases are looked after, and absent agents found.',
  async start(launch) {
    const { pids, target } = await startChimera(launch);
    const client = startClient(launch);
    const agents = agentIds(agentsNeeded(launch.options));
    await client.run('each', {
      origin: target.origin,
      connections: 32,
      requests: registrations(target, agents),
    });
    const requests = agents.map((id) =>
      requestOf(target, 'AGENT', 'POST', `/agents/${id}/heartbeat`, { status: 'IDLE' }),
    );
    return underLoad(client, target.origin, pids, requests);
  },
};

const thinLimit: Contender = {
  name: 'thin limit',
  includes:
    'HTTP without authentication or validation; the same write to Redis, one Lua call a request; one process.',
  async start(launch) {
    const redis = await launch.redis();
    const port = await freePort();
    const server = await startServer({
      name: 'The thin limit',
      command: process.execPath,
      args: [...typescriptArguments, fileURLToPath(new URL('thin-limit.ts', import.meta.url))],
      port,
      announces: 'The thin limit serves',
      environment: { NODE_ENV: 'production', PORT: String(port), REDIS_URL: `${redis.url}/1` },
    });
    launch.atEnd(() => server.stop());
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ status: 'IDLE' });
    const requests = agentIds(agentsNeeded(launch.options)).map((id): PreparedRequest => ({
      method: 'POST',
      path: `/heartbeats/${id}`,
      headers,
      body,
    }));
    const pids = { server: server.pid, redis: redis.pid };
    return underLoad(startClient(launch), server.url, pids, requests);
  },
};

const etcd: Contender = {
  name: 'etcd',
  includes:
    'HTTP gateway, no authentication; a put of the status under a lease, synced to the disk; one member.',
  async start(launch) {
    const { server, putsWithLeases } = await startEtcd(launch);
    const requests = await putsWithLeases(agentIds(agentsNeeded(launch.options)));
    return underLoad(startClient(launch), server.url, { server: server.pid }, requests);
  },
};

/** @param etcdMissing Why etcd cannot take part, if it cannot. */
export function heartbeatBench(options: BenchOptions, etcdMissing: string | undefined): Bench {
  const loads = options.connections.map(caseOf);
  const most = caseOf(Math.max(...options.connections));
  const against = (below: string, floor: number, aim: number): RatioWanted[] =>
    loads.map((caseName) => ({
      caseName,
      figure: 'perSecond',
      above: chimera.name,
      below,
      ...(caseName === most ? { floor, aim } : {}),
    }));
  return {
    name: 'heartbeat',
    title: 'Heartbeats: one a request, each connection sends its next when the last is answered',
    contenders: [chimera, thinLimit, ...(etcdMissing === undefined ? [etcd] : [])],
    cases: [...loads, burst],
    ratios: [
      ...against(thinLimit.name, 0.5, 1),
      ...against(etcd.name, 0.8, 2),
      {
        caseName: burst,
        figure: 'p95',
        above: chimera.name,
        below: thinLimit.name,
        aim: 1.5,
        lowerIsBetter: true,
      },
    ],
    limits: [{ caseName: burst, figure: 'p95', contender: chimera.name, floor: 500 }],
    absent: etcdMissing === undefined ? [] : [{ name: etcd.name, reason: etcdMissing }],
  };
}

function caseOf(connections: number): string {
  return `${connections} connections`;
}

function agentsNeeded({ connections }: BenchOptions): number {
  return Math.max(burstSize, ...connections);
}

function underLoad(
  client: ClientProcess,
  origin: string,
  pids: Pids,
  requests: readonly PreparedRequest[],
): Running {
  return {
    measure: (caseName, seconds) =>
      measuring(pids, () =>
        caseName === burst
          ? client.run('bursts', {
              origin,
              requests: requests.slice(0, burstSize),
              bursts: Math.max(1, Math.round(seconds)),
              pauseMs: burstPauseMs,
            })
          : client.run('closedLoop', {
              origin,
              requests: requests.slice(0, parseInt(caseName, 10)),
              seconds,
            }),
      ),
  };
}
