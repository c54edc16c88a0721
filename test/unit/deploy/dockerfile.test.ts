import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { DockerfileParser } from 'dockerfile-ast';
import type { Instruction } from 'dockerfile-ast';

const source = readFileSync('deploy/Dockerfile', 'utf8');
const instructions = DockerfileParser.parse(source).getInstructions();

function all(keyword: string, among: readonly Instruction[] = instructions): readonly Instruction[] {
  return among.filter((instruction) => instruction.getKeyword() === keyword);
}

function text(instruction: Instruction | undefined): string {
  return instruction?.getArgumentsContent() ?? '';
}

/** The instructions of the last stage: what is in the image. */
const image = instructions.slice(instructions.lastIndexOf(all('FROM').at(-1) as Instruction) + 1);

describe('the Dockerfile', () => {
  it('builds on one base, pinned to a slim image of the Node version that the lock file pins', () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { version: string }>;
    };
    const pinned = lock.packages['node_modules/node']?.version.split('.').slice(0, 2).join('.');
    const [base, ...stages] = all('FROM').map(text);
    expect(base).toBe(`node:${pinned}-trixie-slim AS base`);
    expect(stages.every((stage) => /^base AS \w+$/u.test(stage))).toBe(true);
  });

  it('copies the lock file before the sources, so that sources do not invalidate the installation', () => {
    const build = instructions.map((instruction) => `${instruction.getKeyword()} ${text(instruction)}`);
    const install = build.findIndex((line) => line.startsWith('RUN npm ci'));
    expect(build[install - 1]).toContain('package-lock.json');
    expect(build.indexOf('COPY . .')).toBeGreaterThan(install);
  });

  it('installs what the lock file says, without scripts, and no development or optional packages into the image', () => {
    const installs = all('RUN')
      .map(text)
      .filter((run) => run.includes('npm'));
    expect(installs.some((run) => /npm (?:i|install|add)\b/u.test(run))).toBe(false);
    const [forBuild, forImage] = installs;
    expect(forBuild).toContain('npm ci --ignore-scripts');
    expect(forImage).toContain('npm ci --omit=dev --omit=optional --ignore-scripts');
    expect(all('RUN', image)).toEqual([]);
    expect(all('RUN').map(text)).toContain('node node_modules/typescript/bin/tsc -p tsconfig.build.json');
  });

  it('copies only what runs into the image', () => {
    expect(all('COPY', image).map(String)).toEqual([
      'COPY package.json ./',
      'COPY --from=dependencies /app/node_modules ./node_modules',
      'COPY --from=build /app/dist ./dist',
    ]);
    const admitted = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => /^[^#]/u.test(line));
    expect(admitted[0]).toBe('*');
    expect(admitted.slice(1).every((line) => line.startsWith('!'))).toBe(true);
    expect(admitted).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/env|test|demo|chimera|\*\*/u)]),
    );
  });

  it('runs as a numbered user that is not root, decided after the last copy', () => {
    expect(all('USER').map(text)).toEqual(['1000:1000']);
    const keywords = image.map((instruction) => instruction.getKeyword());
    expect(keywords.indexOf('USER')).toBeGreaterThan(keywords.lastIndexOf('COPY'));
  });

  it('starts Node itself, with no shell in between, so that SIGTERM arrives', () => {
    const command = JSON.parse(text(all('CMD', image).at(-1))) as string[];
    expect(command).toEqual(['node', 'dist/src/main.js']);
    expect(all('ENTRYPOINT')).toEqual([]);
    expect(all('STOPSIGNAL').map(text)).toEqual(['SIGTERM']);
  });

  it('asks the service itself whether it is ready', () => {
    const [check, ...others] = all('HEALTHCHECK').map(text);
    expect(others).toEqual([]);
    const command = JSON.parse(/\[.*\]$/u.exec(check ?? '')?.[0] ?? '[]') as string[];
    expect(command.slice(0, 2)).toEqual(['node', '-e']);
    expect(command[2]).toContain('/health/ready');
  });

  it('sets no secret and keeps to the rules of the house', () => {
    expect(text(all('ENV', image)[0])).toMatch(/NODE_ENV=production[^]*HOST=0\.0\.0\.0[^]*PORT=3000/u);
    expect(source).not.toMatch(/password|_KEY|token|DATABASE_URL|REDIS_URL/iu);
    expect(all('ADD')).toEqual([]);
    expect(all('MAINTAINER')).toEqual([]);
    expect(
      all('WORKDIR')
        .map(text)
        .every((path) => path.startsWith('/')),
    ).toBe(true);
    expect(
      all('RUN')
        .map(text)
        .some((run) => /\b(?:sudo|curl|wget|apt-get|cd )/u.test(run)),
    ).toBe(false);
  });
});
