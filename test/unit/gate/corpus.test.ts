import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { corpusFiles } from '../../corpus/corpus-files.js';
import { readCases } from '../../eval/labelled-case.js';
import { judgeInto, policyOf, readPolicy } from '../../eval/measured-gate.js';
import { qualityOf, Scoreboard, type Quality, type Scores } from '../../eval/score.js';

const folder = new URL('../../corpus/', import.meta.url);
const contentOf = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));

/** Personal data whose shape alone tells it; every other kind carries check digits. */
const unchecked = [
  'US_SSN',
  'EMAIL',
  'PHONE',
  'IP_ADDRESS',
  'MAC_ADDRESS',
  'DATE_OF_BIRTH',
  'PASSPORT',
  'DRIVING_LICENCE',
  'STREET_ADDRESS',
  'GB_NINO',
];

describe('The corpus', () => {
  it('is what its maker makes', () => {
    const made = corpusFiles();
    for (const [name, content] of Object.entries(made))
      expect([name, contentOf(name) === content]).toEqual([name, true]);
    expect(
      Object.keys(made)
        .filter((name) => name.endsWith('.jsonl'))
        .sort(),
    ).toEqual([...names].sort());
  });

  it('has 1,500 cases and more, the harmless ones at least as many as the others', () => {
    const cases = names.flatMap((name) => readCases(name, contentOf(name)));
    const harmless = cases.filter(({ expected }) => expected.length === 0);
    expect(cases.length).toBeGreaterThanOrEqual(1500);
    expect(harmless.length).toBeGreaterThanOrEqual(cases.length - harmless.length);
  });
});

describe('The gate, on the corpus', () => {
  let scores: Scores;
  let answers: Scores;

  beforeAll(async () => {
    const board = new Scoreboard();
    for (const name of names) {
      const own = name.replace('.jsonl', '.policy.json');
      const policy = Object.hasOwn(corpusFiles(), own) ? await readPolicy(own, contentOf(own)) : policyOf();
      await judgeInto(board, readCases(name, contentOf(name)), policy);
    }
    scores = board.scores();
    const answerBoard = new Scoreboard();
    await judgeInto(answerBoard, readCases('harmless.jsonl', contentOf('harmless.jsonl')), policyOf());
    answers = answerBoard.scores();
  }, 120_000);

  const personalData = (wanted: (type: string) => boolean): Quality =>
    qualityOf(
      Object.entries(scores.detectors)
        .filter(([name]) => name.startsWith('PII/') && wanted(name.slice('PII/'.length)))
        .map(([, quality]) => quality),
    );

  const rows: readonly (readonly [
    row: string,
    quality: () => Quality | undefined,
    recall: number,
    precision: number,
  ])[] = [
    ['keywords with evasions', () => scores.classes['KEYWORD'], 0.99, 0.97],
    ['personal data with check digits', () => personalData((type) => !unchecked.includes(type)), 0.98, 0.97],
    ['personal data without check digits', () => personalData((type) => unchecked.includes(type)), 0.9, 0.85],
    ['secrets', () => scores.classes['SECRET'], 0.95, 0.95],
    ['topics', () => scores.classes['TOPIC'], 0.85, 0.8],
  ];

  it.each(rows)('finds %s, and little else', (_, quality, recall, precision) => {
    expect(quality()?.recall).toBeGreaterThanOrEqual(recall);
    expect(quality()?.precision).toBeGreaterThanOrEqual(precision);
  });

  const topicFiles: readonly (readonly [file: string, recall: number, precision: number])[] = [
    ['topics', 0.95, 0.9],
    ['topics-development', 0.95, 0.9],
    ['topics-held-out', 0.9, 0.9],
    ['topics-varied-development', 0.95, 0.9],
    ['topics-varied-held-out', 0.9, 0.85],
    ['topics-foreign-development', 0.95, 0.9],
    ['topics-foreign-held-out', 0.9, 0.9],
  ];

  it.each(topicFiles)('finds the topics of %s', async (file, recall, precision) => {
    const board = new Scoreboard();
    const name = `${file}.jsonl`;
    await judgeInto(board, readCases(name, contentOf(name)), policyOf());
    const quality = board.scores().classes['TOPIC'];
    expect(quality?.recall).toBeGreaterThanOrEqual(recall);
    expect(quality?.precision).toBeGreaterThanOrEqual(precision);
  });

  const familiesOf = (wanted: RegExp) =>
    Object.entries(scores.families).filter(([name]) => wanted.test(name));

  it.each([
    ['keyword', 0.98, 40],
    ['pii', 0.98, 15],
    ['secret', 0.98, 8],
  ] as const)('reads through each disguise of a %s', (what, floor, least) => {
    const families = familiesOf(new RegExp(`^evasion/${what}-`));
    expect(families.length).toBeGreaterThanOrEqual(least);
    expect(qualityOf(families.map(([, quality]) => quality)).recall).toBeGreaterThanOrEqual(floor);
    // Of one disguise there are few: one that is missed is one of them, and two are a disguise that hides.
    const hiding = families.filter(([, { expected, found }]) => expected - found > 1 || found === 0);
    expect(hiding.map(([name]) => name)).toEqual([]);
  });

  it('takes no honest text for a disguise', () => {
    const { harmless, held } = scores.families['evasion/honest'] ?? { harmless: 0, held: 0 };
    expect(harmless).toBeGreaterThanOrEqual(60);
    expect(held).toBeLessThanOrEqual(1);
  });

  const languages = [
    'ar',
    'de',
    'el',
    'es',
    'fr',
    'it',
    'ja',
    'ko',
    'nl',
    'pl',
    'pt',
    'ru',
    'sv',
    'th',
    'tr',
    'zh',
  ];

  it.each(languages)('finds the keywords of %s', (language) => {
    const quality = scores.families[`keyword/${language}`];
    expect(quality?.expected).toBeGreaterThanOrEqual(2);
    expect(quality?.recall).toBeGreaterThanOrEqual(0.85);
    expect(quality?.precision).toBeGreaterThanOrEqual(0.85);
  });

  it.each(['de', 'es', 'fr', 'pt'])('finds the topics of %s, and little else', (language) => {
    const about = familiesOf(new RegExp(`^topic-${language}/(?!near-miss)`));
    expect(about).toHaveLength(4);
    for (const [, { recall }] of about) expect(recall).toBeGreaterThanOrEqual(0.85);
    const near = scores.families[`topic-${language}/near-miss`];
    expect(near?.harmless).toBeGreaterThanOrEqual(25);
    expect(near?.held).toBeLessThanOrEqual(2);
  });

  it('finds street addresses, and no other places', () => {
    const quality = scores.detectors['PII/STREET_ADDRESS'];
    expect(quality?.recall).toBeGreaterThanOrEqual(0.9);
    expect(quality?.precision).toBeGreaterThanOrEqual(0.95);
  });

  it('holds at most 3 % of harmless answers', () => {
    expect(answers.harmless.cases).toBeGreaterThanOrEqual(300);
    expect(answers.harmless.share).toBeLessThanOrEqual(0.03);
  });
});
