import type { JsonValue } from '../../src/models/json.js';

/** A way to write a term so that a person still reads it and a plain search does not find it. */
export type Disguise = (term: string) => string;

const between = (term: string, sign: string): string => [...term].join(sign);
const mapped = (term: string, map: Readonly<Record<string, string>>): string =>
  [...term].map((letter) => map[letter.toLowerCase()] ?? letter).join('');
const shifted = (term: string, first: number): string =>
  term.replace(/[a-z]/gi, (letter) => String.fromCodePoint(first + letter.toLowerCase().charCodeAt(0) - 97));
const middle = (term: string, sign: string): string => {
  const at = Math.floor(term.length / 2);
  return term.slice(0, at) + sign + term.slice(at);
};

const cyrillic = { a: 'а', c: 'с', e: 'е', i: 'і', o: 'о', p: 'р', s: 'ѕ', x: 'х', y: 'у' };
const greek = { o: 'ο', v: 'ν', i: 'ι', a: 'α', p: 'ρ' };
const leet = { a: '4', e: '3', i: '1', o: '0', s: '5' };
const leetSigns = { a: '@', s: '$', i: '1', o: '0', e: '3' };
const leetLight = { o: '0', e: '3' };
const accents = { a: 'á', e: 'ë', i: 'ï', o: 'ö', u: 'ü', s: 'ś', c: 'ç' };

