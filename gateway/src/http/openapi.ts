import type { INestApplication } from '@nestjs/common';
import { ApiProperty, DocumentBuilder, SwaggerModule, type ApiPropertyOptions } from '@nestjs/swagger';
import { getMetadataStorage } from 'class-validator';
import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata';

/** OpenAPI 3.1 at /api/openapi.json, browsable at /api/docs; the schemas come from the DTOs' validators. */
export const serveOpenApi = (app: INestApplication): void => {
  describeDtos();
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Medseal')
    .setDescription(
      'Health records shared between hospitals, with the patient in control. A POST of staff whose own device holds ' +
        'the keys may answer 202 with `repeat: true` and what is to be signed, `signing` or `questions`: it goes on ' +
        'when it is sent again with its Idempotency-Key after POST /transactions/{id}/sign.',
    )
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth()
    .addSecurityRequirements('bearer')
    .build();
  SwaggerModule.setup('api/docs', app, () => SwaggerModule.createDocument(app, config), {
    jsonDocumentUrl: 'api/openapi.json',
    yamlDocumentUrl: 'api/openapi.yaml',
    customSiteTitle: 'Medseal API',
  });
};

/** Puts on every validated class the schema that its validators already say. */
const describeDtos = (): void => {
  const storage = getMetadataStorage() as unknown as {
    validationMetadatas: Map<unknown, ValidationMetadata[]>;
  };
  for (const [target, rules] of storage.validationMetadatas) {
    if (typeof target !== 'function') continue;
    for (const property of new Set(rules.map(({ propertyName }) => propertyName))) {
      const own = rules.filter(({ propertyName }) => propertyName === property);
      ApiProperty(schemaOf(target.prototype as object, property, own))(target.prototype as object, property);
    }
  }
};

const schemaOf = (prototype: object, property: string, rules: ValidationMetadata[]): ApiPropertyOptions => {
  const options: Record<string, unknown> = {
    required: !rules.some(({ type }) => type === 'conditionalValidation'),
  };
  for (const { name, constraints } of rules) {
    const [first, second] = (constraints ?? []) as unknown[];
    switch (name) {
      case 'isString':
        options['type'] = 'string';
        break;
      case 'isEmail':
        Object.assign(options, { type: 'string', format: 'email' });
        break;
      case 'isBoolean':
        options['type'] = 'boolean';
        break;
      case 'isInt':
        options['type'] = 'integer';
        break;
      case 'isNumber':
        options['type'] = 'number';
        break;
      case 'minLength':
        options['minLength'] = first;
        break;
      case 'maxLength':
        options['maxLength'] = first;
        break;
      case 'isLength':
        Object.assign(options, { minLength: first, maxLength: second });
        break;
      case 'min':
        options['minimum'] = first;
        break;
      case 'max':
        options['maximum'] = first;
        break;
      case 'matches':
        options['pattern'] = first instanceof RegExp ? first.source : String(first);
        break;
      case 'isIn':
        options['enum'] = first;
        break;
      case 'isObject':
        Object.assign(options, { type: 'object', additionalProperties: true });
        break;
      case 'isArray':
        options['isArray'] = true;
        break;
    }
  }
  if (options['type'] === undefined && options['enum'] === undefined) {
    const declared: unknown = Reflect.getMetadata('design:type', prototype, property);
    options['type'] = declared === Array || declared === Object ? 'object' : declared;
    if (options['type'] === 'object') options['additionalProperties'] = true;
  }
  if (options['enum'] !== undefined) delete options['type'];
  return options as ApiPropertyOptions;
};
