/** A stretch of a text that is read as one sentence, without the white space around it. */
export interface Sentence {
  readonly start: number;
  readonly end: number;
  readonly asks: boolean;
  /** Whether what it asks is meant as advice: `why not …`. */
  readonly suggests: boolean;
  /** Where an order would begin with its verb: after words like `please`. */
  readonly order: number;
}

/** How much text without an end of a sentence is read as one. */
const longestSentence = 400;

const beforeOrder =
  /[\s"'*>-]{0,4}(?:(?:please|just|simply|now|then|so|always|never|don't|do not|first|today|honestly|ok|okay),?\s){0,2}/y;

/** The sentences of a text, in pieces that end between words when they are very long. */
export function* sentencesOf(folded: string): Generator<Sentence> {
  let from = 0;
  for (const { index, 0: stop } of folded.matchAll(/[.!?;]+(?=[\s"')\]*_]|$)|\n+|[。！？]|$/g)) {
    const end = index + stop.length;
    yield* piecesOf(folded, from, end, stop.includes('?'));
    from = end;
  }
}

function* piecesOf(folded: string, first: number, end: number, asks: boolean): Generator<Sentence> {
  let from = first;
  while (from < end) {
    let to = Math.min(end, from + longestSentence);
    if (to < end) {
      const space = folded.slice(from, to).lastIndexOf(' ');
      if (space > 0) to = from + space;
    }
    const piece = folded.slice(from, to);
    const text = piece.trim();
    if (text !== '') {
      const start = from + piece.indexOf(text);
      beforeOrder.lastIndex = start;
      const order = start + (beforeOrder.exec(folded)?.[0].length ?? 0);
      const suggests =
        asks &&
        /(?<![a-z])(?:why (?:not|don't you)|warum nicht|pourquoi ne pas|por ?que n(?:o|ao))(?![a-z])/.test(
          text,
        );
      yield { start, end: start + text.length, asks, suggests, order };
    }
    from = to;
  }
}
