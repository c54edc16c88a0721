import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { checkChain } from './chain.ts';
import { checkCheckpoints, readCheckpoints, type Vouched } from './checkpoints.ts';
import { Findings } from './findings.ts';
import { countIn, type Members, parseObject, textIn } from './json.ts';
import { TrustedKeys } from './keys.ts';
import { Receipts } from './receipts.ts';

const usage = `Usage: npm run audit:verify -- [EXPORT.ndjson CHECKPOINTS.ndjson] --keys KEYS [options]

Checks a tenant's audit record as GET …/audit/export gave it against the signed checkpoints as a sink kept them, and
receipts of approvals. It asks no server and believes none: what it trusts are the keys.

  --keys KEYS     public keys: a file (JWK Set, PEM or base64) or a key in base64; may be repeated
  --receipt FILE  a receipt, as GET …/reviews/{reviewId}/receipt gave it; may be repeated
  --card FILE     a card, as GET …/reviews/{reviewId} gave it: is it the one that was approved? may be repeated
  --output FILE   an output, as JSON: is it one that was approved? may be repeated
  --help          this text

Exit code: 0 all of it holds, 1 something does not, 2 it could not be checked.`;

/** Why nothing could be checked. */
class CannotCheck extends Error {}

interface Orders {
  readonly record: { readonly exported: string; readonly checkpoints: string } | undefined;
  readonly keys: readonly string[];
  readonly receipts: readonly string[];
  readonly cards: readonly string[];
  readonly outputs: readonly string[];
}

const many = { type: 'string', multiple: true } as const;

function ordersOf(args: readonly string[]): Orders | undefined {
  const { values, positionals } = readArguments(args);
  if (values.help === true) return undefined;
  const { keys = [], receipt: receipts = [], card: cards = [], output: outputs = [] } = values;
  const [exported, checkpoints] = positionals;
  const record = exported !== undefined && checkpoints !== undefined ? { exported, checkpoints } : undefined;
  if (positionals.length !== (record ? 2 : 0))
    throw new CannotCheck('Give both the export and the checkpoints, or neither.');
  if (!record && receipts.length === 0)
    throw new CannotCheck('Give an export and its checkpoints, or a receipt.');
  if (keys.length === 0) throw new CannotCheck('Give the public keys that you trust, with --keys.');
  return { record, keys, receipts, cards, outputs };
}

function readArguments(args: readonly string[]) {
  const options = { keys: many, receipt: many, card: many, output: many, help: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new CannotCheck(error instanceof Error ? error.message : String(error));
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CannotCheck(
      `${path} cannot be read (${error instanceof Error ? error.message : String(error)}).`,
    );
  }
}

async function objectIn(path: string): Promise<Members> {
  const value = parseObject(await textOf(path));
  if (!value) throw new CannotCheck(`${path} holds no JSON object.`);
  return value;
}

async function keysFrom(sources: readonly string[]): Promise<TrustedKeys> {
  const keys = new TrustedKeys();
  for (const source of sources) {
    const isFile = (await stat(source).catch(() => undefined))?.isFile() === true;
    try {
      keys.add(isFile ? await textOf(source) : source);
    } catch (error) {
      if (error instanceof CannotCheck) throw error;
      throw new CannotCheck(
        `--keys ${source} ${error instanceof TypeError ? error.message : 'cannot be read'}.`,
      );
    }
  }
  if (keys.size === 0) throw new CannotCheck('--keys names no key.');
  return keys;
}

/** The tenant that an export is of; of an empty one, the one that the checkpoints are of. */
async function tenantOf(exported: string, checkpoints: readonly Members[]): Promise<string> {
  for await (const line of linesOf(exported)) {
    const tenantId = textIn(parseObject(line) ?? {}, 'tenantId');
    if (tenantId !== '') return tenantId;
  }
  return textIn(checkpoints[0] ?? {}, 'tenantId');
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity });
}

async function checkRecord(
  { exported, checkpoints: path }: NonNullable<Orders['record']>,
  keys: TrustedKeys,
  receipts: Receipts,
  findings: Findings,
): Promise<string> {
  const all = readCheckpoints(await textOf(path), findings);
  if ((await stat(exported).catch(() => undefined))?.isFile() !== true)
    throw new CannotCheck(`${exported} is no file that can be read.`);
  const tenantId = await tenantOf(exported, all);
  const vouched = checkCheckpoints(all, tenantId, keys, findings);
  const due = new Map(vouched.map((one) => [one.sequence, one]));
  const end = await checkChain(linesOf(exported), findings, (event) => {
    holdAgainst(due.get(countIn(event, 'sequence')), event, findings);
    receipts.visit(event);
  });
  receipts.finish();
  const last = vouched.at(-1);
  if (!last) findings.fault(`No checkpoint vouches for the record of ${tenantId || 'nobody'}.`);
  else if (last.sequence > end.sequence) {
    const missing = `${end.sequence + 1}–${last.sequence}`;
    findings.fault(
      `The end is cut off: events ${missing} are missing, which the checkpoint of ${last.at} covers.`,
    );
  } else if (last.sequence < end.sequence) {
    findings.note(
      `Events ${last.sequence + 1}–${end.sequence} are newer than the last checkpoint: nothing outside vouches for them yet.`,
    );
  }
  return `${end.sequence} events of ${tenantId} against ${vouched.length} checkpoints`;
}

function holdAgainst(checkpoint: Vouched | undefined, event: Members, findings: Findings): void {
  if (!checkpoint || checkpoint.hash === textIn(event, 'hash')) return;
  const { sequence, at } = checkpoint;
  findings.fault(
    `Event ${sequence} is not the one that the checkpoint of ${at} covers: the record was rewritten up to there.`,
  );
}

async function check(orders: Orders): Promise<number> {
  const findings = new Findings();
  const keys = await keysFrom(orders.keys);
  const receipts = new Receipts(keys, findings);
  for (const path of orders.receipts) receipts.add(await objectIn(path));
  for (const path of orders.cards) receipts.checkCard(await objectIn(path));
  for (const path of orders.outputs) receipts.checkOutput(parseOutput(path, await textOf(path)));
  const checked = orders.record ? [await checkRecord(orders.record, keys, receipts, findings)] : [];
  if (orders.receipts.length > 0) checked.push(`${orders.receipts.length} receipts`);
  for (const line of findings.lines) console.log(line);
  const holds = findings.faults.length === 0;
  console.log(`${holds ? '✓ It holds' : '✗ It does not hold'}: ${checked.join(', and ')}.`);
  return holds ? 0 : 1;
}

function parseOutput(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CannotCheck(`${path} holds no JSON.`);
  }
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const orders = ordersOf(args);
    if (orders) return await check(orders);
    console.log(usage);
    return 0;
  } catch (error) {
    if (!(error instanceof CannotCheck)) throw error;
    console.error(`${error.message}\nSee npm run audit:verify -- --help.`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
