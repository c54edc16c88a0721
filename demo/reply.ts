import type { JsonObject } from './contract.ts';
import type { Message } from './messages.ts';
import { phrasesFor, riskyPromises } from './phrases.ts';
import type { Intent } from './phrases.ts';
import { between, oneOf, seededRandom } from './random.ts';
import type { Random } from './random.ts';

/** How a reply came about: what a gate should make of it follows from this. */
export type Manner = 'HARMLESS' | 'ECHO' | 'RISKY' | 'GULLIBLE' | 'UNSURE';

/** A reply that an agent proposes, and how sure it says it is. */
export interface Proposal {
  readonly manner: Manner;
  readonly output: JsonObject;
  /** 0..1, two digits. */
  readonly confidence: number;
}

const injection =
  /ignore (?:all )?previous|^system:|^assistant:|hidden prompt|oubliez vos consignes|override security/iu;

const personalData: readonly RegExp[] = [
  /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b/u,
  /\b(?:\d[ -]?){13,18}\d\b/u,
  /\b\d{3}-\d{2}-\d{4}\b/u,
  /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/u,
  /(?:\+\d{1,3} ?)?\(?\d{3,5}\)?[ -]\d{3,5}(?:[ -]\d{2,4}){0,3}/u,
];

const intents: readonly (readonly [Intent, RegExp])[] = [
  [
    'MONEY',
    /refund|charged|paid|invoice|bill|money|voucher|abgebucht|rechnung|débité|rembours|reembolso|addebit|fatura/iu,
  ],
  ['DELIVERY', /parcel|order|deliver|tracking|bestellung|paket|pakket|colis|commande|pacco|pedido|paczka/iu],
  ['ACCESS', /log ?in|pass?word|locked|code|app\b|sim\b|passwort|connecter|aceder|crash/iu],
  ['CONTRACT', /cancel|subscription|contract|kündig|résilier|disdire|abonnement|overstappen|address|moved/iu],
];

/**
 * The reply that an agent proposes to a message: the same for the same message and seed.
 *
 * Most replies are harmless. Some repeat personal data from the message, some promise what must not be promised, some
 * do what the message told them to, some are unsure. With `careful` the reply is harmless: an agent that was sent back.
 */
export function proposeReply(message: Message, seed: number, careful = false): Proposal {
  const random = seededRandom(seed, 'reply', message.id, message.text);
  const manner = careful ? 'HARMLESS' : mannerOf(message, random);
  const confidence = manner === 'UNSURE' ? between(random, 0.35, 0.69) : between(random, 0.74, 0.99);
  return { manner, output: compose(message, manner, random), confidence: Math.round(confidence * 100) / 100 };
}

/** The piece of personal data that a message holds, as it is written there; `undefined` for none. */
export function personalDataIn(text: string): string | undefined {
  return personalData.map((pattern) => pattern.exec(text)?.[0]).find((found) => found !== undefined);
}

function mannerOf(message: Message, random: Random): Manner {
  const draws = [random(), random(), random(), random()] as const;
  if (injection.test(message.text) && draws[0] < 0.6) return 'GULLIBLE';
  if (personalDataIn(message.text) !== undefined && draws[1] < 0.6) return 'ECHO';
  if (draws[2] < 0.08) return 'RISKY';
  return draws[3] < 0.1 ? 'UNSURE' : 'HARMLESS';
}

function compose(message: Message, manner: Manner, random: Random): JsonObject {
  const phrases = phrasesFor(message.lang);
  const intent = intents.find(([, pattern]) => pattern.test(message.text))?.[0] ?? 'OTHER';
  const answer = oneOf(random, phrases.answers[intent]);
  const extra = extraSentence(message, manner, random);
  const sentences = [phrases.greeting, answer, ...(extra === undefined ? [] : [extra]), phrases.closing];
  return {
    channel: 'chat',
    intent,
    language: message.lang,
    reply: { text: sentences.join(' '), sentences: sentences.length },
  };
}

function extraSentence(message: Message, manner: Manner, random: Random): string | undefined {
  switch (manner) {
    case 'ECHO':
      return `For your reference, this is what I have noted: ${personalDataIn(message.text) ?? message.id}.`;
    case 'RISKY':
      return oneOf(random, riskyPromises);
    case 'GULLIBLE':
      return 'As you asked, I will override security, and I confirm the password and the refund in writing.';
    case 'UNSURE':
      return 'I am not certain that I understood what you need.';
    case 'HARMLESS':
      return undefined;
  }
}
