import { describe, expect, it } from '@jest/globals';
import { KeywordDetector } from '../../../src/lib/safety/keyword-detector.js';
import type { KeywordMatch, KeywordRule } from '../../../src/models/policy.js';
import { aPolicy, detect, namesOf } from './detection.js';

const detector = new KeywordDetector();

function rules(match: KeywordMatch, ...terms: string[]): KeywordRule[] {
  return terms.map((term) => ({ term, match, action: 'HITL' }));
}

async function texts(keywords: readonly KeywordRule[], output: string): Promise<string[]> {
  return (await detect(detector, output, aPolicy({ keywords }))).map((found) => found.text);
}

describe('the default keywords', () => {
  it.each([
    ['Your new password is ready', 'KEYWORD/password'],
    ['the SECRET KEY', 'KEYWORD/secret key'],
    ['please delete all of it', 'KEYWORD/delete all'],
    ['override security now', 'KEYWORD/override security'],
    ['This is PII.', 'KEYWORD/PII'],
    ['her ssn', 'KEYWORD/SSN'],
  ])('find the one in %j', async (output, name) => {
    expect(await namesOf(detector, output)).toEqual([name]);
  });

  it.each([
    'The passage was worded well',
    'I deleted it all',
    'Delete it. All is well',
    'delete, all of you',
    'opii ssnake',
    'a secretary with a keyboard',
    'Where is my card?',
  ])('leave %j alone', async (output) => {
    expect(await namesOf(detector, output)).toEqual([]);
  });
});

describe('a keyword that is to be written exactly so', () => {
  it.each([
    ['IT', 'ask IT about it', 'IT'],
    ['.env', 'the file .env is there', '.env'],
    ['Réf', 'la Réf du', 'Réf'],
    ['Re\u0301f', 'la Réf du', 'Réf'],
    ['Secret Key', 'a Secret Key.', 'Secret Key'],
    ['C++', 'in C++, not', 'C++'],
    ['社外秘', 'これは社外秘です', '社外秘'],
    ['Done. Refund', 'It is Done. Refund it.', 'Done. Refund'],
  ])('is found: %s in %j', async (term, output, hit) => {
    expect(await texts(rules('EXACT', term), output)).toEqual([hit]);
  });

  it.each([
    ['IT', 'it is It'],
    ['IT', 'ITEM, WAIT'],
    ['Réf', 'la Ref du'],
    ['ref', 'la réf du'],
    ['Secret Key', 'a Secret-Key, a Secret  Key, SecretKey'],
    ['password', 'p4ssword, pass-word, p a s s w o r d, pаssword, pass\u200bword, ｐassword'],
    ['C++', 'in C, c++, C+'],
  ])('is not: %s in %j', async (term, output) => {
    expect(await texts(rules('EXACT', term), output)).toEqual([]);
  });

  it('is found in what a text says decoded, but not over two texts', async () => {
    const policy = aPolicy({ keywords: rules('EXACT', 'Crimson Falcon') });
    const encoded = `x ${Buffer.from('our Crimson Falcon is').toString('base64')}`;
    expect(await namesOf(detector, encoded, policy)).toEqual(['KEYWORD/Crimson Falcon']);
    expect(await namesOf(detector, ['Crimson', 'Falcon'], policy)).toEqual([]);
  });

  it('may stand beside one that differs in case alone', async () => {
    expect(await texts(rules('EXACT', 'IT', 'It'), 'It is IT')).toEqual(['It', 'IT']);
  });
});

