import { type BacktestReport, backtestStates } from '../../models/backtest.js';
import { decisionOutcomes, reasonCodes } from '../../models/decision.js';
import type { Explanation } from '../../models/explanation.js';
import { changeEffects, type PolicyChange } from '../../models/policy-changes.js';
import type { ReplayExample } from '../../models/replay.js';
import { stagedStates } from '../../models/staged-policy.js';
import type { Evaluation, PolicyDiff } from '../../services/policies.js';
import type { ShadowReport } from '../../services/shadow-policies.js';
import type { BacktestWire, StagedPolicyWire } from '../policy-views.js';
import {
  arrayOf,
  boolean,
  integer,
  type Members,
  nullable,
  objectOf,
  oneOf,
  pageOf,
  ref,
  type Schema,
  text,
  time,
  uuid,
} from './schema.js';

const count = (description: string, example = 0) => integer(description, example, { minimum: 0 });
const version = (description: string) => integer(description, 3, { minimum: 1 });
const kind = text('The kind of task.', 'support.reply');
const examples = (description: string) => arrayOf(ref('ReplayExample'), description);

const stagedPolicy: Members<StagedPolicyWire> = {
  draftId: uuid('The draft.'),
  state: oneOf(stagedStates, 'Written down; judging beside the policy in force; in force; dropped.'),
  note: nullable(text('What it is for.', 'Fewer cards about telephone numbers.')),
  policy: ref('PolicyDraft'),
  createdAt: time('When it was written.'),
  createdBy: text('Who wrote it.'),
  shadowedAt: nullable(time('Since when it has judged what comes.')),
  looser: nullable(boolean('Whether it was looser than the policy in force when it was proposed.')),
  proposedAt: nullable(time('When it was proposed.')),
  proposedBy: nullable(text('Who proposed it.')),
  proposedOver: nullable(version('The version that it was proposed to follow.')),
  backtestId: nullable(uuid('The backtest that it was proposed with.')),
  replayed: nullable(
    count('How many decisions that backtest has replayed. 0: there were none, and it shows nothing.', 1000),
  ),
  approvedAt: nullable(time('When it was approved.')),
  approvedBy: nullable(text('Who approved it: never who proposed it. Null when nobody had to.')),
  policyVersion: nullable(version('The version that it became.')),
  closedAt: nullable(time('When it came into force or was dropped.')),
};

const changed = {
  newlyHeld: count('Passed by the version that it is compared with, and held by this policy.', 2),
  newlyReleased: count('Held by the version that it is compared with, and passed by this policy.', 40),
};

const report = objectOf<BacktestReport>('What the policy would have changed.', {
  decisions: count('How many results were replayed.', 1000),
  same: count('Those with the same outcome.', 958),
  otherwise: count('Those held by both, but in another way, as by a denial.'),
  ...changed,
  releasedThoughRejected: count('Of the newly released, those that a person had rejected.', 1),
  heldThoughApproved: count('Of the newly held, those that a person had approved.'),
  cards: objectOf<BacktestReport['cards']>('How many cards the results would have made.', {
    before: count('Under the version that it is compared with.', 90),
    after: count('Under this policy.', 52),
  }),
  days: arrayOf(
    objectOf<BacktestReport['days'][number]>('Cards of a day.', {
      day: text('In UTC.', '2026-11-22'),
      before: count('Under the version that it is compared with.', 90),
      after: count('Under this policy.', 52),
    }),
    'Cards by day, the oldest first.',
  ),
  kinds: arrayOf(
    objectOf<BacktestReport['kinds'][number]>('Of one kind of task.', {
      kind,
      decisions: count('How many results were replayed.', 1000),
      ...changed,
    }),
    'By kind of task, those that change most first; at most 100.',
  ),
  reasons: arrayOf(
    objectOf<BacktestReport['reasons'][number]>('With one reason.', {
      code: oneOf(reasonCodes, 'What holds it, or held it before.'),
      ...changed,
    }),
    'By reason. A result counts once for each of its reasons.',
  ),
  examples: objectOf<BacktestReport['examples']>('Some of each sort, by their ids.', {
    releasedThoughRejected: examples('Newly released, although a person had rejected them.'),
    newlyReleased: examples('Newly released otherwise.'),
    newlyHeld: examples('Newly held.'),
  }),
});

