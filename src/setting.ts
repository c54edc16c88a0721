/* The sorts of settings: how the text of an environment variable becomes a value, or a fault. */

/** What a text came to. */
export type Read<T> = { readonly value: T } | { readonly fault: string };

/** One setting: what is said of it, and how its text is read. */
export interface Setting<T> {
  /** As `.env.example` and the README describe it. */
  readonly description: string;
  /** In words, when it is not a value. */
  readonly fallback: string;
  read(text: string | undefined): Read<T>;
}

/** On one line of sane length, whatever the value holds. */
export function quoted(text: string): string {
  return `"${text.slice(0, 100).replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '\uFFFD')}"`;
}

export function wholeNumber(
  description: string,
  fallback: number,
  min: number,
  max: number,
): Setting<number> {
  return {
    description,
    fallback: String(fallback),
    read(text) {
      if (text === undefined) return { value: fallback };
      const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max
        ? { value }
        : { fault: `must be a whole number from ${min} to ${max}, not ${quoted(text)}` };
    },
  };
}

/** A number of milliseconds whose default depends on other settings. */
export function duration(
  description: string,
  fallback: string,
  min: number,
  max: number,
): Setting<number | undefined> {
  const number = wholeNumber(description, min, min, max);
  return {
    description,
    fallback,
    read: (text) => (text === undefined ? { value: undefined } : number.read(text)),
  };
}

export function address(
  description: string,
  fallback: string,
  protocols: readonly string[],
): Setting<string | undefined> {
  return {
    description,
    fallback,
    read(text) {
      if (text === undefined) return { value: undefined };
      const url = URL.parse(text);
      if (url && protocols.includes(url.protocol) && url.hostname !== '') return { value: text };
      // The value may hold a password, so it is not repeated.
      return {
        fault: `must be a URL that begins with ${protocols.map((one) => `${one}//`).join(' or ')} and names a host`,
      };
    },
  };
}

export function words(
  description: string,
  fallback: string,
  test: (text: string) => string | undefined,
): Setting<string> {
  return {
    description,
    fallback,
    read(text = fallback) {
      const fault = test(text);
      return fault === undefined ? { value: text } : { fault };
    },
  };
}

/** Where something lies on the disk. `preset` is what it is when it is not set. */
export function path<P extends string | undefined>(
  description: string,
  fallback: string,
  preset: P,
): Setting<string | P> {
  return {
    description,
    fallback,
    read(text) {
      if (text === undefined) return { value: preset };
      return text.trim() !== '' && !text.includes('\0') ? { value: text } : { fault: 'must be a path' };
    },
  };
}

/** What is never repeated, of so many characters. */
export function secret(
  description: string,
  fallback: string,
  min: number,
  max: number,
): Setting<string | undefined> {
  const shape = new RegExp(`^[\\x21-\\x7e]{${min},${max}}$`);
  return {
    description,
    fallback,
    read: (text) =>
      text === undefined || shape.test(text)
        ? { value: text }
        : { fault: `must have ${min}–${max} printable characters without spaces` },
  };
}

/** Text that may be left out, without spaces. */
export function optionalWords(description: string, fallback: string): Setting<string | undefined> {
  return {
    description,
    fallback,
    read: (text) =>
      text === undefined || /^[\x21-\x7e]{1,500}$/.test(text)
        ? { value: text }
        : { fault: `must have 1–500 printable characters without spaces, not ${quoted(text)}` },
  };
}

/** The URL of an OpenID issuer: of https, or of this machine; without query and fragment (OpenID Connect Discovery 1.0, section 3). */
export function issuer(description: string, fallback: string): Setting<string | undefined> {
  return {
    description,
    fallback,
    read(text) {
      if (text === undefined) return { value: undefined };
      const url = URL.parse(text);
      const here = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
      const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && here);
      if (safe && /^[^?#@\s]{1,200}$/.test(text)) return { value: text };
      return {
        fault:
          'must be a URL of https, or of http on this machine, without user, query and fragment, of at most 200 characters',
      };
    },
  };
}

/**
 * Entries between commas, each held to `test`, which says what an entry must be, and repeats it only where it is no secret. None
 * when it is not set; with a `preset`, that, and then there must be one at least.
 */
export function list(
  description: string,
  fallback: string,
  test: (entry: string, index: number) => string | undefined,
  preset?: string,
): Setting<readonly string[]> {
  return {
    description,
    fallback,
    read(text = preset ?? '') {
      const entries = text.split(',').map((entry) => entry.trim());
      const kept = entries.filter((entry) => entry !== '');
      const held = kept.length === 0 && preset !== undefined ? [''] : kept;
      const fault = held.map(test).find((one) => one !== undefined);
      return fault === undefined ? { value: kept } : { fault };
    },
  };
}

/** Entries `from=to` between commas. Empty when it is not set. */
export function mapping<T extends string>(
  description: string,
  fallback: string,
  target: (text: string) => text is T,
  targets: string,
): Setting<ReadonlyMap<string, T>> {
  return {
    description,
    fallback,
    read(text = '') {
      const pairs = new Map<string, T>();
      for (const entry of text.split(',').filter((one) => one.trim() !== '')) {
        const cut = entry.lastIndexOf('=');
        const from = entry.slice(0, Math.max(cut, 0)).trim();
        const to = entry.slice(cut + 1).trim();
        if (from === '' || !target(to))
          return { fault: `must be entries such as name=${targets}, between commas, not ${quoted(entry)}` };
        pairs.set(from, to);
      }
      return { value: pairs };
    },
  };
}

/** `on` or `off`. */
export function onOrOff(description: string, fallback: 'on' | 'off'): Setting<boolean> {
  return {
    description,
    fallback,
    read(text = fallback) {
      if (text === 'on' || text === 'off') return { value: text === 'on' };
      return { fault: `must be on or off, not ${quoted(text)}` };
    },
  };
}

/** Whether `parse` takes the text. It may be a secret, and nobody is told what is wrong with it. */
export function parses(text: string, parse: (text: string) => unknown): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
