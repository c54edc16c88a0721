import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { default as formats } from 'ajv-formats';
import { type DescribedOperation, operationsOf } from '../../../src/api/described-operations.js';
import { type Answer, Client, textOf } from '../../support/client.js';

/** What /openapi.json says, as a judge of answers. */
export class Description {
  readonly operations: readonly DescribedOperation[];
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });

  /**
   * @param exercised Takes up each answer that was right: the route, the status and, of a problem, the code.
   */
  constructor(
    readonly document: OpenAPIObject,
    private readonly exercised = new Set<string>(),
  ) {
    this.operations = operationsOf(document);
    // The package is CommonJS: its default export is the plugin, whichever way it is loaded.
    formats.default(this.#ajv);
    this.#ajv.addSchema(document, 'api');
  }

  /** `undefined` when the value is what the schema under this pointer into the document says; else what is not. */
  faultIn(value: unknown, ...pointer: readonly string[]): string | undefined {
    const $ref = `api#/${pointer.map((token) => encodeURIComponent(escaped(token))).join('/')}`;
    const validate = this.#ajv.getSchema($ref);
    if (!validate) throw new Error(`The description has no ${$ref}.`);
    return validate(value) === true ? undefined : this.#ajv.errorsText(validate.errors);
  }

  /** The operation that a request goes to. */
  find(method: string, address: string): DescribedOperation | undefined {
    const parts = new URL(address, 'http://localhost').pathname.split('/');
    const fits = (path: string) => {
      const names = path.split('/');
      return (
        names.length === parts.length && names.every((name, i) => name.startsWith('{') || name === parts[i])
      );
    };
    const candidates = this.operations.filter((one) => one.method === method.toLowerCase() && fits(one.path));
    return candidates.find(({ path }) => path === parts.join('/')) ?? leastOpen(candidates);
  }

  /** @throws Error when the answer is not one that the description has for the request */
  check(method: string, address: string, { status, body, headers }: Answer): void {
    const described = this.find(method, address);
    if (!described) return;
    const { path, operation } = described;
    const route = `${method} ${path}`;
    const blame = (fault: string) =>
      new Error(`${route} answered ${status} ${JSON.stringify(body)}, but ${fault}.`);
    const response = operation.responses[status];
    if (!response || '$ref' in response)
      throw blame(`it describes ${Object.keys(operation.responses).join()}`);

    if (!headers.has('x-request-id')) throw blame('every answer carries x-request-id');
    const mediaType = headers.get('content-type')?.split(';', 1)[0] ?? '';
    const types = Object.keys(response.content ?? {});
    if (types.length === 0 ? mediaType !== '' : !types.includes(mediaType))
      throw blame(`its type is ${mediaType} and not ${types.join() || 'none'}`);
    for (const [name, header] of Object.entries(response.headers ?? {})) {
      const shape = '$ref' in header ? header.$ref.replace('#/components/headers/', '') : name;
      const fault = this.faultIn(headers.get(name), 'components', 'headers', shape, 'schema');
      if (fault !== undefined) throw blame(`its header ${name} ${fault}`);
    }
    // What is no JSON is text, and read by whoever asked for it.
    if (/^application\/(problem\+)?json$/.test(mediaType)) {
      const answered = ['responses', String(status), 'content', mediaType, 'schema'];
      const fault = this.faultIn(body, 'paths', path, method.toLowerCase(), ...answered);
      if (fault !== undefined) throw blame(fault);
    }
    const isProblem = mediaType === 'application/problem+json';
    if (isProblem && !operation['x-error-codes']?.some((code) => code === textOf(body.code)))
      throw blame(`its codes are ${operation['x-error-codes']?.join() ?? 'none'}`);
    this.exercised.add(isProblem ? `${route} ${status} ${textOf(body.code)}` : `${route} ${status}`);
  }
}

/** A client that holds every answer against the description. */
export class DescribedClient extends Client {
  constructor(
    { url, key }: Client,
    readonly description: Description,
  ) {
    super(url, key);
  }

  override async raw(
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await super.raw(method, path, body, headers);
    this.description.check(method, path, answer);
    return answer;
  }
}

/** The description that a server gives of itself. */
export async function descriptionOf(url: string, exercised?: Set<string>): Promise<Description> {
  const response = await fetch(`${url}/openapi.json`);
  const document = (await response.json()) as OpenAPIObject;
  return new Description(document, exercised);
}

function escaped(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

function leastOpen(candidates: readonly DescribedOperation[]): DescribedOperation | undefined {
  const openness = ({ path }: DescribedOperation) => path.split('{').length;
  return candidates.toSorted((one, other) => openness(one) - openness(other))[0];
}