const backtest: Members<BacktestWire> = {
  backtestId: uuid('The backtest.'),
  draftId: nullable(uuid('The draft that is replayed, if it is one.')),
  baseVersion: version('The version that it is compared with: the one in force when it was asked for.'),
  from: time('Results from this time on …'),
  to: time('… and before this one.'),
  state: oneOf(backtestStates, 'Where it stands.'),
  total: nullable(count('How many results there are; null until they have been counted.', 1000)),
  done: count('How many have been replayed.', 1000),
  report: nullable(ref('BacktestReport')),
  error: nullable(text('Why it failed.')),
  createdAt: time('When it was asked for.'),
  createdBy: text('Who asked for it.'),
  finishedAt: nullable(time('When it was done.')),
};

const explanation = objectOf<Explanation>('Why a reason is there, and what would have had to be different.', {
  code: oneOf(reasonCodes, 'What sort of thing.'),
  detector: text('What fired.', 'PII/EMAIL'),
  rule: nullable(
    text(
      'RFC 6901 pointer into the policy to the rule that fired; null when there is none.',
      '/detectors/PII/action',
    ),
  ),
  pointer: nullable(text('RFC 6901 pointer to the string in the output.', '/reply')),
  start: nullable(count('Where in that string it starts, in UTF-16 code units.', 12)),
  end: nullable(count('Where it ends, exclusive.', 34)),
  why: text('What fired, in words.', 'An e-mail address.'),
  toPass: text('What would have had to be different. It passes once this is so for every explanation.'),
});

/** Policies on their way into force, and what they are tried on. */
export function policyTrialComponents(
  decision: Members<Omit<Evaluation, 'explanation'>>,
): Readonly<Record<string, Schema>> {
  return {
    StagedPolicy: objectOf<StagedPolicyWire>('A policy on its way into force.', stagedPolicy),
    ReplayExample: objectOf<ReplayExample>(
      'A result that two policies judge differently. Never its output.',
      {
        resultId: uuid('The result.'),
        taskId: uuid('Its task.'),
        reviewId: nullable(uuid('Its card, if it had one.')),
        kind,
        before: oneOf(decisionOutcomes, 'Under the policy in force.'),
        after: oneOf(decisionOutcomes, 'Under the other one.'),
        detectors: arrayOf(
          text('A detector.', 'PII/PHONE'),
          'What fired under the one that holds it; at most 20.',
        ),
      },
    ),
    ShadowReport: objectOf<ShadowReport>('A shadow beside the policy in force.', {
      draftId: uuid('The draft.'),
      since: nullable(time('Since when it has judged.')),
      decisions: count('How many results both have judged.', 1000),
      agree: count('Those with the same outcome.', 958),
      newlyHeld: count('Passed by the policy in force, and held by the shadow.', 2),
      newlyReleased: count('Held by the policy in force, and passed by the shadow.', 40),
      otherwise: count('Held by both, but in another way, as by a denial.'),
      examples: objectOf<ShadowReport['examples']>('The newest of each sort, by their ids.', {
        newlyHeld: examples('Newly held.'),
        newlyReleased: examples('Newly released.'),
      }),
    }),
    BacktestReport: report,
    Backtest: objectOf<BacktestWire>('A policy held against what was judged.', backtest),
    PolicyChange: objectOf<PolicyChange>('One difference between two policies.', {
      effect: oneOf(changeEffects, 'LOOSER: there may be a result that is held before and passed after.'),
      kind: nullable(text('The kind of task; null for all that have no override.', 'legal.letter')),
      pointer: text('Where in a policy.', '/confidence/holdBelow'),
      text: text(
        'In words.',
        'What has a confidence below 0.7 was held for a person; now it is what is below 0.6.',
      ),
    }),
    PolicyDiff: objectOf<PolicyDiff>('What is different between two policies.', {
      looser: boolean('Whether any difference loosens.'),
      changes: arrayOf(ref('PolicyChange'), 'At most 1000.'),
      more: count('How many there are beyond these.'),
    }),
    Explanation: explanation,
    Explanations: objectOf<{ items: unknown }>('Why a card is held.', {
      items: arrayOf(ref('Explanation'), 'One for each reason.'),
    }),
    Evaluation: objectOf<Evaluation>(
      'What the gate would decide, and why.',
      { ...decision, explanation: arrayOf(ref('Explanation'), 'One for each reason.') },
      ['detectorVersion', 'classifier'],
    ),
    StagedPolicyPage: pageOf('StagedPolicy'),
  };
}
