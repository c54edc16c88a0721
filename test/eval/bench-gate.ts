import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { safetyDetectors } from '../../src/lib/safety/safety-detectors.js';
import { defaultPolicy, type KeywordRule } from '../../src/models/policy.js';
import { Judge } from '../../src/services/judge.js';
import { Chance } from '../corpus/chance.js';
import { everydayText } from './everyday-text.js';
import { holdLine, measureHolds } from './event-loop-holds.js';
import { policyOf } from './measured-gate.js';
import { oneAlternation, oneExpressionEach } from './plain-search.js';
import { ratioOf, summary, type Ratio, type Summary } from './samples.js';

const usage = `Usage: npm run bench:gate -- [options]

Measures how long the gate takes for an output of 1 KiB and of 256 KiB under the default policy and 5,000 more keywords,
beside plain searches with the same rules: one JavaScript expression for each, and one alternation. The plain searches
do less: they normalise nothing, check no digits and weigh no topics. All run in turn, round by round, on one core.
Then, for how long the gate keeps the event loop from other work: outputs of all sizes at once, with threads for the
large ones as in the server; hostile ones; and what a policy costs that is sent, compiled and replayed.

  --rounds N    how many rounds (default 7)
  --seconds N   how long each takes its turn (default 1)
  --help        this text`;

const keywordCount = 5_000;
const texts = 64;

/** One of those that are measured side by side. */
interface Contender {
  readonly name: string;
  readonly search: (text: string) => Promise<unknown>;
}

interface Measured {
  readonly milliseconds: Summary;
  /** How many times as long as the gate it takes. */
  readonly toGate: Ratio;
}

function madeKeywords(chance: Chance): KeywordRule[] {
  const word = (): string =>
    Array.from({ length: chance.whole(2, 4) }, () =>
      chance.one(['ka', 'lo', 'mur', 'ten', 'zil', 'bra', 'quo', 'dex', 'fin', 'ru']),
    ).join('');
  const terms = new Set<string>();
  while (terms.size < keywordCount) terms.add(chance.one([word(), `${word()} ${word()}`, `${word()}ć`]));
  return [...terms].map((term) => ({ term, match: term.includes(' ') ? 'PHRASE' : 'WORD', action: 'HITL' }));
}

async function turnOf(
  search: Contender['search'],
  inputs: readonly string[],
  milliseconds: number,
): Promise<number[]> {
  const samples: number[] = [];
  const over = performance.now() + milliseconds;
  for (let nth = 0; nth === 0 || performance.now() < over; nth += 1) {
    const text = inputs[nth % inputs.length] ?? '';
    const begun = performance.now();
    await search(text);
    samples.push(performance.now() - begun);
  }
  return samples;
}

async function measureSize(
  contenders: readonly Contender[],
  length: number,
  rounds: number,
  milliseconds: number,
): Promise<Record<string, Measured>> {
  const chance = new Chance(length);
  const inputs = Array.from({ length: texts }, () => everydayText(chance, length));
  const samples = contenders.map((): number[] => []);
  const medians = contenders.map((): number[] => []);
  for (const { search } of contenders)
    await turnOf(
      search,
      inputs.map((text) => text.slice(0, 1024)),
      milliseconds / 2,
    );
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { search }] of contenders.entries()) {
      const turn = await turnOf(search, inputs, milliseconds);
      samples[index]?.push(...turn);
      medians[index]?.push(summary(turn).p50);
    }
  }
  return Object.fromEntries(
    contenders.map(({ name }, index) => [
      name,
      {
        milliseconds: summary(samples[index] ?? []),
        toGate: ratioOf(medians[index] ?? [], medians[0] ?? []),
      },
    ]),
  );
}

function wholeNumber(option: string, value: string | undefined, otherwise: number): number {
  const number = value === undefined ? otherwise : Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new RangeError(`--${option} must be a whole number of 1 or more.`);
  return number;
}

function lineOf(name: string, { milliseconds: { p50, p99, count }, toGate }: Measured): string {
  const ratio = `${toGate.median.toFixed(2)} x the gate (${toGate.least.toFixed(2)} to ${toGate.most.toFixed(2)})`;
  return `  ${name.padEnd(24)} p50 ${p50.toFixed(3).padStart(9)} ms   p99 ${p99.toFixed(3).padStart(9)} ms   ${ratio}, ${count} samples`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string' }, seconds: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) return console.log(usage);
  const rounds = wholeNumber('rounds', values.rounds, 7);
  const milliseconds = 1000 * wholeNumber('seconds', values.seconds, 1);
  const keywords = [...defaultPolicy.keywords, ...madeKeywords(new Chance(5))];
  const policy = policyOf({ ...defaultPolicy, keywords });
  const judge = new Judge(safetyDetectors());
  const each = oneExpressionEach(keywords);
  const alternation = oneAlternation(keywords);
  const gate: Contender = {
    name: 'gate',
    search: (output) => judge.decide({ output, confidence: 1, kind: 'bench', policy }),
  };
  const contenders: readonly Contender[] = [
    gate,
    { name: 'one expression each', search: (text) => Promise.resolve(each(text)) },
    { name: 'one alternation', search: (text) => Promise.resolve(alternation(text)) },
  ];
  const sizes: Record<string, Record<string, Measured>> = {};
  for (const [title, length] of [
    ['1 KiB', 1024],
    ['256 KiB', 256 * 1024],
  ] as const) {
    const measured = await measureSize(contenders, length, rounds, milliseconds);
    sizes[title] = measured;
    console.log(`${title}, ${keywords.length} keywords, ${rounds} rounds`);
    for (const [name, result] of Object.entries(measured)) console.log(lineOf(name, result));
  }
  const holds = await measureHolds(policy, milliseconds * rounds);
  console.log(`How long the event loop is held (longest, of processor time, of ${rounds} s each)`);
  for (const [title, hold] of Object.entries(holds)) console.log(holdLine(title, hold));
  const folder = new URL('../../bench-report/', import.meta.url);
  await mkdir(folder, { recursive: true });
  const report = {
    node: process.version,
    rounds,
    milliseconds,
    keywords: keywords.length,
    sizes,
    holds,
  };
  const file = fileURLToPath(new URL('gate.json', folder));
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`Written to ${file}`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
