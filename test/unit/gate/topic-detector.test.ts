import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TopicDetector } from '../../../src/lib/safety/topic-detector.js';
import type { Topic } from '../../../src/models/policy.js';
import { refusals } from '../../corpus/refusals.js';
import { aPolicy, detect, namesOf } from './detection.js';

const detector = new TopicDetector();

describe('sensitive topics', () => {
  const telling: [Topic, string][] = [
    ['FINANCIAL_ADVICE', 'Put your savings into X now.'],
    ['FINANCIAL_ADVICE', 'You should invest in index funds.'],
    ['FINANCIAL_ADVICE', 'Buy Bitcoin before it is too late!'],
    ['FINANCIAL_ADVICE', 'This fund has guaranteed returns.'],
    ['FINANCIAL_ADVICE', 'Why not move your pension to gold?'],
    ['FINANCIAL_ADVICE', 'I would recommend selling the shares.'],
    ['HEALTH_ADVICE', 'Take 400 mg of ibuprofen every four hours.'],
    ['HEALTH_ADVICE', 'You can stop taking your insulin.'],
    ['HEALTH_ADVICE', 'You probably have diabetes'],
    ['HEALTH_ADVICE', 'Double your dose if it hurts.'],
    ['LEGAL_CLAIMS', 'We admit liability for the damage.'],
    ['LEGAL_CLAIMS', 'You have the right to damages under the law.'],
    ['LEGAL_CLAIMS', 'This is a breach of contract.'],
    ['LEGAL_CLAIMS', 'You can sue them.'],
    ['POLITICS', 'The prime minister should resign.'],
    ['POLITICS', 'Vote for the candidate of your choice.'],
    ['POLITICS', 'Is the government corrupt?'],
    ['POLITICS', 'The Republican Party won.'],
  ];

  it.each(telling)('%s: %s', async (topic, output) => {
    expect(await namesOf(detector, output)).toEqual([`TOPIC/${topic}`]);
  });

  it.each([
    'My bank opens at nine.',
    'Should I invest in stocks?',
    'I want to move money from savings to my current account.',
    'Your savings account is open.',
    'How do I buy crypto in the app?',
    'I have a doctor’s appointment at nine.',
    'Take the second street on the left.',
    'The court is next to the bank.',
    'A contract is attached.',
    'The governor valve is stuck.',
    'The party starts at eight.',
    'Elect the fields that you want to export.',
    'Please hold the line.',
    'Consider the environment before printing.',
    'Use the app to see the shared list.',
  ])('leave %j alone', async (output) => {
    expect(await namesOf(detector, output)).toEqual([]);
  });

  it('are found sentence by sentence, and shown as such', async () => {
    const output = 'Hello there. You should buy stocks now! Bye\nWe admit liability';
    expect((await detect(detector, output)).map(({ detector: name, text }) => [name, text])).toEqual([
      ['TOPIC/FINANCIAL_ADVICE', 'You should buy stocks now!'],
      ['TOPIC/LEGAL_CLAIMS', 'We admit liability'],
    ]);
  });

  it.each([
    ['Nehmen Sie bei Fieber alle sechs Stunden eine Paracetamol.', 'HEALTH_ADVICE'],
    ['Der Kanzler sollte endlich die Vertrauensfrage stellen.', 'POLITICS'],
    ['Vous devriez vendre vos actions avant la fin de l’année.', 'FINANCIAL_ADVICE'],
    ['El contrato es nulo y puede denunciarlo.', 'LEGAL_CLAIMS'],
    ['Venda suas ações e compre títulos do Tesouro.', 'FINANCIAL_ADVICE'],
  ])('are found in other languages: %s', async (output, topic) => {
    expect(await namesOf(detector, output)).toEqual([`TOPIC/${topic}`]);
  });

  it('are found where the words stand in a list, behind signs and between emoji', async () => {
    expect(await namesOf(detector, '\u2022 Double the dose \u{1f48a}')).toEqual(['TOPIC/HEALTH_ADVICE']);
    expect(await namesOf(detector, 'Ditch the antidepressants\u{1f525}, they are harmful')).toEqual([
      'TOPIC/HEALTH_ADVICE',
    ]);
    expect(await namesOf(detector, 'Do not touch your 401(k) before you retire.')).toEqual([
      'TOPIC/FINANCIAL_ADVICE',
    ]);
  });

  it('are no topics while a question only asks, unless it is one of politics or suggests something', async () => {
    expect(await namesOf(detector, 'Should I double the dose?')).toEqual([]);
    expect(await namesOf(detector, 'Why not double the dose?')).toEqual(['TOPIC/HEALTH_ADVICE']);
    expect(await namesOf(detector, 'Should the senate impeach him?')).toEqual(['TOPIC/POLITICS']);
    expect(await namesOf(detector, 'Where does the senate meet?')).toEqual([]);
  });

  it('are left alone by who declines to advise, but not by who advises against being seen', async () => {
    expect(await namesOf(detector, 'A doctor can tell whether ibuprofen is safe during fever.')).toEqual([]);
    expect(await namesOf(detector, 'You do not need to see a doctor for chest pain.')).toEqual([
      'TOPIC/HEALTH_ADVICE',
    ]);
  });

  it.each(refusals.topics)('are found beside a refusal: %s', async (text, topic) => {
    expect(await namesOf(detector, text)).toEqual([`TOPIC/${topic}`]);
  });

  it.each(refusals.near)('are not made of a refusal by what stands beside it: %s', async (text) => {
    expect(await namesOf(detector, text)).toEqual([]);
  });

  it('are not read out of hashes, ids and tokens', async () => {
    const hash = fc
      .uint8Array({ minLength: 16, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString('hex'));
    const id = fc.oneof(
      fc.uuid(),
      hash,
      hash.map((digits) => digits.slice(0, 7)),
      fc.ulid(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(id, { minLength: 20, maxLength: 20 }), async (ids) => {
        expect(await namesOf(detector, ids.map((each) => `commit ${each}`).join('\n'))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('weigh less in what a service says of its own business', async () => {
    expect(await namesOf(detector, 'The shares are cheap, so buy.')).toEqual(['TOPIC/FINANCIAL_ADVICE']);
    expect(await namesOf(detector, 'The bonds page of the app is now in the menu.')).toEqual([]);
  });

  it('leave out what is only touched in a sentence about another', async () => {
    expect(await namesOf(detector, 'The junta has jailed hundreds of dissidents since the coup.')).toEqual([
      'TOPIC/POLITICS',
    ]);
  });

  it('take a verb for an order only where a clause begins with it', async () => {
    expect(await namesOf(detector, 'Hold the shares.')).toEqual(['TOPIC/FINANCIAL_ADVICE']);
    expect(await namesOf(detector, 'Wait, then hold the shares.')).toEqual(['TOPIC/FINANCIAL_ADVICE']);
  });

  it('need their evidence close together', async () => {
    const filler = 'tick tock tick tock '.repeat(30);
    expect(await namesOf(detector, `you should know ${filler} that stocks exist`)).toEqual([]);
    expect(await namesOf(detector, `${filler} you should buy stocks`)).toEqual(['TOPIC/FINANCIAL_ADVICE']);
    expect(await namesOf(detector, 'x'.repeat(1000))).toEqual([]);
  });

  it('are found behind look-alikes', async () => {
    expect(await namesOf(detector, 'Ｙou shоuld ｉnvest in bоnds')).toEqual(['TOPIC/FINANCIAL_ADVICE']);
  });

  it('do what the policy says', async () => {
    const { topics } = aPolicy();
    const policy = aPolicy({
      topics: { ...topics, POLITICS: { action: 'OFF' }, LEGAL_CLAIMS: { action: 'DENY' } },
    });
    expect(await detect(detector, ['The prime minister.', 'You can sue them.', 5], policy)).toMatchObject([
      { detector: 'TOPIC/LEGAL_CLAIMS', action: 'DENY' },
    ]);
  });
});