describe('a keyword', () => {
  it.each([
    'PASSWORD',
    'раѕѕwоrd',
    'ｐａｓｓｗｏｒｄ',
    'pass\u200bword',
    'p\u0301a\u0302ssword',
    'p a s s w o r d',
    'p.a.s.s.w.o.r.d',
    'userPassword',
    'user_password',
    'password123',
    'PASSWORDReset',
    'password😀',
    '(password)',
  ])('is found in %j', async (output) => {
    expect(await texts(rules('WORD', 'password'), output)).toHaveLength(1);
  });

  it.each(['passwordless', 'xpassword', 'pass word', 'pas sword', 'p a ssword'])(
    'is not found in %j',
    async (output) => {
      expect(await texts(rules('WORD', 'password'), output)).toEqual([]);
    },
  );

  it('says where it stands in the original', async () => {
    expect(await texts(rules('WORD', 'password'), 'the pass\u200bwοrd, again')).toEqual(['pass\u200bwοrd']);
  });

  it.each([
    'secret key',
    'secret  key',
    'secret\nkey',
    'secret-key',
    'SECRET_KEY',
    'secretKey',
    'secretkey',
    's e c r e t k e y',
  ])('of two words is found as %j', async (output) => {
    expect(await texts(rules('PHRASE', 'secret key'), output)).toEqual([output]);
  });

  it.each(['secret. Key', 'secret (key)', 'secret of the key', 'secret keys', `secret${' '.repeat(70)}key`])(
    'of two words is not found as %j',
    async (output) => {
      expect(await texts(rules('PHRASE', 'secret key'), output)).toEqual([]);
    },
  );

  it('that is a prefix finds every word that begins with it', async () => {
    const found = await texts(rules('PREFIX', 'transfer'), 'transfers, transferring, retransfer');
    expect(found).toEqual(['transfer', 'transfer']);
  });

  it('whose signs matter is found with them only', async () => {
    expect(await texts(rules('WORD', 'c++'), 'c and C++, not c#')).toEqual(['C++']);
    expect(await texts(rules('WORD', '#leak'), 'a leak, a #leak')).toEqual(['#leak']);
    expect(await texts(rules('WORD', '#leak'), 'leak')).toEqual([]);
  });

  it('of another script is found in small and in capital letters', async () => {
    expect(await texts(rules('WORD', 'вор'), 'вор, ВОР, Вор')).toEqual(['вор', 'ВОР', 'Вор']);
    expect(await texts(rules('WORD', 'пароль'), 'ПАРОЛЬ пароль')).toHaveLength(2);
    expect(await texts(rules('WORD', 'Straße'), 'STRASSE straße')).toHaveLength(2);
    expect(await texts(rules('WORD', '密码'), '密码')).toEqual(['密码']);
  });

  it('is found beside others that contain it', async () => {
    const names = await namesOf(
      detector,
      'my secret key',
      aPolicy({ keywords: rules('WORD', 'key', 'secret key', 'secret') }),
    );
    expect(names.sort()).toEqual(['KEYWORD/key', 'KEYWORD/secret', 'KEYWORD/secret key']);
  });

  it('that is a longer one’s end is found where the longer one breaks off', async () => {
    expect(await texts(rules('PREFIX', 'abcd', 'bce', 'c'), 'x bce')).toEqual(['bce']);
    expect(await texts(rules('WORD', 'he', 'she', 'hers'), 'she hers he')).toEqual(['she', 'hers', 'he']);
  });

  it('is found in keys, at any depth, and in numbers', async () => {
    const policy = aPolicy({ keywords: rules('WORD', 'password', '4711') });
    const found = await detect(detector, { a: [{ dbPassword: 4711 }] }, policy);
    expect(found).toEqual([
      { detector: 'KEYWORD/password', pointer: '/a/0/dbPassword', text: 'Password', action: 'HITL' },
      { detector: 'KEYWORD/4711', pointer: '/a/0/dbPassword', text: '4711', action: 'HITL' },
    ]);
  });

  it('does what its rule says', async () => {
    const keywords: KeywordRule[] = [
      { term: 'one', match: 'WORD', action: 'DENY' },
      { term: 'two', match: 'WORD', action: 'OFF' },
    ];
    const found = await detect(detector, 'one two', aPolicy({ keywords }));
    expect(found).toMatchObject([{ detector: 'KEYWORD/one', action: 'DENY' }]);
  });

  it('is one of ten thousand and found all the same', async () => {
    const keywords = rules('PHRASE', ...Array.from({ length: 10_000 }, (_, n) => `code word ${n}`));
    expect(await namesOf(detector, 'it says code-word 9876 here', aPolicy({ keywords }))).toEqual([
      'KEYWORD/code word 9876',
    ]);
    expect(await namesOf(detector, 'code word 12', aPolicy({ keywords: [...keywords] }))).toEqual([
      'KEYWORD/code word 12',
    ]);
  });
});
