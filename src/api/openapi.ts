import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { components } from './schemas/components.js';

const description = `The control plane between a fleet of AI agents and the world.

Authorise with a key (\`Authorization: Bearer …\`). To review by hand: list the pending cards under **Reviews**, look at one, and decide it.

Lists take \`limit\` and \`cursor\` and answer \`{items, nextCursor}\`. Errors are RFC 9457 problems with a stable \`code\`. Every answer carries \`x-request-id\`.`;

/** The OpenAPI 3.1 description of every route. */
export function describeApi(app: NestFastifyApplication, version: string): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Chimera')
    .setDescription(description)
    .setVersion(version)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: "An API key: the admin's, or one of a tenant." },
      'key',
    )
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) => `${controller.replace('Controller', '')}.${method}`,
  });
  return {
    ...document,
    components: { ...document.components, schemas: { ...document.components?.schemas, ...components } },
  };
}

/** Serves the description at /openapi.json, and Swagger UI for it at /docs. */
export function serveDocs(app: NestFastifyApplication, document: OpenAPIObject): void {
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Chimera API',
    swaggerOptions: {
      persistAuthorization: true,
      displayRequestDuration: true,
      docExpansion: 'list',
      tryItOutEnabled: true,
    },
  });
}
