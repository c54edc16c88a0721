import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { describeErrors, errorExamples } from './described-errors.js';
import { type Operation, operationsOf } from './described-operations.js';
import { components } from './schemas/components.js';
import { headers } from './schemas/headers.js';
import { pathParameters } from './schemas/path-parameters.js';

const description = `The control plane between a fleet of AI agents and the world.

**To review by hand**: press *Authorize* and paste an operator's key; list the cards that wait under **Reviews**; look at one; decide it.

Lists take \`limit\` and \`cursor\` and answer \`{items, nextCursor}\`. Errors are RFC 9457 problems with a stable \`code\`. Unknown members and query parameters are refused. Every answer carries \`x-request-id\`; a W3C \`traceparent\` is taken up.`;

const tags: readonly (readonly [string, string])[] = [
  ['Reviews', 'What waits for a person, and the decisions.'],
  ['Tasks', 'Work: submitted, handed out, handed in, released.'],
  ['Agents', 'The fleet: who is there, and what they take on.'],
  ['Sessions', 'Runs that group tasks.'],
  ['Policy', 'The rules of the gate, versioned.'],
  ['Audit', 'What happened, link by link.'],
  ['Events', 'What happens, as it happens.'],
  ['Tenants and keys', 'Who is isolated from whom, and who may do what.'],
  ['Operations', 'How the service is.'],
];

/** The OpenAPI 3.1 description of every route. */
export function describeApi(app: NestFastifyApplication, version: string): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Chimera')
    .setDescription(description)
    .setVersion(version)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This installation')
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        description:
          "An API key, the admin's or one of a tenant, or a token of the issuer that the installation trusts.",
      },
      'key',
    );
  for (const [name, about] of tags) builder.addTag(name, about);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    operationIdFactory: (controller, method) => `${controller.replace('Controller', '')}.${method}`,
  });
  for (const described of operationsOf(document)) {
    describePath(described.operation);
    describeAnswers(described.operation);
    describeErrors(described);
  }
  return {
    ...document,
    components: {
      ...document.components,
      schemas: { ...closed(document.components?.schemas ?? {}), ...components },
      headers,
      examples: errorExamples,
    },
  };
}

/** Unknown members of a body are refused, and the description says so. */
function closed<T extends object>(schemas: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, { ...schema, additionalProperties: false }]),
  );
}

function describePath({ parameters = [] }: Operation): void {
  for (const parameter of parameters) {
    if ('in' in parameter && parameter.in === 'path')
      Object.assign(parameter, pathParameters[parameter.name]);
  }
}

/** An answer is described by what its shape says of itself. */
function describeAnswers({ responses }: Operation): void {
  for (const response of Object.values(responses)) {
    if (response === undefined || '$ref' in response) continue;
    const shape = components[response.description];
    if (shape && 'description' in shape && shape.description) response.description = shape.description;
    response.headers = { ...response.headers, 'x-request-id': { $ref: '#/components/headers/RequestId' } };
  }
}

/** Serves the description at /openapi.json, and, unless it is switched off, Swagger UI for it at /docs. */
export function serveDocs(app: NestFastifyApplication, document: OpenAPIObject, swaggerUi: boolean): void {
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    ui: swaggerUi,
    customSiteTitle: 'Chimera API',
    swaggerOptions: {
      persistAuthorization: true,
      displayRequestDuration: true,
      docExpansion: 'list',
      tryItOutEnabled: true,
      defaultModelsExpandDepth: 0,
      // It would show the description to somebody else's service.
      validatorUrl: null,
    },
  });
}
