import { Script } from './script.js';

/*
 * The registry's Lua scripts. Each is one atomic round trip on the keys of one tenant, which begin with KEYS[1]
 * (`chimera:registry:{t}`) and share its hash tag, so that they lie in one slot of a cluster. Times are Redis's own, in
 * milliseconds.
 *
 * …:agent:<id>      hash: facts, kinds (JSON), paused, status as it was said, lastSeen, metrics (JSON),
 *                   told (PRESENT, SUSPECT, OFFLINE, or RESTORED), filed (the status that it is listed under)
 * …:agents          sorted set, all scores 0: the agents by id
 * …:status:<status> the same of those that are listed under the status
 * …:kind:<kind>     the same of those that take the kind
 * …:paused          set of those that are paused
 * …:watch:<state>   sorted set by the beginning of the silence: PRESENT, SUSPECT, GONE (silent for long enough to be listed as
 *                   OFFLINE, and not yet settled), RESTORED
 * …:removed:<id>    for some seconds: it was removed, and facts that were read before do not bring it back
 */

const prelude = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local base = KEYS[1]
local states = { 'PRESENT', 'SUSPECT', 'GONE', 'RESTORED' }
local function agent(id) return base .. ':agent:' .. id end
local function removed(id) return base .. ':removed:' .. id end
local function watch(state) return base .. ':watch:' .. state end
local function file(id, from, to)
  if from == to then return end
  if from then redis.call('ZREM', base .. ':status:' .. from, id) end
  redis.call('ZADD', base .. ':status:' .. to, 0, id)
end
local function unwatch(id)
  redis.call('ZREM', base .. ':watch:SUSPECT', id)
  redis.call('ZREM', base .. ':watch:GONE', id)
  redis.call('ZREM', base .. ':watch:RESTORED', id)
end
`;

const facts = `
local function enter(id, key, facts, paused, kinds, before)
  redis.call('ZADD', base .. ':agents', 0, id)
  redis.call(paused == '1' and 'SADD' or 'SREM', base .. ':paused', id)
  if before ~= kinds then
    if before then
      for _, kind in ipairs(cjson.decode(before)) do redis.call('ZREM', base .. ':kind:' .. kind, id) end
    end
    for _, kind in ipairs(cjson.decode(kinds)) do redis.call('ZADD', base .. ':kind:' .. kind, 0, id) end
  end
  redis.call('HSET', key, 'facts', facts, 'paused', paused, 'kinds', kinds)
end
local function restored(id, key, registeredAt)
  redis.call('HSET', key, 'status', 'IDLE', 'lastSeen', registeredAt, 'metrics', 'null', 'told', 'RESTORED', 'filed', 'OFFLINE')
  redis.call('ZADD', watch('RESTORED'), now, id)
  file(id, nil, 'OFFLINE')
end
`;

/** Lists up to ARGV-many agents as OFFLINE whose silence has become long enough; says whether there may be more. */
const filing = `
local function fileSilent(silence, most)
  for _, state in ipairs({ 'SUSPECT', 'PRESENT' }) do
    local rows = redis.call('ZRANGE', watch(state), '-inf', now - silence, 'BYSCORE', 'LIMIT', 0, most, 'WITHSCORES')
    for i = 1, #rows, 2 do
      local id = rows[i]
      redis.call('ZREM', watch(state), id)
      redis.call('ZADD', watch('GONE'), rows[i + 1], id)
      file(id, redis.call('HGET', agent(id), 'filed'), 'OFFLINE')
      redis.call('HSET', agent(id), 'filed', 'OFFLINE')
    end
    most = most - #rows / 2
    if most <= 0 then return true end
  end
  return false
end
`;

/** ARGV id, facts, paused, kinds, registeredAt, seen → facts, status, lastSeen, metrics, told, now. */
export const putScript = new Script(`${prelude}${facts}
local id, key = ARGV[1], agent(ARGV[1])
redis.call('DEL', removed(id))
local known = redis.call('HMGET', key, 'told', 'filed', 'status', 'metrics', 'kinds', 'facts')
if not known[6] or cjson.decode(ARGV[2]).version >= cjson.decode(known[6]).version then
  enter(id, key, ARGV[2], ARGV[3], ARGV[4], known[5])
