import type { JsonValue } from '../../models/json.js';

/** A request body to try, by name. */
type Examples = Readonly<Record<string, { readonly summary: string; readonly value: JsonValue }>>;

const reply = { reply: 'Your order left our warehouse today.' };
const lease = { agentId: 'writer-1', leaseToken: '4b1f3f0e-6f0a-4c5e-9d8a-2b7c1d0e9f31' };

export const decideExamples: Examples = {
  approve: {
    summary: 'Approve what was proposed',
    value: { status: 'APPROVED', comment: 'Checked against the order.' },
  },
  reject: { summary: 'Reject it', value: { status: 'REJECTED', comment: 'The tone is wrong.' } },
  edit: {
    summary: 'Approve your own words in its place',
    value: { status: 'APPROVED', comment: 'Shortened.', editedOutput: reply },
  },
  editConfirmed: {
    summary: 'The same, although the gate finds something in them',
    value: {
      status: 'APPROVED',
      editedOutput: { reply: 'Write to help@acme.example.' },
      confirmReasons: true,
    },
  },
};

export const revealExamples: Examples = {
  usual: { summary: 'Say why', value: { reason: 'The customer asks what the reply would have said.' } },
};

export const assignExamples: Examples = {
  usual: { summary: 'For 15 minutes', value: {} },
  long: { summary: 'For an hour', value: { ttlMs: 3_600_000 } },
};

export const submitExamples: Examples = {
  plain: {
    summary: 'A task',
    value: { kind: 'support.reply', input: { text: 'Where is my order?' } },
  },
  full: {
    summary: 'A task with everything said',
    value: {
      kind: 'support.reply',
      input: { text: 'Where is my order?' },
      priority: 80,
      maxAttempts: 5,
      timeoutMs: 60_000,
      delayMs: 0,
      onApproval: 'COMPLETE',
    },
  },
};

export const batchExamples: Examples = {
  two: {
    summary: 'Two tasks',
    value: {
      tasks: [
        { kind: 'support.reply', input: { text: 'Where is my order?' } },
        { kind: 'support.reply', input: { text: 'I want my money back.' }, priority: 90 },
      ],
    },
  },
};

export const resultExamples: Examples = {
  proposal: {
    summary: 'A proposal',
    value: { ...lease, status: 'SUCCEEDED', output: reply, confidence: 0.93 },
  },
  doubtful: {
    summary: 'A proposal that will be held',
    value: { ...lease, status: 'SUCCEEDED', output: reply, confidence: 0.4 },
  },
  execution: {
    summary: 'An approval, carried out',
    value: { ...lease, status: 'SUCCEEDED', outputDigest: `sha256:${'ab'.repeat(32)}` },
  },
  failure: {
    summary: 'A failure',
    value: {
      ...lease,
      status: 'FAILED',
      error: { code: 'UPSTREAM_TIMEOUT', message: 'The shop did not answer.', retryable: true },
    },
  },
};

export const leaseExamples: Examples = {
  minute: { summary: 'A minute from now', value: { ...lease, extendMs: 60_000 } },
};

export const releaseExamples: Examples = {
  release: { summary: 'Give it back', value: lease },
};

export const tenantExamples: Examples = {
  acme: { summary: 'A tenant', value: { tenantId: 't_acme', name: 'Acme Ltd' } },
};

export const sessionExamples: Examples = {
  import: { summary: 'A session', value: { requestedBy: 'nightly import' } },
};

export const keyExamples: Examples = {
  operator: { summary: 'For a person who reviews', value: { name: 'night shift', role: 'OPERATOR' } },
  agents: { summary: 'For a fleet', value: { name: 'fleet', role: 'AGENT' } },
  submitter: { summary: 'For whoever sends work', value: { name: 'help desk', role: 'SUBMITTER' } },
};

export const rotateExamples: Examples = {
  week: { summary: 'With a week to change over', value: { overlapMs: 604_800_000 } },
  leaked: { summary: 'The old one ends at once', value: { overlapMs: 0 } },
};

export const registerExamples: Examples = {
  worker: {
    summary: 'A worker',
    value: { name: 'Writer one', version: '1.4.2', capabilities: ['support.reply'], maxConcurrentTasks: 2 },
  },
};

export const heartbeatExamples: Examples = {
  idle: { summary: 'Nothing to do', value: { status: 'IDLE' } },
  busy: {
    summary: 'At work on one task',
    value: {
      status: 'BUSY',
      metrics: { queueLength: 2 },
      taskIds: ['01970f5e-8a4e-7c3a-9d2b-2f1c6a7b8c9d'],
    },
  },
};

export const claimExamples: Examples = {
  wait: { summary: 'One task, waiting for it', value: { maxTasks: 1, waitMs: 10_000 } },
  now: { summary: 'Up to ten, without waiting', value: { maxTasks: 10 } },
};

export const policyExamples: Examples = {
  stricter: {
    summary: 'A stricter policy',
    value: {
      confidence: { holdBelow: 0.8 },
      keywords: [{ term: 'refund', match: 'WORD', action: 'HITL' }],
      detectors: {
        PII: { action: 'HITL', allow: ['support@acme.example'], types: { IP_ADDRESS: { action: 'OFF' } } },
      },
      kinds: { 'legal.letter': { confidence: { holdBelow: 0.95 } } },
    },
  },
  default: { summary: 'The default again', value: {} },
};

export const evaluateExamples: Examples = {
  held: {
    summary: 'Something that is held',
    value: { output: { reply: 'Your new password is Tr0ub4dor.' }, confidence: 0.95 },
  },
  released: { summary: 'Something that is released', value: { output: reply, confidence: 0.95 } },
};

const loosened = { confidence: { holdBelow: 0.6 } };

export const draftPolicyExamples: Examples = {
  looser: { summary: 'A looser policy', value: { policy: loosened, note: 'Fewer cards.' } },
};

export const backtestPolicyExamples: Examples = {
  lastMonth: { summary: 'Over the last 30 days', value: { policy: loosened } },
  stretch: {
    summary: 'Over a stretch of time',
    value: { policy: loosened, from: '2026-11-01T00:00:00Z', to: '2026-11-22T00:00:00Z' },
  },
};

export const backtestDraftExamples: Examples = {
  lastMonth: { summary: 'Over the last 30 days', value: {} },
};

export const proposePolicyExamples: Examples = {
  tighter: { summary: 'A policy that is not looser', value: {} },
  looser: {
    summary: 'A looser policy, with its backtest',
    value: { backtestId: '019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071' },
  },
};
