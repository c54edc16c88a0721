import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Policy } from '../../src/models/policy.js';
import { CaseError, caseFields, readCases, type CaseFormat } from './labelled-case.js';
import { judgeInto, policyOf, readPolicy } from './measured-gate.js';
import { Scoreboard } from './score.js';
import { scoreTable } from './score-table.js';

const usage = `Usage: npm run gate:eval -- FILE.jsonl… [options]

Judges labelled outputs, one JSON object a line, and says how well: precision, recall and F1 of each detector, of each
family and in all, the share of harmless outputs that are held, and what was missed and what fired without need.

A line is {"text" or "output", "labels": ["PII/IBAN", "SECRET", …], "spans"?: [{start, end, label, pointer?}], "family"?}.
No labels mean harmless. A file NAME.policy.json beside NAME.jsonl is the policy for that file.

  --policy FILE          the policy, as PUT …/policy takes it (default: the file's own, else the default policy)
  --json FILE            writes the figures, the misses and the false alarms there, too
  --all                  lists every miss and every false alarm (otherwise 40 of each, but all of topics' false alarms)
  --field OURS=THEIRS    the name that a field has in the file, for example text=message
  --map THEIRS=OURS      the label or detector that one of the file's labels means; - leaves it out
  --ignore-unknown       leaves out every label that no detector has
  --unlabelled-harmless  takes a line without labels for a harmless one
  --help                 this text`;

const faultsListed = 40;

const known = {
  policy: { type: 'string' },
  json: { type: 'string' },
  all: { type: 'boolean' },
  field: { type: 'string', multiple: true },
  map: { type: 'string', multiple: true },
  'ignore-unknown': { type: 'boolean' },
  'unlabelled-harmless': { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

async function main(): Promise<number> {
  const { values, positionals } = optionsOf(process.argv.slice(2));
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  if (positionals.length === 0) throw new CaseError('Name a file of labelled cases. See --help.');
  const fields = pairs('--field', values.field);
  const stranger = Object.keys(fields).find((name) => !(caseFields as readonly string[]).includes(name));
  if (stranger !== undefined)
    throw new CaseError(`--field ${stranger}: only ${caseFields.join(', ')} can be named.`);
  const format: CaseFormat = {
    fields,
    labels: pairs('--map', values.map),
    ignoreUnknownLabels: values['ignore-unknown'] ?? false,
    unlabelledIsHarmless: values['unlabelled-harmless'] ?? false,
  };
  const board = new Scoreboard();
  const begun = performance.now();
  for (const file of positionals) {
    const cases = readCases(file, await contentOf(file), format);
    await judgeInto(board, cases, await policyFor(file, values.policy));
  }
  const scores = board.scores();
  const seconds = (performance.now() - begun) / 1000;
  console.log(scoreTable(scores, values.all === true ? Infinity : faultsListed));
  console.log(`\nJudged in ${seconds.toFixed(1)} s.`);
  if (values.json !== undefined) {
    const report = { files: positionals, policy: values.policy ?? null, seconds, ...scores };
    await writeFile(pathOf(values.json), `${JSON.stringify(report, null, 2)}\n`);
  }
  return 0;
}

function optionsOf(
  args: string[],
): ReturnType<typeof parseArgs<{ options: typeof known; allowPositionals: true }>> {
  try {
    return parseArgs({ args, options: known, allowPositionals: true });
  } catch (error) {
    throw new CaseError(`${error instanceof Error ? error.message : String(error)} See --help.`);
  }
}

async function policyFor(file: string, given: string | undefined): Promise<Policy> {
  const own = file.replace(/\.jsonl$/, '.policy.json');
  if (given !== undefined) return readPolicy(given, await contentOf(given));
  return own !== file && existsSync(pathOf(own)) ? readPolicy(own, await contentOf(own)) : policyOf();
}

/** npm runs scripts in the checkout's folder; a path is meant from where npm was called. */
function pathOf(file: string): string {
  return resolve(process.env['INIT_CWD'] ?? process.cwd(), file);
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(pathOf(file), 'utf8');
  } catch (error) {
    throw new CaseError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function pairs(option: string, given: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    given.map((pair) => {
      const at = pair.lastIndexOf('=');
      if (at < 1 || at === pair.length - 1) throw new CaseError(`${option} ${pair}: write it as ONE=OTHER.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof CaseError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