end
if ARGV[6] == '1' then
  local status = known[3] or 'IDLE'
  redis.call('HSET', key, 'status', status, 'lastSeen', now, 'metrics', known[4] or 'null', 'told', 'PRESENT', 'filed', status)
  redis.call('ZADD', watch('PRESENT'), now, id)
  unwatch(id)
  file(id, known[2], status)
elseif not known[1] then
  restored(id, key, ARGV[5])
end
local entry = redis.call('HMGET', key, 'facts', 'status', 'lastSeen', 'metrics', 'told')
entry[6] = now
return entry
`);

/** ARGV id, facts, paused, kinds, registeredAt for each → the ids that were entered. */
export const restoreScript = new Script(`${prelude}${facts}
local entered = {}
for i = 1, #ARGV, 5 do
  local id, key = ARGV[i], agent(ARGV[i])
  if redis.call('EXISTS', key, removed(id)) == 0 then
    enter(id, key, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], nil)
    restored(id, key, ARGV[i + 4])
    entered[#entered + 1] = id
  end
end
return entered
`);

/** ARGV id, status, metrics or '' for each → now, then for each 1 if it is paused, plus 2 if it has returned; -1 if it is unknown. */
export const heartbeatScript = new Script(`${prelude}
local present = watch('PRESENT')
local answers = { now }
for i = 1, #ARGV, 3 do
  local id, status, metrics = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local key = agent(id)
  local known = redis.call('HMGET', key, 'told', 'filed', 'paused')
  local told, filed = known[1], known[2]
  if not told then
    answers[#answers + 1] = -1
  else
    if metrics ~= '' then redis.call('HSET', key, 'lastSeen', now, 'metrics', metrics)
    else redis.call('HSET', key, 'lastSeen', now) end
    redis.call('ZADD', present, now, id)
    if told ~= 'PRESENT' or filed == 'OFFLINE' then unwatch(id) end
    if told ~= 'PRESENT' or filed ~= status then
      redis.call('HSET', key, 'status', status, 'told', 'PRESENT', 'filed', status)
      file(id, filed, status)
    end
    local answer = known[3] == '1' and 1 or 0
    if told == 'SUSPECT' or told == 'OFFLINE' then answer = answer + 2 end
    answers[#answers + 1] = answer
  end
end
return answers
`);

/** ARGV ids → the facts of each, or ''. */
export const agentsScript = new Script(`
local found = {}
for i, id in ipairs(ARGV) do found[i] = redis.call('HGET', KEYS[1] .. ':agent:' .. id, 'facts') or '' end
return found
`);

/** ARGV id → facts, status, lastSeen, metrics, told, now; nil when it is unknown. */
export const findScript = new Script(`${prelude}
local entry = redis.call('HMGET', agent(ARGV[1]), 'facts', 'status', 'lastSeen', 'metrics', 'told')
if not entry[1] then return false end
entry[6] = now
return entry
`);

/**
 * ARGV after or '', count, status or '', kind or '', offlineAfterMs, most to file, most to look at → now, then '1' if the call
 * is to be made again first; else '0', where it stopped, '1' at the end of the list or '0', and facts, status,
 * lastSeen, metrics, told for each agent. Of two indexes it walks the shorter and asks the other.
 */
export const listScript = new Script(`${prelude}${filing}
local after, count, status, kind = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
if status ~= '' and fileSilent(tonumber(ARGV[5]), tonumber(ARGV[6])) then return { now, '1' } end
local walked = base .. ':agents'
local asked
if status ~= '' then walked = base .. ':status:' .. status end
if kind ~= '' then
  local ofKind = base .. ':kind:' .. kind
  if status == '' then walked = ofKind
  elseif redis.call('ZCARD', ofKind) < redis.call('ZCARD', walked) then asked, walked = walked, ofKind
  else asked = ofKind end
end
local ids, looked, ended = {}, 0, '0'
local stride = asked and 500 or count
while #ids < count and looked < tonumber(ARGV[7]) and ended == '0' do
  local part = redis.call('ZRANGE', walked, after == '' and '-' or '(' .. after, '+', 'BYLEX', 'LIMIT', 0, stride)
  looked = looked + stride
  if #part < stride then ended = '1' end
  if #part > 0 then
    local scores = asked and redis.call('ZMSCORE', asked, unpack(part))
    for i, id in ipairs(part) do
      after = id
      if not scores or scores[i] then ids[#ids + 1] = id end
      if #ids == count then
        if i < #part then ended = '0' end
        break
      end
    end
  end
end
local answer = { now, '0', after, ended }
for _, id in ipairs(ids) do
  local entry = redis.call('HMGET', agent(id), 'facts', 'status', 'lastSeen', 'metrics', 'told')
  for i = 1, 5 do answer[#answer + 1] = entry[i] or '' end
end
return answer
`);

/** ARGV offlineAfterMs, most to file → ACTIVE, IDLE, BUSY, OFFLINE, paused; nil if the call is to be made again. */
export const countsScript = new Script(`${prelude}${filing}
if fileSilent(tonumber(ARGV[1]), tonumber(ARGV[2])) then return false end
local counts = {}
for i, status in ipairs({ 'ACTIVE', 'IDLE', 'BUSY', 'OFFLINE' }) do
  counts[i] = redis.call('ZCARD', base .. ':status:' .. status)
end
counts[5] = redis.call('SCARD', base .. ':paused')
return counts
`);

/** ARGV id. */
export const removeScript = new Script(`${prelude}
local id, key = ARGV[1], agent(ARGV[1])
local known = redis.call('HMGET', key, 'filed', 'kinds')
redis.call('DEL', key)
redis.call('SET', removed(id), '1', 'PX', 5000)
redis.call('ZREM', base .. ':agents', id)
redis.call('SREM', base .. ':paused', id)
redis.call('ZREM', watch('PRESENT'), id)
unwatch(id)
if known[1] then redis.call('ZREM', base .. ':status:' .. known[1], id) end
if known[2] then
  for _, kind in ipairs(cjson.decode(known[2])) do redis.call('ZREM', base .. ':kind:' .. kind, id) end
end
`);

/** ARGV suspectAfterMs → how many are silent, how many are watched. */
export const silenceScript = new Script(`${prelude}
local silent, expected = 0, 0
for _, state in ipairs(states) do
  silent = silent + redis.call('ZCOUNT', watch(state), '-inf', now - tonumber(ARGV[1]))
  expected = expected + redis.call('ZCARD', watch(state))
end
return { silent, expected }
`);

/** ARGV suspectAfterMs, offlineAfterMs, sparing, limit → id, state, silentSince for each. */
export const departuresScript = new Script(`${prelude}
local suspect, offline, sparing = now - tonumber(ARGV[1]), now - tonumber(ARGV[2]), ARGV[3] == '1'
local left = tonumber(ARGV[4])
local gone = {}
local function tell(from, above, upTo, state)
  if left <= 0 then return end
  local rows = redis.call('ZRANGE', watch(from), above, upTo, 'BYSCORE', 'LIMIT', 0, left, 'WITHSCORES')
  for i = 1, #rows, 2 do
    gone[#gone + 1] = rows[i]
    gone[#gone + 1] = state
    gone[#gone + 1] = rows[i + 1]
  end
  left = left - #rows / 2
end
if not sparing then
  for _, state in ipairs(states) do tell(state, '-inf', offline, 'OFFLINE') end
end
tell('PRESENT', sparing and '-inf' or '(' .. string.format('%.0f', offline), suspect, 'SUSPECT')
return gone
`);

/** ARGV id, state, silentSince for each → the ids of those that are not silent since then any more. */
export const settleScript = new Script(`${prelude}
local back = {}
for i = 1, #ARGV, 3 do
  local id, state, since = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local key = agent(id)
  local found
  for _, from in ipairs(states) do
    local score = redis.call('ZSCORE', watch(from), id)
    if score and tonumber(score) == since then found = from end
  end
  if not found then
    if redis.call('HGET', key, 'told') == 'PRESENT' then back[#back + 1] = id end
  elseif state == 'OFFLINE' then
    redis.call('ZREM', watch(found), id)
    file(id, redis.call('HGET', key, 'filed'), 'OFFLINE')
    redis.call('HSET', key, 'told', 'OFFLINE', 'filed', 'OFFLINE')
  else
    if found == 'PRESENT' then
      redis.call('ZREM', watch(found), id)
      redis.call('ZADD', watch('SUSPECT'), since, id)
    end
    redis.call('HSET', key, 'told', 'SUSPECT')
  end
end
return back
`);
