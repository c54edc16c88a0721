/**
 * The laws of the house: what each ring may import. A package is matched by its path, because its kind (`npm`,
 * `npm-dev`, …) depends on how it was installed.
 */

/** Refuses an import of anything but the listed paths: own files, packages, and Node's modules by name. */
function ring(name, from, allowed, comment) {
  return { name, comment, severity: 'error', from: { path: from }, to: { pathNot: allowed } };
}

/** A ring that may also import whatever Node brings along. */
function ringOnNode(name, from, allowed, comment) {
  const rule = ring(name, from, allowed, comment);
  return { ...rule, to: { ...rule.to, dependencyTypesNot: ['core'] } };
}

const packages = (...names) => names.map((name) => `^node_modules/(@types/)?${name}/`);
const anyPackage = '^node_modules/';
const node = (...names) => names.map((name) => `^(node:)?${name}$`);

const models = '^src/models/';
const ports = '^src/ports/';
const services = '^src/services/';
const lib = '^src/lib/';
const api = '^src/api/';
const modules = '^src/modules/';
const roots = '^src/(main|server|app\\.module)\\.ts$';
const config = '^src/(config|setting)\\.ts$';
const migrations = '^migrations/';
const barrel = '^src/index\\.ts$|^src/.*/index\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ring(
      'models-import-models',
      models,
      [
        models,
        ...packages('canonicalize', 'html-entities', 'ipaddr.js'),
        ...node('buffer', 'crypto', 'zlib'),
      ],
      'What is: types and pure rules, which know nobody.',
    ),
    ring('ports-import-models', ports, [ports, models], 'What we need: promises in the words of the models.'),
    ring(
      'services-import-models-and-ports',
      services,
      [
        services,
        models,
        ports,
        ...packages('@nestjs/common', 'uuidv7'),
        ...node('crypto', 'timers/promises'),
      ],
      'What we do: use cases on models and ports, with no word of how.',
    ),
    ringOnNode(
      'lib-imports-models-and-ports',
      lib,
      [lib, models, ports, migrations, anyPackage],
      'How: an adapter keeps the promise of a port and knows no use case.',
    ),
    ringOnNode(
      'api-imports-models-and-services',
      api,
      [api, models, services, anyPackage],
      'HTTP in: an edge asks a service, never an adapter or a port.',
    ),
    {
      name: 'api-has-no-store',
      comment: 'An edge that spoke to a store or a queue would go round the rules of the services.',
      severity: 'error',
      from: { path: api },
      to: { path: packages('typeorm', 'pg', 'ioredis', 'bullmq', '@nestjs/bullmq') },
    },
    {
      name: 'only-the-roots-import-modules',
      comment: 'Wires see everything and are seen by the roots alone; one module may import another.',
      severity: 'error',
      from: { path: '^src/', pathNot: [modules, roots] },
      to: { path: modules },
    },
    {
      name: 'roots-are-not-imported',
      comment: 'main, server and app.module are where reading starts.',
      severity: 'error',
      from: { path: '^src/', pathNot: roots },
      to: { path: roots },
    },
    {
      name: 'config-is-read-at-the-roots',
      comment: 'What depends on a setting is given its value.',
      severity: 'error',
      from: { path: '^src/', pathNot: [modules, roots, config] },
      to: { path: config },
    },
    ringOnNode(
      'config-imports-models',
      config,
      [config, models, anyPackage],
      'The environment is validated before anything else exists.',
    ),
    {
      name: 'src-imports-src',
      comment: 'The product does not depend on its tests, its demonstration or its scripts.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(demo|verify|test|scripts)/' },
    },
    {
      name: 'migrations-are-run-by-one-file',
      comment: 'Migrations are the history of the schema: one adapter runs them, and nothing builds on them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/lib/postgres/migrate\\.ts$' },
      to: { path: migrations },
    },
    {
      name: 'demo-speaks-http',
      comment:
        'The demonstration is a client like any other: what it needs of the product it asks for over HTTP.',
      severity: 'error',
      from: { path: '^demo/' },
      to: { path: '^(src|verify|test|migrations)/' },
    },
    ring(
      'verify-trusts-nothing',
      '^verify/',
      ['^verify/', ...packages('canonicalize'), ...node('crypto', 'fs', 'fs/promises', 'readline', 'util')],
      'Whoever checks the record must not have to believe the one who wrote it: the program shares no line with the server.',
    ),
    ring(
      'migrations-stand-alone',
      '^migrations/',
      ['^migrations/', ...packages('typeorm')],
      'A migration must mean in a year what it means today, whatever the sources say by then.',
    ),
    ringOnNode(
      'scripts-run-before-the-install',
      '^scripts/',
      ['^scripts/', '^demo/options\\.mjs$'],
      'A script that needed a package could not install it.',
    ),
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or three. An import of types counts.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-barrels',
      comment: 'An import names the file that the thing is in.',
      severity: 'error',
      from: { path: barrel },
      to: {},
    },
    {
      name: 'no-imports-of-barrels',
      comment: 'An import names the file that the thing is in.',
      severity: 'error',
      from: {},
      to: { path: barrel },
    },
    {
      name: 'imports-resolve',
      comment: 'A rule cannot judge what it cannot find.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: anyPackage },
    exclude: { path: '^(dist|coverage|node_modules/\\.cache)/' },
    moduleSystems: ['es6'],
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
