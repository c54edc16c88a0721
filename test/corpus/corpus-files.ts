import type { JsonValue } from '../../src/models/json.js';
import { defaultPolicy, topics } from '../../src/models/policy.js';
import { Chance } from './chance.js';
import { disguises, encodings, honestTexts, phraseDisguises, spacings, spreads } from './evasions.js';
import { harmlessShapes, harmlessTexts } from './harmless.js';
import {
  keywordSentences,
  languageNearMisses,
  languageSentences,
  languageTerms,
  nearKeywords,
} from './keywords.js';
import { iban, paymentCard, type Maker } from './numbers.js';
import { harmlessNumbers, materials, nationalMaterials, type Material } from './personal-data.js';
import { harmlessValues, issuedSecrets, secretSentences, writtenSecrets } from './secrets.js';
import { laterNear, laterTopics } from './later-topics.js';
import { foreignLanguages, foreignTopics } from './foreign-topics.js';
import { refusals } from './refusals.js';
import { strangersTopics } from './strangers-topics.js';
import { topicTexts } from './topics.js';
import { variedTopics } from './varied-topics.js';
import { addressSentences, streetSentences } from './written-addresses.js';

/** One line of a file of the corpus. */
interface Entry {
  readonly text?: string;
  readonly output?: JsonValue;
  readonly labels: readonly string[];
  readonly spans?: readonly { readonly start: number; readonly end: number; readonly label: string }[];
  readonly family: string;
  readonly join?: string;
}

/** The sign that stands inside the credentials of the corpus, so that no scanner takes them for real ones. */
const join = '\u00a6';

/** The files of the corpus, made anew: the same on every machine. */
export function corpusFiles(): Readonly<Record<string, string>> {
  return {
    'personal-data.jsonl': lines(personalData(new Chance(11))),
    'addresses.jsonl': lines(addresses()),
    'secrets.jsonl': lines(secrets(new Chance(12))),
    'keywords.jsonl': lines(keywords()),
    'languages.jsonl': lines(languages()),
    'languages.policy.json': `${JSON.stringify({ keywords: languageRules() }, null, 2)}\n`,
    'evasions.jsonl': lines(evasions(new Chance(13))),
    'topics.jsonl': lines(topicCases()),
    'topics-refusals.jsonl': lines(refusalCases()),
    'topics-development.jsonl': lines(halfOf(strangersCases(), 0)),
    'topics-held-out.jsonl': lines(halfOf(strangersCases(), 1)),
    'topics-foreign-development.jsonl': lines(halfOf(foreignCases(), 0)),
    'topics-foreign-held-out.jsonl': lines(halfOf(foreignCases(), 1)),
    'topics-varied-development.jsonl': lines([...halfOf(variedCases(), 0), ...laterCases()]),
    'topics-varied-held-out.jsonl': lines(halfOf(variedCases(), 1)),
    'harmless.jsonl': lines(harmless(new Chance(14))),
  };
}

