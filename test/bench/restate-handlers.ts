import { type Context, createEndpointHandler, service } from '@restatedev/restate-sdk';
import { createHash } from 'node:crypto';
import { createServer as createJournalServer } from 'node:http';
import { createServer } from 'node:http2';
import { output } from './workloads/chimera-target.js';
import { monotonicMs } from './workloads/open-loop.js';

/*
 * The flows that Restate runs for the bench, in a process of their own. A second port tells which awakeables are waited for and
 * when the handlers went on.
 */

interface Review {
  readonly key: string;
}

interface Approval {
  readonly output: unknown;
}

const { PORT, JOURNAL_PORT } = process.env;
if (PORT === undefined || JOURNAL_PORT === undefined) throw new Error('PORT and JOURNAL_PORT must be set.');

const waiting = new Map<string, string>();
const arrived = new Map<string, number>();

/** Two durable steps: an agent's proposal, and the record of what is decided about it. */
const flow = service({
  name: 'Flow',
  handlers: {
    run: async (context: Context) => {
      const proposal = await context.run('propose', () => ({ output, confidence: 0.95 }));
      return context.run('judge', () => ({
        ...proposal,
        outcome: proposal.confidence >= 0.7 ? 'APPROVE' : 'HITL',
        outputDigest: createHash('sha256').update(JSON.stringify(proposal.output)).digest('hex'),
      }));
    },
  },
});

/** Waits for an approval, and goes on with what was approved. */
const approval = service({
  name: 'Approval',
  handlers: {
    execute: async (context: Context, { key }: Review) => {
      const { id, promise } = context.awakeable<Approval>();
      waiting.set(key, id);
      const approved = await promise;
      // A repetition of the handler is not the first to hold it.
      if (!arrived.has(key)) arrived.set(key, monotonicMs());
      return approved.output;
    },
  },
});

createJournalServer(({ url }, response) => {
  if (url === '/reset') {
    waiting.clear();
    arrived.clear();
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify([...(url === '/arrived' ? arrived : waiting)]));
}).listen(Number(JOURNAL_PORT), '127.0.0.1');

process.on('SIGTERM', () => process.exit(0));
createServer(createEndpointHandler({ services: [flow, approval] })).listen(Number(PORT), '127.0.0.1', () => {
  process.stdout.write('The handlers serve.\n');
});
