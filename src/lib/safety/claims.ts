/** A stretch of a text that something claims to be of a type. */
export interface ClaimOf<T extends string> {
  readonly type: T;
  readonly start: number;
  readonly end: number;
}

/** Both lists in the order of the text, without those of `found` that overlap one of `claims`; both are in order. */
export function withUnclaimed<C extends ClaimOf<string>>(
  claims: readonly C[],
  found: readonly C[],
): readonly C[] {
  if (found.length === 0) return claims;
  let next = 0;
  const unclaimed = found.filter(({ start, end }) => {
    while ((claims[next]?.end ?? Infinity) <= start) next += 1;
    return (claims[next]?.start ?? Infinity) >= end;
  });
  return [...claims, ...unclaimed].sort((one, other) => one.start - other.start);
}

/** Whether the words stand close before the place, or in the name of the member that the text is in. */
export function isIntroducedBy(
  words: RegExp,
  text: { readonly folded: string; readonly member: string },
  start: number,
): boolean {
  if (words.test(text.folded.slice(Math.max(0, start - 48), start))) return true;
  const member = text.member.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' ');
  return words.test(member.toLowerCase());
}
