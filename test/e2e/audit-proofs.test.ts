import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonicalJson, digestOf, hashOf } from '../../src/models/digest.js';
import { newPrivateKey, privateKeyFrom, publicJwkOf, signatureOf } from '../../src/models/signing-key.js';
import { aDoubtfulResult } from '../factories.js';
import { createStore, createTenant, mustBe, type TestStore, type TestTenant } from '../support/chimera.js';
import { Client, itemsOf, textOf } from '../support/client.js';
import { startWebhookReceiver } from '../support/webhook-receiver.js';
import { cardOf, claimOne, decide, handIn, hold, register, until, untilStatus } from '../support/fleet.js';

const program = fileURLToPath(new URL('../../verify/audit-verify.ts', import.meta.url));

/** What the program said, and how it ended. */
interface Said {
  readonly code: number;
  readonly text: string;
}

function verify(...args: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    // Jest's own options are not for it.
    const env = { ...process.env, NODE_OPTIONS: '' };
    const child = execFile(process.execPath, [program, ...args], { env }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, text: `${stdout}${stderr}` });
    });
  });
}

type Line = Readonly<Record<string, unknown>>;

function parsed(text: string): Line[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Line);
}

function written(lines: readonly Line[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function without(line: Line, name: string): Line {
  return Object.fromEntries(Object.entries(line).filter(([member]) => member !== name));
}

/** The events with hashes that fit, and each with its place: what somebody with the whole database can do. */
function rehashed(events: readonly Line[]): Line[] {
  let previousHash = '0'.repeat(64);
  return events.map((event, index) => {
    const link = { ...without(event, 'hash'), sequence: index + 1, previousHash };
    previousHash = hashOf(canonicalJson(link));
    return { ...link, hash: previousHash };
  });
}

describe('what an outsider can check', () => {
  let store: TestStore;
  let tenant: TestTenant;
  let folder: string;
  let keys: string;
  let events: Line[];
  let checkpoints: Line[];
  let receipts: Record<'executed' | 'completed' | 'edited', Line>;
  let card: Line;

  const get = async (path: string) => mustBe(200, await tenant.auditor.get(`${tenant.path}${path}`));
  const fetched = async (path: string) => {
    const response = await fetch(`${tenant.auditor.url}${tenant.path}${path}`, {
      headers: { authorization: `Bearer ${tenant.auditor.key}` },
    });
    return response.text();
  };
  const file = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };
  /** Has the program look at these. */
  const look = async (
    record: { events?: readonly Line[]; checkpoints?: readonly Line[]; keys?: string },
    ...more: string[]
  ) =>
    verify(
      await file('export.ndjson', written(record.events ?? events)),
      await file('checkpoints.ndjson', written(record.checkpoints ?? checkpoints)),
      '--keys',
      record.keys ?? keys,
      ...more,
    );
  const finds = (...words: readonly string[]) => ({
    code: 1,
    text: expect.stringMatching(new RegExp(words.join('[^]*'))),
  });
  const holds = { code: 0, text: expect.stringContaining('✓ It holds') };
  const receiptOf = async (reviewId: string) => {
    const { body } = await get(`/reviews/${reviewId}/receipt`);
    return parsed(JSON.stringify(body))[0] ?? {};
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chimera-audit-'));
    const checkpointFile = join(folder, 'sink.ndjson');
    store = await createStore('postgres', { checkpointFile, checkpointEvents: 4, checkpointMs: 200 });
    const { url } = await store.start();
    tenant = await createTenant(url);
    /** Resolves with the number of checkpoints once the outside has one of all that happened. */
    const sealed = () =>
      until(async () => {
        events = parsed(await fetched('/audit/export'));
        checkpoints = parsed(await readFile(checkpointFile, 'utf8').catch(() => ''));
        return checkpoints.at(-1)?.['sequence'] === events.length && checkpoints.length;
      });
    await register(tenant, 'writer');
    const executed = await hold(tenant, 'writer');
    card = parsed(JSON.stringify(await cardOf(tenant, executed.reviewId)))[0] ?? {};
    mustBe(200, await decide(tenant, executed.reviewId));
    const work = await claimOne(tenant, 'writer');
    mustBe(
      200,
      await handIn(tenant, work, { status: 'SUCCEEDED', outputDigest: textOf(card['outputDigest']) }),
    );
    await untilStatus(tenant, executed.taskId, 'SUCCEEDED');
    await sealed();
    const completed = await hold(tenant, 'writer', { task: { onApproval: 'COMPLETE' } });
    mustBe(200, await decide(tenant, completed.reviewId));
    await sealed();
    const edited = await hold(tenant, 'writer', { task: { onApproval: 'COMPLETE' } });
    mustBe(
      200,
      await decide(tenant, edited.reviewId, { status: 'APPROVED', editedOutput: { reply: 'Mine.' } }),
    );
    receipts = {
      executed: await receiptOf(executed.reviewId),
      completed: await receiptOf(completed.reviewId),
      edited: await receiptOf(edited.reviewId),
    };
    expect(await sealed()).toBeGreaterThan(2);
    keys = await file('keys.json', JSON.stringify((await get('/audit/keys')).body));
  });
  afterAll(async () => {
    await store.drop();
    await rm(folder, { recursive: true });
  });

  it('is the record as it is, from its export, its checkpoints outside and the keys', async () => {
    expect(await look({})).toEqual(holds);
    const [jwk] = parsed(JSON.stringify((await get('/audit/keys')).body.keys?.['0']));
    expect(await look({ keys: textOf(jwk?.['x']) })).toEqual(holds);
  });

  it('is the same from what the API shows of the checkpoints', async () => {
    expect(await look({ checkpoints: parsed(await fetched('/audit/checkpoints/export')) })).toEqual(holds);
    const page = await get('/audit/checkpoints?limit=200');
    expect(itemsOf(page)).toEqual(checkpoints);
    expect(await look({ checkpoints: parsed(JSON.stringify(page.body)) })).toEqual(holds);
    const first = await get('/audit/checkpoints?limit=1');
    const rest = await get(`/audit/checkpoints?limit=200&cursor=${textOf(first.body.nextCursor)}`);
    expect([...itemsOf(first), ...itemsOf(rest)]).toEqual(checkpoints);
  });

  it('holds too when a sink got a checkpoint twice, half a line, or those of others', async () => {
    const path = await file(
      'sink-after-a-crash.ndjson',
      `${written([...checkpoints, ...checkpoints])}{"form\n`,
    );
    const other = written(checkpoints.map((one) => ({ ...one, tenantId: 't_other' })));
    await writeFile(path, other, { flag: 'a' });
    const said = await verify(await file('export.ndjson', written(events)), path, '--keys', keys);
    expect(said).toEqual(holds);
    expect(said.text).toContain('is no JSON object and was passed over');
  });

  it('says how much is newer than the last checkpoint', async () => {
    const { text, code } = await look({ checkpoints: checkpoints.slice(0, -1) });
    expect(code).toBe(0);
    expect(text).toContain(`–${events.length} are newer than the last checkpoint`);
  });

  describe('is', () => {
    const at = 6;
    const changed = () =>
      events.map((event, index) => (index === at ? { ...event, type: 'key.revoked' } : event));

    it('an edited row', async () => {
      expect(await look({ events: changed() })).toEqual(finds(`Event ${at + 1} was changed`));
    });

    it('an edited row whose own hash was made to fit', async () => {
      const forged = changed().map((event, index) => {
        const { hash, ...link } = event;
        return index === at ? { ...link, hash: hashOf(canonicalJson(link)) } : { ...link, hash };
      });
      expect(await look({ events: forged })).toEqual(
        finds(`Event ${at + 2} follows another event than the ${at + 1}`),
      );
    });

    it('a deleted row', async () => {
      expect(await look({ events: events.toSpliced(at, 1) })).toEqual(
        finds(`Event ${at + 1} is missing: event ${at + 2} comes after ${at}`),
      );
      expect(await look({ events: rehashed(events.toSpliced(at, 1)) })).toEqual(
        finds('is not the one that the checkpoint'),
      );
    });

    it('a swapped pair', async () => {
      const [one = {}, two = {}] = events.slice(at, at + 2);
      const swapped = events.toSpliced(at, 2, two, one);
      expect(await look({ events: swapped })).toEqual(finds(`Event ${at + 1} comes after event ${at + 2}`));
      const places = { sequence: at + 1, previousHash: one['previousHash'] };
      const renumbered = events.toSpliced(at, 2, { ...two, ...places }, { ...one, sequence: at + 2 });
      expect(await look({ events: renumbered })).toEqual(finds(`Event ${at + 1} was changed`));
    });

    it('an inserted row', async () => {
      const extra = { ...events[at], type: 'key.created' };
      expect(await look({ events: events.toSpliced(at, 0, extra) })).toEqual(
        finds(`Event ${at + 1} was changed`),
      );
      expect(await look({ events: rehashed(events.toSpliced(at, 0, extra)) })).toEqual(
        finds('is not the one that the checkpoint'),
      );
    });

    it('a cut tail', async () => {
      const { length } = events;
      expect(await look({ events: events.slice(0, -2) })).toEqual(
        finds(`The end is cut off: events ${length - 1}–${length} are missing`),
      );
      expect(await look({ events: [] })).toEqual(finds(`events 1–${length} are missing`));
    });

    it('a record that was rewritten whole', async () => {
      const rewritten = rehashed(changed());
      expect(await look({ events: rewritten })).toEqual(
        finds('Event \\d+ is not the one that the checkpoint of .* covers: the record was rewritten'),
      );
    });

    it('a forged checkpoint', async () => {
      const rewritten = rehashed(changed());
      const key = privateKeyFrom(newPrivateKey());
      let previousDigest = `sha256:${'0'.repeat(64)}`;
      const forged = checkpoints.map((checkpoint) => {
        const claim = without(checkpoint, 'signature');
        const hash = rewritten[Number(claim['sequence']) - 1]?.['hash'];
        const statement = { ...claim, hash, previousDigest, keyId: publicJwkOf(key).kid };
        const signed = { ...statement, signature: signatureOf(statement, key) };
        previousDigest = digestOf(signed);
        return signed;
      });
      expect(await look({ events: rewritten, checkpoints: forged })).toEqual(
        finds(
          'The checkpoint at event \\d+ names the key .* which is not among the trusted',
          'No checkpoint vouches',
        ),
      );
      const claimed = forged.map((one, index) => ({ ...one, keyId: checkpoints[index]?.['keyId'] }));
      expect(await look({ events: rewritten, checkpoints: claimed })).toEqual(
        finds('bears a signature that key .* has not made: it is forged'),
      );
    });

    it('a checkpoint that is missing, or that has a rival', async () => {
      expect(await look({ checkpoints: checkpoints.toSpliced(1, 1) })).toEqual(
        finds('a checkpoint between event'),
      );
      const seed = Buffer.from(store.config.auditSigningKey ?? '', 'base64').toString('base64');
      const claim = without(checkpoints.at(-1) ?? {}, 'signature');
      const rival = { ...claim, hash: 'b'.repeat(64) };
      const signed = { ...rival, signature: signatureOf(rival, privateKeyFrom(seed)) };
      expect(await look({ checkpoints: [...checkpoints, signed] })).toEqual(finds('the record was forked'));
    });

    it('an export that is of two tenants, or not of this world', async () => {
      const mixed = events.with(at, { ...events[at], tenantId: 't_other' });
      expect(await look({ events: mixed })).toEqual(finds('is of t_other, not of'));
      const path = await file('broken.ndjson', `${written(events)}nonsense\n`);
      const said = await verify(path, await file('checkpoints.ndjson', written(checkpoints)), '--keys', keys);
      expect(said).toEqual(finds(`Line ${events.length + 1} of the export is no JSON object`));
    });
  });

  describe('is the receipt of an approval,', () => {
    const receiptFile = (receipt: Line) => file('receipt.json', JSON.stringify(receipt));

    it('by itself, with the card that was shown and with the output', async () => {
      const path = await receiptFile(receipts.executed);
      const output = await file('output.json', JSON.stringify(card['proposedOutput']));
      const shown = await file('card.json', JSON.stringify(card));
      const now = await file('card-now.json', JSON.stringify(await cardOf(tenant, textOf(card['reviewId']))));
      expect(await verify('--keys', keys, '--receipt', path)).toEqual(holds);
      const with3 = ['--card', shown, '--card', now, '--output', output];
      expect(await verify('--keys', keys, '--receipt', path, ...with3)).toEqual(holds);
    });

    it('at its place on the record, whichever way the approval was released', async () => {
      for (const receipt of Object.values(receipts)) {
        expect(await look({}, '--receipt', await receiptFile(receipt))).toEqual(holds);
      }
      expect(receipts.edited).toMatchObject({ edited: true, outputDigest: digestOf({ reply: 'Mine.' }) });
      expect(receipts.executed).toMatchObject({
        format: 'chimera-receipt/1',
        policyVersion: 1,
        edited: false,
        outputDigest: card['outputDigest'],
      });
    });

    it('but none that was changed', async () => {
      for (const change of [
        { operatorId: 'me' },
        { outputDigest: digestOf('') },
        { sequence: 1 },
        { more: 1 },
      ]) {
        const path = await receiptFile({ ...receipts.executed, ...change });
        expect(await verify('--keys', keys, '--receipt', path)).toEqual(finds('it is forged'));
      }
      const path = await receiptFile({ ...receipts.executed, format: 'chimera-checkpoint/1' });
      expect(await verify('--keys', keys, '--receipt', path)).toEqual(finds('no format that is known'));
    });

    it('nor one of another card or output', async () => {
      const path = await receiptFile(receipts.executed);
      const other = await file('card.json', JSON.stringify({ ...card, proposedOutput: 'Another.' }));
      const stranger = await file('stranger.json', JSON.stringify({ ...card, reviewId: 'x' }));
      const output = await file('output.json', '"Another."');
      const say = (...args: string[]) => verify('--keys', keys, '--receipt', path, ...args);
      expect(await say('--card', other)).toEqual(finds('is of a card that showed something else'));
      expect(await say('--card', stranger)).toEqual(finds('There is no receipt of card x'));
      expect(await say('--output', output)).toEqual(finds('No receipt approves the output'));
    });

    it('nor one that the record knows nothing of, even with a good signature', async () => {
      const key = privateKeyFrom(store.config.auditSigningKey ?? '');
      const signed = (change: Line) => {
        const claim = without({ ...receipts.executed, ...change }, 'signature');
        return receiptFile({ ...claim, signature: signatureOf(claim, key) });
      };
      expect(await look({}, '--receipt', await signed({ operatorId: 'me' }))).toEqual(
        finds('differs from event \\d+ in operatorId'),
      );
      expect(await look({}, '--receipt', await signed({ sequence: 1 }))).toEqual(
        finds('differs from event 1 in type'),
      );
      expect(await look({}, '--receipt', await signed({ sequence: 99_999 }))).toEqual(
        finds('names event 99999, which the export has not'),
      );
    });

    it('and there is none of a card that is not approved', async () => {
      const { reviewId } = await hold(tenant, 'writer', { result: aDoubtfulResult() });
      const path = `${tenant.path}/reviews/${reviewId}/receipt`;
      expect((await tenant.operator.get(path)).body).toMatchObject({
        status: 404,
        code: 'RECEIPT_NOT_FOUND',
      });
      mustBe(200, await decide(tenant, reviewId, { status: 'REJECTED' }));
      expect((await tenant.operator.get(path)).body).toMatchObject({ code: 'RECEIPT_NOT_FOUND' });
    });
  });

  it('cannot be checked without files, keys or sense, which is told apart from a fault', async () => {
    const path = await file('export.ndjson', written(events));
    for (const [args, words] of [
      [[], 'Give an export and its checkpoints'],
      [[path], 'Give both'],
      [[path, path], 'public keys that you trust'],
      [[path, path, '--keys', 'x'], 'no Ed25519 public key'],
      [[path, path, '--keys', ''], 'names no key'],
      [[path, join(folder, 'none'), '--keys', keys], 'cannot be read'],
      [[join(folder, 'none'), path, '--keys', keys], 'is no file'],
      [['--keys', keys, '--receipt', path], 'holds no JSON object'],
      [['--fast'], 'fast'],
    ] as const) {
      expect(await verify(...args)).toEqual({ code: 2, text: expect.stringContaining(words) });
    }
    expect(await verify('--help')).toEqual({ code: 0, text: expect.stringContaining('Usage') });
  });

  it('goes on being written while a sink is away, and reaches it when it is back', async () => {
    const receiver = await startWebhookReceiver(500);
    const more = { checkpointWebhook: `http://127.0.0.1:${receiver.port}/`, checkpointWebhookPrivate: true };
    const server = await store.start(more);
    const metric = async (name: string) => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return Number(new RegExp(`^${name}\\{sink="webhook"\\} (\\d+)$`, 'm').exec(text)?.[1]);
    };
    await until(async () => (await metric('chimera_checkpoint_delivery_failures_total')) > 0);
    mustBe(201, await tenant.submitter.post(`${tenant.path}/sessions`, {}));
    expect(await metric('chimera_checkpoints_undelivered')).toBeGreaterThan(0);
    receiver.state.status = 204;
    await until(async () => (await metric('chimera_checkpoints_undelivered')) === 0, 20_000);
    const own = receiver.got().filter(({ tenantId }) => tenantId === tenant.tenantId);
    expect(own.slice(0, checkpoints.length)).toEqual(checkpoints);
    await server.stop();
    await receiver.close();
  });

  it('is signed with a key that is made and kept where none is given, and shows those from before', async () => {
    const dataDir = join(folder, 'data');
    const own = { auditSigningKey: undefined, dataDir };
    const idsOf = async (more: Parameters<TestStore['start']>[0]) => {
      const server = await store.start({ ...own, ...more });
      const { body } = mustBe(
        200,
        await new Client(server.url, tenant.auditor.key).get(`${tenant.path}/audit/keys`),
      );
      await server.stop();
      return Object.values(body.keys ?? {}).map(({ kid, x }) => ({ kid: textOf(kid), x: textOf(x) }));
    };
    const [made, ...others] = await idsOf({});
    expect(others).toEqual([]);
    expect(await idsOf({})).toEqual([made]);
    const { auditSigningKey } = store.config;
    const rotated = await idsOf({ auditSigningKey, auditVerifyKeys: [made?.x ?? ''] });
    expect(rotated.map(({ kid }) => kid)).toEqual([receipts.executed['keyId'], made?.kid]);
  });

  it('goes on under a new key, and is checked with both: with either alone it does not hold', async () => {
    const checkpointFile = join(folder, 'rotated.ndjson');
    // A server that is up would seal as well, with the old key.
    const alone = await createStore('postgres', { checkpointFile, checkpointEvents: 4, checkpointMs: 200 });
    const { auditSigningKey = '' } = alone.config;
    const next = Buffer.alloc(32, 'the next key').toString('base64');
    const xOf = (seed: string) => textOf(publicJwkOf(privateKeyFrom(seed)).x);
    const sealed = async (server: { readonly url: string }, signedBy: string) => {
      const { auditor, submitter } = rotating;
      mustBe(201, await new Client(server.url, submitter.key).post(`${rotating.path}/sessions`, {}));
      const { lastSequence } = mustBe(
        200,
        await new Client(server.url, auditor.key).get(`${rotating.path}/audit/verify`),
      ).body;
      return until(async () => {
        const lines = parsed(await readFile(checkpointFile, 'utf8').catch(() => ''));
        const own = lines.filter(({ tenantId }) => tenantId === rotating.tenantId);
        const last = own.at(-1);
        return last?.['sequence'] === lastSequence && last?.['keyId'] === kidOf(signedBy) && own;
      });
    };
    const kidOf = (seed: string) => publicJwkOf(privateKeyFrom(seed)).kid;
    const first = await alone.start({ checkpointFile });
    const rotating = await createTenant(first.url);
    await sealed(first, auditSigningKey);
    await first.stop();
    const second = await alone.start({
      ...{ checkpointFile, auditSigningKey: next, auditVerifyKeys: [xOf(auditSigningKey)] },
    });
    const own = await sealed(second, next);
    const response = await fetch(`${second.url}${rotating.path}/audit/export`, {
      headers: { authorization: `Bearer ${rotating.auditor.key}` },
    });
    const record = { events: parsed(await response.text()), checkpoints: own };
    const shown = mustBe(
      200,
      await new Client(second.url, rotating.auditor.key).get(`${rotating.path}/audit/keys`),
    );
    const both = await file('both.json', JSON.stringify(shown.body));
    expect(new Set(own.map(({ keyId }) => keyId))).toEqual(new Set([kidOf(auditSigningKey), kidOf(next)]));
    expect(await look({ ...record, keys: both })).toEqual(holds);
    for (const seed of [auditSigningKey, next])
      expect(await look({ ...record, keys: await file('one.txt', xOf(seed)) })).toMatchObject({ code: 1 });
    await alone.drop();
  });

  it('is for operators and auditors', async () => {
    const reviewId = textOf(card['reviewId']);
    for (const path of [
      '/audit/checkpoints',
      '/audit/checkpoints/export',
      '/audit/keys',
      `/reviews/${reviewId}/receipt`,
    ]) {
      for (const client of [tenant.submitter, tenant.agent])
        expect((await client.get(`${tenant.path}${path}`)).status).toBe(403);
      expect((await tenant.operator.get(`${tenant.path}${path}`)).status).toBe(200);
    }
  });
});
