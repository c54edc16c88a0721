import fastify from 'fastify';
import { Redis } from 'ioredis';

/*
 * The thin limit of a heartbeat: a server that does nothing but write to Redis what Chimera's registry writes, one Lua call
 * a request, and give an answer of the same size. Whatever Chimera does beside that shows as the distance to it.
 */

/** KEYS agent, those present by when they were last heard of; ARGV agentId, status → now. */
const heartbeatScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('HMGET', KEYS[1], 'told', 'filed', 'paused')
redis.call('HSET', KEYS[1], 'lastSeen', now)
redis.call('ZADD', KEYS[2], now, ARGV[1])
if known[1] ~= 'PRESENT' or known[2] ~= ARGV[2] then
  redis.call('HSET', KEYS[1], 'status', ARGV[2], 'told', 'PRESENT', 'filed', ARGV[2])
end
return now
`;

interface Heartbeat {
  readonly Params: { readonly agentId: string };
  readonly Body: { readonly status: string };
}

const { PORT, REDIS_URL } = process.env;
if (PORT === undefined || REDIS_URL === undefined) throw new Error('PORT and REDIS_URL must be set.');

const redis = new Redis(REDIS_URL, { enableAutoPipelining: true });
const digest = String(await redis.script('LOAD', heartbeatScript));
const app = fastify();

app.post<Heartbeat>('/heartbeats/:agentId', async ({ params, body }) => {
  const { agentId } = params;
  const keys = [`thin:agent:${agentId}`, 'thin:present'];
  const now = Number(await redis.evalsha(digest, keys.length, ...keys, agentId, body.status));
  return {
    status: body.status,
    lastSeen: new Date(now).toISOString(),
    heartbeatIntervalMs: 5_000,
    paused: false,
    leases: [],
    cancelledTaskIds: [],
  };
});

process.on('SIGTERM', () => process.exit(0));
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
process.stdout.write('The thin limit serves.\n');