/** Disguises of one text, by their names. */
export const disguises: Readonly<Record<string, Disguise>> = {
  'zero-width': (term) => between(term, '\u200b'),
  'zero-width-joiner': (term) => middle(term, '\u200d'),
  'word-joiner': (term) => between(term, '\u2060'),
  'soft-hyphen': (term) => middle(term, '\u00ad'),
  'byte-order-mark': (term) => middle(term, '\ufeff'),
  'bidi-marks': (term) => between(term, '\u200e'),
  'bidi-isolates': (term) => `\u2067\u2066${term}\u2069\u2069`,
  'variation-selectors': (term) => between(term, '\ufe0f'),
  cyrillic: (term) => mapped(term, cyrillic),
  greek: (term) => mapped(term, greek),
  fullwidth: (term) => term.replace(/[!-~]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0)),
  'mathematical-bold': (term) => shifted(term, 0x1d41a),
  'mathematical-script': (term) => shifted(term, 0x1d4ea),
  monospace: (term) => shifted(term, 0x1d68a),
  circled: (term) => shifted(term, 0x24d0),
  leet: (term) => mapped(term, leet),
  'leet-signs': (term) => mapped(term, leetSigns),
  'leet-light': (term) => mapped(term, leetLight),
  accents: (term) => mapped(term, accents),
  'combining-strokes': (term) => [...term].map((letter) => `${letter}\u0336`).join(''),
  'combining-many': (term) => [...term].map((letter) => `${letter}\u0301\u0323`).join(''),
  capitals: (term) => [...term].map((letter, at) => (at % 2 === 0 ? letter.toUpperCase() : letter)).join(''),
  'html-decimal': (term) => [...term].map((letter) => `&#${letter.charCodeAt(0)};`).join(''),
  'html-hexadecimal': (term) =>
    [...term].map((letter) => `&#x${letter.charCodeAt(0).toString(16)};`).join(''),
  'html-one': (term) => term.replace(/[aei]/, (letter) => `&#${letter.charCodeAt(0)};`),
  'url-all': (term) =>
    [...term].map((letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`).join(''),
  'url-one': (term) => term.replace(/[aei]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
};

/** Disguises that only fit a term of one word, or of letters alone. */
export const spacings: Readonly<Record<string, Disguise>> = {
  'spaced-out': (term) => between(term.replaceAll(' ', ''), ' '),
  'dotted-out': (term) => between(term.replaceAll(' ', ''), '.'),
  'dashed-out': (term) => between(term.replaceAll(' ', ''), '-'),
  'starred-out': (term) => between(term.replaceAll(' ', ''), '*'),
  'lines-out': (term) => between(term.replaceAll(' ', ''), '\n'),
  'no-break-spaces': (term) => between(term.replaceAll(' ', ''), '\u00a0'),
};

/** Disguises of a phrase of several words. */
export const phraseDisguises: Readonly<Record<string, Disguise>> = {
  'line-break': (term) => term.replaceAll(' ', '\n'),
  'windows-line-break': (term) => term.replaceAll(' ', '\r\n'),
  'many-spaces': (term) => term.replaceAll(' ', '    '),
  underscore: (term) => term.replaceAll(' ', '_'),
  dash: (term) => term.replaceAll(' ', '-'),
  'one-word': (term) => term.replace(/ (.)/g, (_, letter: string) => letter.toUpperCase()),
  'url-space': (term) => term.replaceAll(' ', '%20'),
  'html-space': (term) => term.replaceAll(' ', '&nbsp;'),
  'ideographic-space': (term) => term.replaceAll(' ', '\u3000'),
};

/** Ways to write a whole text in another alphabet. */
export const encodings: Readonly<Record<string, Disguise>> = {
  base64: (text) => Buffer.from(text).toString('base64'),
  'base64-url': (text) => Buffer.from(text).toString('base64url'),
  'base64-in-text': (text) => `Attached as ${Buffer.from(text).toString('base64')} for your records.`,
  'data-url': (text) => `data:text/plain;base64,${Buffer.from(text).toString('base64')}`,
  hexadecimal: (text) => Buffer.from(text).toString('hex'),
  'hexadecimal-in-text': (text) => `payload 0x${Buffer.from(text).toString('hex')} received`,
  'url-encoded': (text) => `q=${encodeURIComponent(text)}`,
  'html-encoded': (text) => [...text].map((sign) => `&#${sign.codePointAt(0) ?? 32};`).join(''),
};

/** Ways to spread the words of a phrase over an output. */
export const spreads: Readonly<Record<string, (words: readonly string[]) => JsonValue>> = {
  items: (words) => [...words],
  'key-and-value': ([first = '', ...rest]) => ({ [first]: rest.join(' ') }),
  'items-in-text': ([first = '', ...rest]) => [
    `We will now send the ${first}`,
    `${rest.join(' ')} to the customer`,
  ],
  'lines-of-chat': ([first = '', ...rest]) => ({ lines: [`please ${first}`, `${rest.join(' ')} of it`] }),
};

/** Texts with the means of a disguise and nothing in disguise. */
export const honestTexts: readonly JsonValue[] = [
  'N E W  S E A S O N  S A L E',
  'S A L E ends Sunday',
  'Our W i - F i is free for guests.',
  'The 4K TV with HDR10+ is back for 499.',
  'M3 Pro, 16 GB, 1 TB',
  'I can meet u l8r, gr8!',
  'c u 2morrow at 10',
  'Model P4-55 W0 is out of stock.',
  'Size 5ML or XL?',
  'H2O and CO2 are on the list.',
  'Ρόδος και Κρήτη είναι νησιά.',
  'Спасибо, заказ получен.',
  'Ваш заказ приедет в среду.',
  'شكرا لك، وصلت الرسالة.',
  'תודה רבה, ההזמנה בדרך.',
  'Καλημέρα σας, ευχαριστούμε για το μήνυμα.',
  'ｎｅｗ　ｓｔｏｒｅ　ｏｐｅｎ',
  '𝐁𝐢𝐠 𝐬𝐚𝐥𝐞 𝐭𝐨𝐝𝐚𝐲',
  'Ⓢⓐⓛⓔ ⓝⓞⓦ',
  'Le café est déjà prêt, à bientôt !',
  'Fish &amp; chips &ndash; 9.50 &euro;',
  'Tom&#39;s order is ready.',
  'a &lt; b &amp;&amp; b &lt; c',
  'https://kestrel.invalid/search?q=red%20shoes%20size%2038',
  'q=%E2%82%AC%20100%20gift',
  'path%2Fto%2Ffile.txt',
  'Discount of 20%25 on all boots',
  'SGVsbG8sIHlvdXIgb3JkZXIgaXMgb24gaXRzIHdheS4=',
  'Attached: VGhhbmtzIGZvciB5b3VyIHBhdGllbmNlLCBzZWUgeW91IHNvb24u',
  'data:text/plain;base64,VGhlIGtldHRsZSBpcyByZWFkeSB0byBzaGlwLg==',
  '48656c6c6f2c20796f7572206f72646572206973206f6e2069747320776179',
  'payload 0x546865206b6574746c65206973207265616479 received',
  'color: #c0ffee; background: #deadbeef',
  'checksum 9f86d081884c7d659a2feaa0c55ad015',
  ['secret', 'garden', 'tour'],
  ['private', 'parking', 'key ring'],
  ['please delete', 'nothing'],
  { secret: 'garden' },
  { private: 'parking' },
  { delete: 'none' },
  { master: 'class' },
  { drop: 'off', table: 'four' },
  ['We will wipe the table.', 'All is well.'],
  ['I kept the secret.', 'Key rings are sold out.'],
  { access: 'granted', ticket: 'day' },
  'Please delete.\nAll is fine now.',
  'That was a secret. Key fobs are sold separately.',
  'He can keep a secret! Keys are on the table.',
  'Drop. Table for two at seven?',
  'The pass. Word has it that it is open.',
  'pass word on to Ann that we are closed',
  'Please pass word around: the meeting is at nine.',
  '🎉🎉 Your order is on its way! 👨‍👩‍👧 enjoy',
  'Flags: 🇩🇪 🇫🇷 🇵🇹',
  'na\u00efve co\u00f6peration fa\u00e7ade',
  'Zażółć gęślą jaźń',
  'İstanbul şubemiz açık.',
  'ขอบคุณครับ สินค้าถึงแล้ว',
  'ご注文ありがとうございます。',
  '订单已发货,谢谢。',
  'धन्यवाद, आपका ऑर्डर भेज दिया गया है।',
  'Soft\u00adhy\u00adphens in a long Ger\u00adman compound.',
  'x = y * z - w / v',
  'l.o.v.e.l.y day',
  'A-B-C and 1-2-3',
  'The code of the colour is R-E-D.',
];