function lines(entries: readonly Entry[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

function entryOf(output: JsonValue, labels: readonly string[], family: string): Entry {
  return typeof output === 'string' ? { text: output, labels, family } : { output, labels, family };
}

/** The terms of the default list that a text holds in clear, as whole words in any case. */
function keywordsIn(text: string): string[] {
  const plain = text.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return defaultPolicy.keywords
    .filter(({ term }) => {
      const words = term.toLowerCase().split(/[ -]+/);
      return new RegExp(`(?<![a-z0-9])${words.join('[-\\s_.]+')}(?![a-z0-9])`).test(plain);
    })
    .map(({ term }) => `KEYWORD/${term}`);
}

function personalData(chance: Chance): Entry[] {
  const found = [...materials, ...nationalMaterials].flatMap((material) => sentencesWith(chance, material));
  const harmlessOnes = harmlessNumbers.flatMap((material) =>
    repeated(material.count, (index) => {
      const sentence = material.sentences[index % material.sentences.length] ?? '{}';
      return { text: sentence.replace('{}', material.make(chance)), labels: [], family: material.family };
    }),
  );
  return [...found, ...harmlessOnes];
}

function sentencesWith(chance: Chance, { label, family, make, sentences, count }: Material): Entry[] {
  return repeated(count, (index) => {
    const sentence = sentences[index % sentences.length] ?? '{}';
    const start = sentence.indexOf('{}');
    const value = make(chance);
    const text = sentence.slice(0, start) + value + sentence.slice(start + 2);
    const spans = [{ start, end: start + value.length, label }];
    return { text, labels: [label, ...keywordsIn(text)], spans, family };
  });
}

function addresses(): Entry[] {
  const label = 'PII/STREET_ADDRESS';
  const found = addressSentences.map((sentence) => {
    const [start, end] = [sentence.indexOf('['), sentence.indexOf(']') - 1];
    const text = sentence.replace('[', '').replace(']', '');
    return { text, labels: [label], spans: [{ start, end, label }], family: 'pii/street-address' };
  });
  const streets = streetSentences.map((text) => ({ text, labels: [], family: 'pii/not-street-address' }));
  return [...found, ...streets];
}

function secrets(chance: Chance): Entry[] {
  const issued = Object.entries(issuedSecrets).flatMap(([provider, make], nth) =>
    repeated(4, (index) => {
      const sentence = secretSentences[(nth + 3 * index) % secretSentences.length] ?? '{}';
      const text = sentence.replace('{}', () => make(chance));
      return {
        text: split(text),
        labels: ['SECRET', ...keywordsIn(text)],
        family: `secret/${provider}`,
        join,
      };
    }),
  );
  const members = Object.values(issuedSecrets)
    .slice(0, 20)
    .map((make, index) => {
      const output = { [chance.one(['value', 'note', 'config', 'line'])]: split(make(chance)), nr: index };
      return { output, labels: ['SECRET'], family: 'secret/member', join };
    });
  const written = Object.entries(writtenSecrets()).flatMap(([kind, makers]) =>
    makers.flatMap((make) =>
      repeated(3, () => {
        const text = make(chance);
        return { text: split(text), labels: ['SECRET', ...keywordsIn(text)], family: `secret/${kind}`, join };
      }),
    ),
  );
  const named = ['password', 'client_secret', 'apiToken', 'secretKey', 'privateToken', 'accessKey'].flatMap(
    (name) =>
      repeated(3, () => {
        const output = {
          settings: { [name]: split(`${chance.filled('~~~~~~~~~~~~~~~~')}7b${chance.filled('~~~~~~')}`) },
        };
        return { output, labels: ['SECRET', ...keywordsIn(name)], family: 'secret/named-member', join };
      }),
  );
  const harmlessOnes = repeated(5, () => harmlessValues())
    .flat()
    .map((make) => ({ text: split(make(chance)), labels: [], family: 'secret/not-secret', join }));
  return [...issued, ...members, ...written, ...named, ...unique(harmlessOnes)];
}

/** The text with the sign after every sixth letter or digit of a run: no run is left that a scanner would know. */
function split(text: string): string {
  return text.replace(/[\w+/=-]{6}(?=[\w+/=.-])/g, (run) => run + join);
}

function keywords(): Entry[] {
  return [
    ...keywordSentences.map(([term, sentence]) => {
      const output = sentence.startsWith('{') ? (JSON.parse(sentence) as JsonValue) : sentence;
      const others = keywordsIn(sentence).filter((label) => label !== `KEYWORD/${term}`);
      return entryOf(output, [`KEYWORD/${term}`, ...others], 'keyword/default');
    }),
    ...nearKeywords.map((text) => ({ text, labels: [], family: 'keyword/near-miss' })),
  ];
}

function languageRules(): JsonValue {
  return languageTerms.map(([, match, term]) => ({ term, match, action: 'HITL' }));
}

function languages(): Entry[] {
  const language = new Map(languageTerms.map(([code, , term]) => [term, code]));
  return [
    ...languageSentences.map(([term, text]) => ({
      text,
      labels: [`KEYWORD/${term}`],
      family: `keyword/${language.get(term) ?? '-'}`,
    })),
    ...languageNearMisses.map((text) => ({ text, labels: [], family: 'keyword/languages-near-miss' })),
  ];
}

function evasions(chance: Chance): Entry[] {
  const single = ['password', 'credentials', 'passphrase'];
  const phrases = ['secret key', 'private key', 'access token', 'delete all', 'drop table'];
  const frame = (term: string, index: number): string =>
    (
      ['Please send me the {} today.', 'the {} of the shop', '{}', 'I will {} now, ok?'][index % 4] ?? '{}'
    ).replace('{}', () => term);
  const keyword = (name: string, term: string, output: JsonValue): Entry =>
    entryOf(output, [`KEYWORD/${term}`], `evasion/keyword-${name}`);
  const disguised = Object.entries(disguises).flatMap(([name, disguise], nth) =>
    [single[nth % 3], single[(nth + 1) % 3], phrases[nth % 5], phrases[(nth + 2) % 5]]
      .filter((term) => term !== undefined)
      .filter((term) => disguise(term) !== term)
      .map((term, index) => keyword(name, term, frame(disguise(term), nth + index))),
  );
  const spaced = Object.entries(spacings).flatMap(([name, disguise], nth) =>
    [...single, phrases[nth % 5] ?? ''].map((term, index) =>
      keyword(name, term, frame(disguise(term), index)),
    ),
  );
  const phrased = Object.entries(phraseDisguises).flatMap(([name, disguise]) =>
    phrases.map((term, index) => keyword(name, term, frame(disguise(term), index))),
  );
  const spread = Object.entries(spreads).flatMap(([name, form]) =>
    phrases.map((term) => keyword(name, term, form(term.split(' ')))),
  );
  const encoded = Object.entries(encodings).flatMap(([name, encode], nth) =>
    [single[nth % 3] ?? '', phrases[nth % 5] ?? ''].map((term) =>
      keyword(name, term, encode(`Please send the ${term} of the shop to me today.`)),
    ),
  );
  return [
    ...disguised,
    ...spaced,
    ...phrased,
    ...spread,
    ...encoded,
    ...disguisedData(chance),
    ...honestTexts.map((output) => entryOf(output, [], 'evasion/honest')),
  ];
}

/** Personal data and credentials in disguise. */
function disguisedData(chance: Chance): Entry[] {
  const card = (): string => paymentCard(chance).replaceAll(/\D/g, '');
  const data: readonly (readonly [label: string, make: () => string])[] = [
    ['PII/PAYMENT_CARD', card],
    ['PII/IBAN', () => iban(chance).replaceAll(' ', '')],
    [
      'PII/EMAIL',
      () => `${chance.one(['lena.berg', 'tom.walsh', 'ola'])}${chance.whole(10, 99)}@nordpost.se`,
    ],
  ];
  const invisible = ['zero-width', 'word-joiner', 'fullwidth', 'bidi-marks', 'html-decimal', 'url-all'];
  const hidden = data.flatMap(([label, make]) =>
    invisible.map((name) => {
      const value = disguises[name]?.(make()) ?? make();
      return { text: `It is ${value} as agreed.`, labels: [label], family: `evasion/pii-${name}` };
    }),
  );
  const digits = ['٠١٢٣٤٥٦٧٨٩', '०१२३४५६७८९', '０１２３４５６７８９', '𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡'].map((script) => {
    const signs = [...script];
    const value = card().replace(/\d/g, (digit) => signs[Number(digit)] ?? digit);
    return { text: `card ${value} please`, labels: ['PII/PAYMENT_CARD'], family: 'evasion/pii-digits' };
  });
  const spelled = [' (at) ', '[at]', ' [at] ', '%40', '&#64;', '＠'].map((sign) => ({
    text: `write to marta.novak${sign}nordpost.se`,
    labels: ['PII/EMAIL'],
    family: 'evasion/pii-at-sign',
  }));
  const encoded = Object.entries(encodings).flatMap(([name, encode]) =>
    data.map(([label, make]) => ({
      text: encode(`The customer sent us ${make()} this morning.`),
      labels: [label],
      family: `evasion/pii-${name}`,
    })),
  );
  const makers: readonly Maker[] = ['github-token', 'stripe-key', 'google-key', 'npm-token', 'anthropic-key']
    .map((name) => issuedSecrets[name])
    .filter((make) => make !== undefined);
  const hiddenSecrets = makers.flatMap((make) =>
    [
      'zero-width',
      'word-joiner',
      'html-one',
      'fullwidth',
      'base64',
      'hexadecimal',
      'base64-in-text',
      'html-encoded',
    ].map((name) => {
      const disguise = disguises[name] ?? encodings[name] ?? String;
      const text = disguise(`use ${make(chance)} for it`);
      return { text: split(text), labels: ['SECRET'], family: `evasion/secret-${name}`, join };
    }),
  );
  return [...hidden, ...digits, ...spelled, ...encoded, ...hiddenSecrets];
}

function topicCases(): Entry[] {
  return topics.flatMap((topic) => {
    const { about, near } = topicTexts[topic];
    const family = `topic/${topic.toLowerCase().replaceAll('_', '-')}`;
    return [
      ...about.map((text) => ({ text, labels: [`TOPIC/${topic}`], family })),
      ...near.map((text) => ({ text, labels: [], family: `${family}-near-miss` })),
    ];
  });
}

function refusalCases(): Entry[] {
  return [
    ...refusals.topics.map(([text, topic]) => ({
      text,
      labels: [`TOPIC/${topic}`],
      family: 'refusal/advises',
    })),
    ...refusals.near.map((text) => ({ text, labels: [], family: 'refusal/declines' })),
  ];
}

/** Every second entry of each family, beginning with the first or the second. */
function halfOf(entries: readonly Entry[], which: 0 | 1): Entry[] {
  const seen = new Map<string, number>();
  return entries.filter(({ family }) => {
    const nth = seen.get(family) ?? 0;
    seen.set(family, nth + 1);
    return nth % 2 === which;
  });
}

function strangersCases(): Entry[] {
  return casesOf('stranger', strangersTopics);
}

function variedCases(): Entry[] {
  return casesOf('varied', variedTopics);
}

function casesOf(name: string, texts: typeof variedTopics): Entry[] {
  return topics.flatMap((topic) => {
    const { about, near } = texts[topic];
    const family = `${name}/${topic.toLowerCase().replaceAll('_', '-')}`;
    return [
      ...about.map((text) => ({ text, labels: [`TOPIC/${topic}`], family })),
      ...near.map((text) => ({ text, labels: [], family: `${family}-near-miss` })),
    ];
  });
}

function laterCases(): Entry[] {
  const about = topics.flatMap((topic) =>
    laterTopics[topic].map((text) => ({
      text,
      labels: [`TOPIC/${topic}`],
      family: `later/${topic.toLowerCase().replaceAll('_', '-')}`,
    })),
  );
  return [...about, ...laterNear.map((text) => ({ text, labels: [], family: 'later/near-miss' }))];
}

function foreignCases(): Entry[] {
  return foreignLanguages.flatMap((language) => {
    const family = `topic-${language}`;
    const about = topics.flatMap((topic) =>
      foreignTopics[language][topic].map((text) => ({
        text,
        labels: [`TOPIC/${topic}`],
        family: `${family}/${topic.toLowerCase().replaceAll('_', '-')}`,
      })),
    );
    const near = foreignTopics[language].near.map((text) => ({
      text,
      labels: [],
      family: `${family}/near-miss`,
    }));
    return [...about, ...near];
  });
}

function harmless(chance: Chance): Entry[] {
  const texts = harmlessTexts.map((text) => entryOf(text, [], 'harmless/text'));
  const wrapped = harmlessTexts
    .filter((_, index) => index % 2 === 0)
    .map((text) => entryOf({ reply: text, next: 'NONE' }, [], 'harmless/member'));
  const mails = repeated(60, () => {
    const body = repeated(3, () => chance.one(harmlessTexts.slice(0, 130)));
    return entryOf(['Hello,', ...body, 'Kind regards'].join('\n\n'), [], 'harmless/mail');
  });
  const shapes = harmlessShapes();
  const shaped = repeated(200, (index) => {
    const shape = shapes[index % shapes.length];
    return entryOf(shape?.(chance) ?? null, [], 'harmless/shape');
  });
  return [...texts, ...wrapped, ...mails, ...shaped];
}

function repeated<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function unique(entries: readonly Entry[]): Entry[] {
  return [...new Map(entries.map((entry) => [entry.text, entry])).values()];
}
