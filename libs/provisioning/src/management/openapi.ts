import { Injectable } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { MANAGEMENT_PREFIX, SAS_SECURITY } from './documented';

/** The OpenAPI document, made once from the routes of the running application. */
@Injectable()
export class OpenApiDocument {
  private made: OpenAPIObject | undefined;

  /** Called by the composition root when its application exists, before it listens. */
  publish(application: INestApplication): OpenAPIObject {
    this.made = managementDocument(application);
    return this.made;
  }

  get document(): OpenAPIObject {
    if (this.made === undefined) throw new Error('the OpenAPI document was not published when the application was made');
    return this.made;
  }
}

function managementDocument(application: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Rehome management API')
    .setDescription(
      'Linked hubs, reprovision policies, and where every device is, since when, and why. Errors are RFC 9457 problems.',
    )
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: "An operator's token." })
    .addApiKey(
      { type: 'apiKey', in: 'header', name: 'Authorization', description: '`SharedAccessSignature sr=…&sig=…&se=…&skn=…`' },
      SAS_SECURITY,
    )
    .build();
  const document = SwaggerModule.createDocument(application, config, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  const paths = Object.entries(document.paths).filter(([path]) => path.startsWith(`/${MANAGEMENT_PREFIX}/`));
  return { ...document, paths: Object.fromEntries(paths) };
}
