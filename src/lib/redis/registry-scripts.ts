/*
 * The registry's Lua scripts. Each is one atomic round trip. Keys of a tenant share a hash tag, so that a script's keys lie
 * in one slot of a cluster. Times are Redis's own, in milliseconds.
 *
 * chimera:{t}:agents          sorted set, all scores 0: the agents by id
 * chimera:{t}:agent:<id>      hash: facts (JSON), status, lastSeen, metrics (JSON), liveness
 * chimera:{t}:silence:<state> sorted set by lastSeen of the agents that are PRESENT or SUSPECT
 */

const clock = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** KEYS agents, agent, silence:PRESENT, silence:SUSPECT; ARGV agentId, facts, seen → status, lastSeen, metrics, now. */
export const putScript = `${clock}
redis.call('ZADD', KEYS[1], 0, ARGV[1])
redis.call('HSET', KEYS[2], 'facts', ARGV[2])
local known = redis.call('HEXISTS', KEYS[2], 'lastSeen') == 1
if not known then redis.call('HSET', KEYS[2], 'status', 'IDLE', 'metrics', 'null') end
if ARGV[3] == '1' or not known then
  redis.call('HSET', KEYS[2], 'lastSeen', now, 'liveness', 'PRESENT')
  redis.call('ZADD', KEYS[3], now, ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
end
local entry = redis.call('HMGET', KEYS[2], 'status', 'lastSeen', 'metrics')
entry[4] = now
return entry
`;

/** KEYS agent, silence:PRESENT, silence:SUSPECT; ARGV agentId, status, metrics or '' → facts, lastSeen, metrics, liveness before; nil when unknown. */
export const heartbeatScript = `${clock}
local known = redis.call('HMGET', KEYS[1], 'facts', 'liveness', 'metrics')
if not known[1] then return false end
redis.call('HSET', KEYS[1], 'status', ARGV[2], 'lastSeen', now, 'liveness', 'PRESENT')
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'metrics', ARGV[3])
  known[3] = ARGV[3]
end
redis.call('ZADD', KEYS[2], now, ARGV[1])
if known[2] == 'SUSPECT' then redis.call('ZREM', KEYS[3], ARGV[1]) end
return { known[1], now, known[3], known[2] }
`;

/** KEYS agent → facts, status, lastSeen, metrics, now. */
export const findScript = `${clock}
local entry = redis.call('HMGET', KEYS[1], 'facts', 'status', 'lastSeen', 'metrics')
if not entry[1] then return false end
entry[5] = now
return entry
`;

/** KEYS agents, silence:PRESENT, silence:SUSPECT; ARGV agentKeyPrefix, after or '', count → now, then facts, status, lastSeen, metrics an agent. */
export const listScript = `${clock}
local from = ARGV[2] == '' and '-' or '(' .. ARGV[2]
local ids = redis.call('ZRANGE', KEYS[1], from, '+', 'BYLEX', 'LIMIT', 0, ARGV[3])
local entries = { now }
for _, id in ipairs(ids) do
  local entry = redis.call('HMGET', ARGV[1] .. id, 'facts', 'status', 'lastSeen', 'metrics')
  for i = 1, 4 do entries[#entries + 1] = entry[i] or '' end
end
return entries
`;

/** KEYS agents, agent, silence:PRESENT, silence:SUSPECT; ARGV agentId. */
export const removeScript = `
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
`;

/** KEYS silence:PRESENT, silence:SUSPECT; ARGV agentKeyPrefix, suspectAfterMs, offlineAfterMs, limit → id, state pairs. */
export const departuresScript = `${clock}
local gone = {}
local left = tonumber(ARGV[4])
local function move(from, silence, state)
  local ids = redis.call('ZRANGE', KEYS[from], '-inf', now - silence, 'BYSCORE', 'LIMIT', 0, left)
  left = left - #ids
  for _, id in ipairs(ids) do
    local lastSeen = redis.call('ZSCORE', KEYS[from], id)
    redis.call('ZREM', KEYS[from], id)
    redis.call('HSET', ARGV[1] .. id, 'liveness', state)
    if state == 'SUSPECT' then redis.call('ZADD', KEYS[2], lastSeen, id) end
    gone[#gone + 1] = id
    gone[#gone + 1] = state
  end
end
move(2, tonumber(ARGV[3]), 'OFFLINE')
move(1, tonumber(ARGV[3]), 'OFFLINE')
move(1, tonumber(ARGV[2]), 'SUSPECT')
return gone
`;
