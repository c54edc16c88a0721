import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Liveness } from '../../src/models/agent.js';
import type { Position } from '../../src/models/page.js';
import type { Departure, RegistryPort } from '../../src/ports/registry.js';
import { anAgent } from '../unit/models/factories.js';
import { eventually } from './eventually.js';
import type { Link } from './link.js';

/** Where a registry is kept. */
export interface RegistryStore {
  /** One more instance on the store, as another process has it. */
  open(liveness: Liveness): RegistryPort;
  /** An instance, and the link that it has to the store. */
  openOverLink(): Promise<{ readonly registry: RegistryPort; readonly link: Link }>;
  drop(): Promise<void>;
}

const minute = 60_000;

/** Nobody falls silent while a test runs. */
const patient: Liveness = { heartbeatIntervalMs: minute, suspectAfterMs: minute, offlineAfterMs: 2 * minute };
/** Whoever said nothing for an instant is suspect, and nobody is offline. */
const suspicious: Liveness = { ...patient, suspectAfterMs: 5 };
/** Whoever said nothing for an instant is offline. */
const hasty: Liveness = { ...patient, suspectAfterMs: 5, offlineAfterMs: 10 };

/** What every registry promises. */
export function registryContract(name: string, openStore: () => Promise<RegistryStore>): void {
  describe(name, () => {
    let store: RegistryStore;
    let registry: RegistryPort;
    let tenantId: string;

    beforeAll(async () => {
      store = await openStore();
      registry = store.open(patient);
    });
    beforeEach(() => {
      tenantId = `t_${randomBytes(6).toString('hex')}`;
    });
    // Silence is counted across tenants: no test leaves another one agents to fall silent.
    afterEach(async () => {
      for (const tenant of [tenantId, `${tenantId}-2`]) {
        for (;;) {
          const { items, next } = await registry.list(tenant, {}, { limit: 500 });
          await Promise.all(items.map(({ agent }) => registry.remove(tenant, agent.agentId)));
          if (next === null) break;
        }
      }
    });
    afterAll(() => store.drop());

    const enter = (agentId: string, fields = {}) =>
      registry.put(anAgent({ tenantId, agentId, ...fields }), true);
    const idsOf = async (filter: Parameters<RegistryPort['list']>[1], limit = 200) => {
      const { items } = await registry.list(tenantId, filter, { limit });
      return items.map(({ agent }) => agent.agentId);
    };
    /** Departures of the tenant as a process sees them that is so patient, settled. */
    const goneFor = async (liveness: Liveness, limit = 1_000): Promise<readonly Departure[]> => {
      const process = store.open(liveness);
      const gone = await process.departures(tenantId, false, limit);
      expect(await process.settle(tenantId, gone)).toEqual([]);
      return gone;
    };
    const becomes = (agentId: string, liveness: Liveness, state: Departure['state']) =>
      eventually(
        () => goneFor(liveness),
        (gone) => gone.some((departure) => departure.agentId === agentId && departure.state === state),
      );
    const becomesSuspect = (agentId: string) => becomes(agentId, suspicious, 'SUSPECT');
    const becomesOffline = (agentId: string) => becomes(agentId, hasty, 'OFFLINE');
    const isSilentFor = (agentId: string, liveness: Liveness) =>
      eventually(
        async () => (await store.open(liveness).find(tenantId, agentId))?.presence.status,
        (status) => status === 'OFFLINE',
      );
    const beat = (agentId: string, status: 'ACTIVE' | 'IDLE' | 'BUSY' = 'IDLE') =>
      registry.heartbeat(tenantId, agentId, status, undefined);

    it('answers a ping', async () => {
      await expect(registry.ping()).resolves.toBeUndefined();
    });

    it('finds an agent as it was entered, idle and seen just now', async () => {
      const agent = anAgent({
        tenantId,
        name: 'Überset­zer “1”',
        capabilities: ['support.reply', 'a:b'],
        metadata: { region: 'eu', tags: ['x', null], nested: { n: 1.5 } },
        registeredAt: new Date('2026-01-02T03:04:05.678Z'),
      });
      const entered = await registry.put(agent, true);
      expect(entered.agent).toEqual(agent);
      expect(entered.presence).toMatchObject({ status: 'IDLE', metrics: null });
      await expect(registry.find(tenantId, agent.agentId)).resolves.toEqual(entered);
    });

    it('knows nothing of an agent that was not entered', async () => {
      await expect(registry.find(tenantId, 'nobody')).resolves.toBeUndefined();
      await expect(registry.heartbeat(tenantId, 'nobody', 'IDLE', {})).resolves.toBeUndefined();
      await expect(registry.find(tenantId, 'nobody')).resolves.toBeUndefined();
      await expect(registry.remove(tenantId, 'nobody')).resolves.toBeUndefined();
    });

    it('notes the status and the metrics of a heartbeat', async () => {
      await enter('a');
      const pulse = await registry.heartbeat(tenantId, 'a', 'BUSY', { cpu: 0.5, queue: [1, 2] });
      expect(pulse).toEqual({
        ...{ status: 'BUSY', paused: false, returned: false },
        lastSeen: (await registry.find(tenantId, 'a'))?.presence.lastSeen,
      });
      await expect(registry.find(tenantId, 'a')).resolves.toMatchObject({
        presence: { status: 'BUSY', metrics: { cpu: 0.5, queue: [1, 2] } },
      });
    });

    it('keeps the metrics when a heartbeat sends none', async () => {
      await enter('a');
      await registry.heartbeat(tenantId, 'a', 'ACTIVE', { cpu: 0.5 });
      await registry.heartbeat(tenantId, 'a', 'IDLE', undefined);
      expect((await registry.find(tenantId, 'a'))?.presence).toMatchObject({
        ...{ status: 'IDLE', metrics: { cpu: 0.5 } },
      });
    });

    it('moves the last sign of life forward', async () => {
      const entered = await enter('a');
      const later = await eventually(
        async () => (await beat('a'))?.lastSeen,
        (lastSeen) => lastSeen !== undefined && lastSeen > entered.presence.lastSeen,
      );
      const found = await registry.find(tenantId, 'a');
      expect(found?.presence.lastSeen).toEqual(later);
    });

    it('gives each of many heartbeats that arrive together its own answer', async () => {
      const ids = Array.from({ length: 100 }, (_, index) => `agent-${String(index).padStart(3, '0')}`);
      await Promise.all(ids.map((id) => enter(id)));
      const beats = ids.flatMap((id) => [id, `${id}-unknown`]);
      const pulses = await Promise.all(
        beats.map((id) => registry.heartbeat(tenantId, id, 'ACTIVE', { said: id })),
      );
      expect(pulses.map((pulse) => pulse?.status)).toEqual(ids.flatMap(() => ['ACTIVE', undefined]));
      const found = await Promise.all(ids.map((id) => registry.find(tenantId, id)));
      expect(found.map((entry) => entry?.presence.metrics)).toEqual(ids.map((id) => ({ said: id })));
    });

    it('answers heartbeats of many tenants that arrive together as each of them is', async () => {
      const other = `${tenantId}-2`;
      await enter('a');
      await registry.put(anAgent({ tenantId: other, agentId: 'a', paused: true }), true);
      const pulses = await Promise.all([
        registry.heartbeat(tenantId, 'a', 'ACTIVE', undefined),
        registry.heartbeat(other, 'b', 'IDLE', undefined),
        registry.heartbeat(other, 'a', 'BUSY', undefined),
        registry.heartbeat(tenantId, 'a', 'BUSY', undefined),
      ]);
      expect(pulses.map((pulse) => pulse?.paused)).toEqual([false, undefined, true, false]);
      expect((await registry.find(tenantId, 'a'))?.presence.status).toBe('BUSY');
    });

    it('tells many who ask together the facts of their agents', async () => {
      const ids = Array.from({ length: 50 }, (_, index) => `agent-${index}`);
      await Promise.all(ids.map((id) => enter(id, { capabilities: [id] })));
      const agents = await Promise.all(
        ids.flatMap((id) => [registry.agent(tenantId, id), registry.agent(tenantId, `${id}-unknown`)]),
      );
      expect(agents).toEqual(
        ids.flatMap((agentId) => [anAgent({ tenantId, agentId, capabilities: [agentId] }), undefined]),
      );
    });

    it('replaces the facts and keeps the presence of an agent that is entered again', async () => {
      await enter('a');
      await registry.heartbeat(tenantId, 'a', 'BUSY', { cpu: 1 });
      const before = await registry.find(tenantId, 'a');
      const again = await registry.put(anAgent({ tenantId, agentId: 'a', paused: true, version: 2 }), false);
      expect(again).toEqual({
        agent: anAgent({ tenantId, agentId: 'a', paused: true, version: 2 }),
        presence: before?.presence,
      });
    });

    it('keeps the newest facts, whichever come last', async () => {
      const newer = anAgent({ tenantId, agentId: 'a', paused: true, capabilities: ['new'], version: 3 });
      await registry.put(newer, true);
      const late = anAgent({ tenantId, agentId: 'a', capabilities: ['old'], version: 2 });
      expect((await registry.put(late, true)).agent).toEqual(newer);
      expect((await registry.find(tenantId, 'a'))?.agent).toEqual(newer);
      expect(await idsOf({ capability: 'old' })).toEqual([]);
      expect(await idsOf({ capability: 'new' })).toEqual(['a']);
      expect(await registry.heartbeat(tenantId, 'a', 'IDLE', undefined)).toMatchObject({ paused: true });
    });

    it('lists by id, in the order of the bytes, page by page', async () => {
      const ids = ['b', 'a', 'A.1', 'a:1', 'a-1', 'a_1', 'a.1', 'Z', '0', 'a1', 'aa', 'B:x.y-z_'];
      await Promise.all(ids.map((id) => enter(id)));
      const inOrder = ids.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
      expect(await idsOf({})).toEqual(inOrder);

      const seen: string[] = [];
      let after: Position | undefined;
      for (;;) {
        const { items, next } = await registry.list(tenantId, {}, { limit: 5, after });
        expect(items.length).toBeLessThanOrEqual(5);
        seen.push(...items.map(({ agent }) => agent.agentId));
        if (next === null) break;
        after = next;
      }
      expect(seen).toEqual(inOrder);
    });

    it('says that there is no next page when the last one is full', async () => {
      await Promise.all(['a', 'b'].map((id) => enter(id)));
      expect((await registry.list(tenantId, {}, { limit: 2 })).next).toBeNull();
      expect((await registry.list(tenantId, {}, { limit: 1 })).next).toEqual(['a']);
    });

    it('lists more agents than it reads at a time', async () => {
      const ids = Array.from({ length: 1_100 }, (_, index) => `n${String(index).padStart(4, '0')}`);
      await Promise.all(
        ids.map((id, index) => enter(id, { capabilities: [index === 1_099 ? 'rare' : 'common'] })),
      );
      expect(await idsOf({ capability: 'rare' })).toEqual(['n1099']);
      expect(await registry.counts(tenantId)).toMatchObject({ IDLE: 1_100 });
    });

    it('lists those of a status and a capability', async () => {
      await enter('idle', { capabilities: ['x', 'y'] });
      await enter('busy', { capabilities: ['y', 'a:b.c'] });
      await registry.heartbeat(tenantId, 'busy', 'BUSY', undefined);
      expect(await idsOf({ status: 'IDLE' })).toEqual(['idle']);
      expect(await idsOf({ status: 'BUSY' })).toEqual(['busy']);
      expect(await idsOf({ status: 'ACTIVE' })).toEqual([]);
      expect(await idsOf({ status: 'OFFLINE' })).toEqual([]);
      expect(await idsOf({ capability: 'y' })).toEqual(['busy', 'idle']);
      expect(await idsOf({ capability: 'a:b.c' })).toEqual(['busy']);
      expect(await idsOf({ capability: 'a:b' })).toEqual([]);
      expect(await idsOf({ status: 'IDLE', capability: 'y' })).toEqual(['idle']);
      expect(await idsOf({ status: 'OFFLINE', capability: 'y' })).toEqual([]);
      await beat('idle', 'ACTIVE');
      expect(await idsOf({ status: 'IDLE', capability: 'y' })).toEqual([]);
      expect(await idsOf({ status: 'ACTIVE', capability: 'x' })).toEqual(['idle']);
    });

    it('lists an agent by what it takes now, not by what it took before', async () => {
      await enter('a', { capabilities: ['x', 'y'] });
      await enter('a', { capabilities: ['y', 'z'], version: 2 });
      expect(await idsOf({ capability: 'x' })).toEqual([]);
      expect(await idsOf({ capability: 'y' })).toEqual(['a']);
      expect(await idsOf({ status: 'IDLE', capability: 'z' })).toEqual(['a']);
      await registry.remove(tenantId, 'a');
      expect(await idsOf({ capability: 'y' })).toEqual([]);
      expect(await idsOf({ status: 'IDLE' })).toEqual([]);
      expect(await registry.counts(tenantId)).toMatchObject({ IDLE: 0, OFFLINE: 0 });
    });

    it('lists by both filters page by page, whichever of them fits fewer', async () => {
      const ids = Array.from({ length: 1_300 }, (_, index) => `n${String(index).padStart(4, '0')}`);
      await Promise.all(
        ids.map((id, index) => enter(id, { capabilities: index % 100 === 7 ? ['rare', 'all'] : ['all'] })),
      );
      await Promise.all(ids.filter((_, index) => index % 10 === 7).map((id) => beat(id, 'BUSY')));
      const walk = async (filter: Parameters<RegistryPort['list']>[1]) => {
        const seen: string[] = [];
        for (let after: Position | undefined; ;) {
          const { items, next } = await registry.list(tenantId, filter, { limit: 9, after });
          seen.push(...items.map(({ agent }) => agent.agentId));
          if (next === null) return seen;
          after = next;
        }
      };
      const rare = ids.filter((_, index) => index % 100 === 7);
      expect(await walk({ status: 'BUSY', capability: 'rare' })).toEqual(rare);
      expect(await walk({ status: 'IDLE', capability: 'rare' })).toEqual([]);
      expect(await walk({ status: 'BUSY', capability: 'all' })).toEqual(
        ids.filter((_, index) => index % 10 === 7),
      );
      expect(await walk({ capability: 'rare' })).toEqual(rare);
    });

    it('derives OFFLINE from silence, wherever it says a status', async () => {
      await enter('a', { paused: true });
      await registry.heartbeat(tenantId, 'a', 'BUSY', undefined);
      const strict = store.open(hasty);
      await eventually(
        async () => (await strict.find(tenantId, 'a'))?.presence.status,
        (status) => status === 'OFFLINE',
      );
      const page = { limit: 10 };
      expect((await strict.list(tenantId, { status: 'OFFLINE' }, page)).items).toHaveLength(1);
      expect((await strict.list(tenantId, { status: 'BUSY' }, page)).items).toHaveLength(0);
      expect(await strict.counts(tenantId)).toEqual({ ACTIVE: 0, IDLE: 0, BUSY: 0, OFFLINE: 1, paused: 1 });
      const paused = await strict.put(anAgent({ tenantId, agentId: 'a' }), false);
      expect(paused.presence.status).toBe('OFFLINE');
      await expect(registry.find(tenantId, 'a')).resolves.toMatchObject({ presence: { status: 'BUSY' } });
    });

    it('counts by status, and those that are paused', async () => {
      await Promise.all(['a', 'b', 'c', 'd'].map((id) => enter(id)));
      await registry.heartbeat(tenantId, 'a', 'ACTIVE', undefined);
      await registry.heartbeat(tenantId, 'b', 'BUSY', undefined);
      await registry.put(anAgent({ tenantId, agentId: 'b', paused: true }), false);
      expect(await registry.counts(tenantId)).toEqual({ ACTIVE: 1, IDLE: 2, BUSY: 1, OFFLINE: 0, paused: 1 });
    });

    it('forgets an agent that is removed', async () => {
      await enter('a');
      await enter('b');
      await registry.remove(tenantId, 'a');
      await expect(registry.find(tenantId, 'a')).resolves.toBeUndefined();
      await expect(registry.heartbeat(tenantId, 'a', 'IDLE', {})).resolves.toBeUndefined();
      expect(await idsOf({})).toEqual(['b']);
      await becomesOffline('b');
      expect(await goneFor(hasty)).toEqual([]);
    });

    it("keeps another tenant's agents out of sight", async () => {
      await enter('a');
      const other = `${tenantId}-2`;
      await registry.put(anAgent({ tenantId: other, agentId: 'a', paused: true }), true);
      await registry.put(anAgent({ tenantId: other, agentId: 'b' }), true);
      await registry.heartbeat(other, 'a', 'BUSY', { secret: true });
      expect(await idsOf({})).toEqual(['a']);
      await expect(registry.find(tenantId, 'b')).resolves.toBeUndefined();
      await expect(registry.find(tenantId, 'a')).resolves.toMatchObject({
        presence: { status: 'IDLE', metrics: null },
      });
      expect(await registry.counts(tenantId)).toMatchObject({ IDLE: 1, BUSY: 0, paused: 0 });
      await registry.remove(other, 'a');
      expect(await idsOf({})).toEqual(['a']);
      await isSilentFor('a', hasty);
      expect((await store.open(hasty).departures(other, false, 10)).map(({ agentId }) => agentId)).toEqual([
        'b',
      ]);
    });

    it('tells of an agent that it is suspect, later that it is offline, and of neither again', async () => {
      await enter('a');
      await becomesSuspect('a');
      expect(await goneFor(suspicious)).toEqual([]);
      const gone = await eventually(
        () => goneFor(hasty),
        (departures) => departures.length > 0,
      );
      expect(gone).toMatchObject([{ agentId: 'a', state: 'OFFLINE' }]);
      expect(await goneFor(hasty)).toEqual([]);
    });

    it('tells at once that an agent is offline that nobody looked at while it was suspect', async () => {
      await enter('a');
      await isSilentFor('a', hasty);
      expect(await goneFor(hasty)).toMatchObject([{ agentId: 'a', state: 'OFFLINE' }]);
    });

    it('tells of a departure again until it is settled, whoever asks', async () => {
      await enter('a');
      await isSilentFor('a', hasty);
      const told = await store.open(hasty).departures(tenantId, false, 10);
      expect(told).toHaveLength(1);
      expect(await store.open(hasty).counts(tenantId)).toMatchObject({ OFFLINE: 1 });
      expect(await store.open(hasty).departures(tenantId, false, 10)).toEqual(told);
      expect(await registry.settle(tenantId, told)).toEqual([]);
      expect(await registry.settle(tenantId, told)).toEqual([]);
      expect(await goneFor(hasty)).toEqual([]);
    });

    it('names who came back before its departure was settled, and takes it for present', async () => {
      await Promise.all(['a', 'b', 'c'].map((id) => enter(id)));
      await Promise.all(['a', 'b', 'c'].map((id) => isSilentFor(id, hasty)));
      const told = await store.open(hasty).departures(tenantId, false, 10);
      expect(told).toHaveLength(3);
      await eventually(
        async () => (await beat('b'))?.lastSeen.getTime(),
        (at) => at !== undefined && at > Math.max(...told.map(({ silentSince }) => silentSince)),
      );
      await registry.remove(tenantId, 'c');
      expect(await registry.settle(tenantId, told)).toEqual(['b']);
      expect((await beat('b'))?.returned).toBe(false);
      expect((await beat('a'))?.returned).toBe(true);
      expect(await registry.find(tenantId, 'c')).toBeUndefined();
    });

    it('tells of nobody as offline who is spared, and of each as suspect once', async () => {
      await Promise.all(['a', 'b'].map((id) => enter(id)));
      await Promise.all(['a', 'b'].map((id) => isSilentFor(id, hasty)));
      const sparing = store.open(hasty);
      const told = await sparing.departures(tenantId, true, 10);
      expect(told.map(({ agentId, state }) => `${agentId} ${state}`).toSorted()).toEqual([
        ...['a SUSPECT', 'b SUSPECT'],
      ]);
      await sparing.settle(tenantId, told);
      expect(await sparing.departures(tenantId, true, 10)).toEqual([]);
      expect((await beat('b'))?.returned).toBe(true);
      await isSilentFor('b', hasty);
      expect((await goneFor(hasty)).map(({ agentId, state }) => `${agentId} ${state}`).toSorted()).toEqual([
        ...['a OFFLINE', 'b OFFLINE'],
      ]);
    });

    it('counts the silent among those that are not given up', async () => {
      const silenceFor = async (liveness: Liveness) =>
        (await store.open(liveness).silence()).find((silence) => silence.tenantId === tenantId);
      await Promise.all(['a', 'b', 'c', 'd'].map((id) => enter(id)));
      expect(await silenceFor(patient)).toBeUndefined();
      await isSilentFor('d', hasty);
      expect(await silenceFor(suspicious)).toEqual({ tenantId, silent: 4, expected: 4 });
      await goneFor(suspicious);
      await store.open(hasty).counts(tenantId);
      expect(await silenceFor(suspicious)).toEqual({ tenantId, silent: 4, expected: 4 });
      await registry.remove(tenantId, 'a');
      expect(await silenceFor(suspicious)).toEqual({ tenantId, silent: 3, expected: 3 });
      expect(await goneFor(hasty, 1)).toHaveLength(1);
      expect(await silenceFor(suspicious)).toEqual({ tenantId, silent: 2, expected: 2 });
    });

    it('restores those that it has lost, as OFFLINE until they are heard from', async () => {
      await enter('here');
      await beat('here', 'BUSY');
      const registeredAt = new Date('2026-01-02T03:04:05.678Z');
      const agents = ['here', 'lost', 'dead'].map((agentId) =>
        anAgent({ tenantId, agentId, registeredAt, paused: agentId === 'lost', capabilities: ['x'] }),
      );
      expect((await registry.restore(tenantId, agents)).toSorted()).toEqual(['dead', 'lost']);
      expect(await registry.restore(tenantId, agents)).toEqual([]);
      expect(await registry.counts(tenantId)).toEqual({ ACTIVE: 0, IDLE: 0, BUSY: 1, OFFLINE: 2, paused: 1 });
      expect(await idsOf({ status: 'OFFLINE', capability: 'x' })).toEqual(['dead', 'lost']);
      await expect(registry.find(tenantId, 'lost')).resolves.toEqual({
        agent: agents[1],
        presence: { status: 'OFFLINE', lastSeen: registeredAt, metrics: null },
      });
      expect(await beat('lost', 'ACTIVE')).toMatchObject({ paused: true, returned: false });
      expect(await idsOf({ status: 'OFFLINE' })).toEqual(['dead']);
      expect(await idsOf({ status: 'ACTIVE' })).toEqual(['lost']);
    });

    it('gives those that it has restored as long as others before they are offline', async () => {
      const registeredAt = new Date('2026-01-02T03:04:05.678Z');
      const dead = anAgent({ tenantId, agentId: 'dead', registeredAt });
      await registry.restore(tenantId, [dead]);
      expect(await goneFor(patient)).toEqual([]);
      expect(await becomesOffline('dead')).toMatchObject([{ agentId: 'dead', state: 'OFFLINE' }]);
      expect((await registry.find(tenantId, 'dead'))?.presence).toMatchObject({
        ...{ status: 'OFFLINE', lastSeen: registeredAt },
      });
      expect((await beat('dead'))?.returned).toBe(true);
    });

    it('takes new facts of an agent that it has lost for no sign of life', async () => {
      const agent = anAgent({ tenantId, paused: true });
      expect((await registry.put(agent, false)).presence.status).toBe('OFFLINE');
      expect((await registry.put(agent, true)).presence.status).toBe('IDLE');
    });

    it('is whole once that was noted', async () => {
      await registry.markWhole();
      await expect(registry.isWhole()).resolves.toBe(true);
    });

    it('says of a heartbeat that the agent has returned, once, and can lose it again', async () => {
      for (const becomesAbsent of [becomesSuspect, becomesOffline]) {
        await enter('a');
        await becomesAbsent('a');
        expect((await registry.heartbeat(tenantId, 'a', 'IDLE', undefined))?.returned).toBe(true);
        expect((await registry.heartbeat(tenantId, 'a', 'IDLE', undefined))?.returned).toBe(false);
        await becomesSuspect('a');
      }
    });

    it('takes an agent that is entered again as seen for present', async () => {
      await enter('a');
      await becomesSuspect('a');
      await enter('a');
      expect((await registry.heartbeat(tenantId, 'a', 'IDLE', undefined))?.returned).toBe(false);
      await becomesSuspect('a');
      await registry.put(anAgent({ tenantId, agentId: 'a' }), false);
      expect((await registry.heartbeat(tenantId, 'a', 'IDLE', undefined))?.returned).toBe(true);
    });

    it('tells of no more departures than were asked for, and of all in the end', async () => {
      const ids = Array.from({ length: 25 }, (_, index) => `agent-${index}`);
      await Promise.all(ids.map((id) => enter(id)));
      await goneFor(suspicious, 10);
      await Promise.all(ids.map((id) => isSilentFor(id, hasty)));
      const told: Departure[] = [];
      for (const expected of [10, 10, 5, 0]) {
        const gone = await goneFor(hasty, 10);
        expect(gone).toHaveLength(expected);
        told.push(...gone);
      }
      expect(told.map(({ agentId }) => agentId).toSorted()).toEqual(ids.toSorted());
      expect(new Set(told.map(({ state }) => state))).toEqual(new Set(['OFFLINE']));
    });

    it('refuses with UNAVAILABLE while its store is away, and works when it is back', async () => {
      const { registry: lost, link } = await store.openOverLink();
      await lost.put(anAgent({ tenantId }), true);
      await link.cut();
      const answers = await Promise.allSettled([
        lost.ping(),
        lost.put(anAgent({ tenantId }), true),
        lost.find(tenantId, 'a'),
        lost.heartbeat(tenantId, 'a', 'IDLE', undefined),
        lost.list(tenantId, {}, { limit: 1 }),
        lost.counts(tenantId),
        lost.remove(tenantId, 'a'),
        lost.agent(tenantId, 'a'),
        lost.restore(tenantId, [anAgent({ tenantId })]),
        lost.isWhole(),
        lost.markWhole(),
        lost.silence(),
        lost.departures(tenantId, false, 1),
        lost.settle(tenantId, []),
      ]);
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } });
      }
      await link.mend();
      const found = await eventually(
        () => lost.find(tenantId, anAgent().agentId).catch(() => undefined),
        (entry) => entry !== undefined,
      );
      expect(found?.agent).toEqual(anAgent({ tenantId }));
    });
  });
}
