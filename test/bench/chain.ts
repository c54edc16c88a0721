import { newDatabase } from './chimera.js';
import { startClient } from './client-process.js';
import type { Bench, Contender } from './contender.js';
import { measuring } from './processor-time.js';

/** How many append at once: two full batches. */
const callers = 512;
const caseName = `${callers} append at once to one tenant`;

function contender(name: string, workload: 'chainedAppends' | 'plainAppends', includes: string): Contender {
  return {
    name,
    includes,
    async start(launch) {
      const [postgres, client] = [await launch.postgres(), startClient(launch)];
      const url = await newDatabase(postgres.url, `${workload.toLowerCase()}_bench`);
      return {
        measure: (_, seconds) =>
          measuring({ postgres: postgres.pid }, () => client.run(workload, { url, callers, seconds })),
      };
    },
  };
}

const chained = contender(
  'Chained',
  'chainedAppends',
  'in process, the ledger: batches of 256 under the lock of the record, each event hashed onto the one before, committed to PostgreSQL with fsync.',
);
const plain = contender(
  'Plain',
  'plainAppends',
  'in process: batches of 256 of the same rows into a table with the same indexes, committed with fsync; no chain, no lock, no order.',
);

export function chainBench(): Bench {
  return {
    name: 'chain',
    title: 'Audit record: what the chain costs',
    contenders: [chained, plain],
    cases: [caseName],
    ratios: [{ caseName, figure: 'perSecond', above: chained.name, below: plain.name, floor: 0.5 }],
    limits: [],
    absent: [],
  };
}
