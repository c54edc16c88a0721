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
    // Departures are told across tenants: no test leaves another one agents to fall silent.
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
    /** Departures as a process sees them whose patience is this, those of other tests left out. */
    const goneFor = async (patienceMs: number, limit: number): Promise<readonly Departure[]> => {
      const gone = await store.open({ ...hasty, offlineAfterMs: patienceMs }).departures(limit);
      return gone.filter((departure) => departure.tenantId === tenantId);
    };
    const becomes = async (agentId: string, liveness: Liveness, state: Departure['state']) => {
      const told = async () => {
        const gone = await store.open(liveness).departures(1_000);
        return gone.some(
          (departure) =>
            departure.tenantId === tenantId && departure.agentId === agentId && departure.state === state,
        );
      };
      await eventually(told, (is) => is);
    };
    const becomesSuspect = (agentId: string) => becomes(agentId, suspicious, 'SUSPECT');
    const becomesOffline = (agentId: string) => becomes(agentId, hasty, 'OFFLINE');

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
      expect(pulse).toMatchObject({
        agent: { agentId: 'a' },
        presence: { status: 'BUSY', metrics: { cpu: 0.5, queue: [1, 2] } },
        returned: false,
      });
      await expect(registry.find(tenantId, 'a')).resolves.toMatchObject({
        presence: { status: 'BUSY', metrics: { cpu: 0.5, queue: [1, 2] } },
      });
    });

    it('keeps the metrics when a heartbeat sends none', async () => {
      await enter('a');
      await registry.heartbeat(tenantId, 'a', 'ACTIVE', { cpu: 0.5 });
      const pulse = await registry.heartbeat(tenantId, 'a', 'IDLE', undefined);
      expect(pulse?.presence).toMatchObject({ status: 'IDLE', metrics: { cpu: 0.5 } });
    });

    it('moves the last sign of life forward', async () => {
      const entered = await enter('a');
      const later = await eventually(
        async () => (await registry.heartbeat(tenantId, 'a', 'IDLE', undefined))?.presence.lastSeen,
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
      expect(pulses.map((pulse) => pulse?.presence.metrics)).toEqual(
        ids.flatMap((id) => [{ said: id }, undefined]),
      );
    });

    it('replaces the facts and keeps the presence of an agent that is entered again', async () => {
      await enter('a');
      const pulse = await registry.heartbeat(tenantId, 'a', 'BUSY', { cpu: 1 });
      const again = await registry.put(anAgent({ tenantId, agentId: 'a', paused: true, version: 2 }), false);
      expect(again).toEqual({
        agent: anAgent({ tenantId, agentId: 'a', paused: true, version: 2 }),
        presence: pulse?.presence,
      });
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
      expect(await goneFor(10, 1_000)).toEqual([]);
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
    });

    it('tells of an agent that it is suspect, later that it is offline, and each once', async () => {
      await enter('a');
      await becomesSuspect('a');
      expect(await store.open(suspicious).departures(1_000)).toEqual([]);
      const gone = await eventually(
        () => goneFor(10, 1_000),
        (departures) => departures.length > 0,
      );
      expect(gone).toEqual([{ tenantId, agentId: 'a', state: 'OFFLINE' }]);
      expect(await goneFor(10, 1_000)).toEqual([]);
    });

    it('tells at once that an agent is offline that nobody looked at while it was suspect', async () => {
      await enter('a');
      await eventually(
        async () => (await store.open(hasty).find(tenantId, 'a'))?.presence.status,
        (status) => status === 'OFFLINE',
      );
      expect(await goneFor(10, 1_000)).toEqual([{ tenantId, agentId: 'a', state: 'OFFLINE' }]);
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

    it('tells of each departure in one process only, however many ask', async () => {
      const ids = Array.from({ length: 200 }, (_, index) => `agent-${index}`);
      await Promise.all(ids.map((id) => enter(id)));
      const processes = [store.open(suspicious), store.open(suspicious), store.open(suspicious)];
      const told: Departure[] = [];
      await eventually(
        async () => {
          const rounds = await Promise.all(processes.map((one) => one.departures(30)));
          told.push(...rounds.flat().filter((departure) => departure.tenantId === tenantId));
          return told.length;
        },
        (count) => count >= ids.length,
      );
      expect(told.map(({ agentId }) => agentId).toSorted()).toEqual(ids.toSorted());
      expect(new Set(told.map(({ state }) => state))).toEqual(new Set(['SUSPECT']));
    });

    it('tells of no more departures than were asked for', async () => {
      await Promise.all(['s1', 's2', 's3'].map((id) => enter(id)));
      for (const id of ['s1', 's2', 's3']) {
        await eventually(
          async () => (await store.open(hasty).find(tenantId, id))?.presence.status,
          (status) => status === 'OFFLINE',
        );
      }
      expect(await store.open(suspicious).departures(3)).toHaveLength(3);
      await Promise.all(['p1', 'p2', 'p3'].map((id) => enter(id)));
      await eventually(
        async () => (await store.open(hasty).counts(tenantId)).OFFLINE,
        (offline) => offline === 6,
      );
      const told: Departure[] = [];
      for (let round = 0; round < 3; round += 1) {
        const gone = await store.open(hasty).departures(2);
        expect(gone).toHaveLength(2);
        told.push(...gone);
      }
      expect(told.map(({ agentId }) => agentId).toSorted()).toEqual(['p1', 'p2', 'p3', 's1', 's2', 's3']);
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
        lost.departures(1),
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
