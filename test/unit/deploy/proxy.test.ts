import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly environment?: Record<string, string>;
        readonly ulimits?: { readonly nofile: { readonly hard: number } };
      }
    >
  >;
}

const longestPollMs = 30_000;
const compose = parse(readFileSync('deploy/compose.yaml', 'utf8'), { merge: true }) as Compose;
const lines = readFileSync('deploy/haproxy.cfg', 'utf8')
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line !== '' && !line.startsWith('#'));

function value(directive: string): string | undefined {
  return lines.find((line) => line.startsWith(`${directive} `))?.slice(directive.length + 1);
}

function milliseconds(directive: string): number {
  const [, amount, unit] = /^(\d+)(s|ms)$/u.exec(value(directive) ?? '') ?? [];
  return Number(amount) * (unit === 's' ? 1_000 : 1);
}

describe('the proxy’s configuration', () => {
  it('knows every API process of the compose file, at its port', () => {
    const processes = Object.entries(compose.services).filter(([name]) => name.startsWith('api-'));
    const expected = processes.map(
      ([name, service]) => `server ${name} ${name}:${service.environment?.['PORT']}`,
    );
    expect(lines.filter((line) => line.startsWith('server '))).toEqual(expected);
  });

  it('names the caller by its connection, whatever it says of itself', () => {
    const frontend = lines.slice(lines.indexOf('frontend public'), lines.indexOf('frontend health'));
    expect(frontend).toContain('http-request del-header X-Forwarded-For');
    expect(lines).toContain('option forwardfor');
  });

  it('waits longer than the longest poll', () => {
    expect(milliseconds('timeout server')).toBeGreaterThan(longestPollMs + 5_000);
    expect(milliseconds('timeout client')).toBeGreaterThan(longestPollMs + 5_000);
  });

  it('lets event streams be silent', () => {
    expect(lines).toContain('http-request set-timeout server 24h if { path_end /events }');
    expect(lines).toContain('option http-no-delay');
  });

  it('gives work to processes that say they are ready, and repeats only what reached none', () => {
    expect(lines).toContain('http-check send meth GET uri /health/ready');
    expect(value('default-server')).toContain('check ');
    expect(value('retry-on')).toBe('conn-failure');
    expect(lines).toContain('option abortonclose');
  });

  it('may open as many files as its connections need, two each', () => {
    const most = Number(value('maxconn'));
    expect(compose.services['proxy']?.ulimits?.nofile.hard).toBeGreaterThan(2 * most + 1_000);
  });
});
