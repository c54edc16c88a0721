import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MeasuredServer, startServer } from '../support/measured-servers.js';
import { freePort } from '../support/redis-server.js';
import type { Launch } from './contender.js';
import { type PreparedRequest, read, withConnections } from './workloads/connection.js';

/** An etcd of one member, with its defaults: a put is answered once it is on the disk. */
export interface Etcd {
  readonly server: MeasuredServer;
  /** A put of the agent's status under a lease of its own, in the order of the names. */
  readonly putsWithLeases: (agentIds: readonly string[]) => Promise<readonly PreparedRequest[]>;
}

/** Longer than any run: what is measured is the put. */
const leaseSeconds = 86_400;
const headers = { 'content-type': 'application/json' };

export async function startEtcd(launch: Launch): Promise<Etcd> {
  const dataDir = await mkdtemp(join(tmpdir(), 'chimera-etcd-'));
  launch.atEnd(() => rm(dataDir, { recursive: true, force: true }));
  const [port, peerPort] = [await freePort(), await freePort()];
  const [clientUrl, peerUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  const server = await startServer({
    name: 'etcd',
    command: 'etcd',
    args: [
      ...['--name', 'bench', '--data-dir', dataDir],
      ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', `bench=${peerUrl}`],
    ],
    port,
    announces: 'ready to serve client requests',
  });
  launch.atEnd(() => server.stop());
  return {
    server,
    putsWithLeases: (agentIds) =>
      withConnections(server.url, 1, async ([connection]) => {
        const puts: PreparedRequest[] = [];
        for (const agentId of agentIds) {
          const grant = request('/v3/lease/grant', { TTL: leaseSeconds });
          const answer = await connection?.send(grant);
          if (!answer) break;
          const { ID: lease } = read(answer, 200) as { ID: string };
          puts.push(
            request('/v3/kv/put', { key: base64(`agents/${agentId}`), value: base64('IDLE'), lease }),
          );
        }
        return puts;
      }),
  };
}

function request(path: string, body: unknown): PreparedRequest {
  return { method: 'POST', path, headers, body: JSON.stringify(body) };
}

/** The gateway takes keys and values as protobuf's JSON mapping writes bytes. */
function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
