import type { OpenAPIObject } from '@nestjs/swagger';
import { RunningService, startService } from '@test/support/running-service';

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema?: object;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, object>> }>
  >;
}

let service: RunningService;
let document: OpenAPIObject;
let operations: readonly (readonly [name: string, path: string, method: string, operation: Operation])[];

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  const answer = await service.manage('GET', '/openapi.json');
  document = answer.json() as OpenAPIObject;
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(
      ([method, operation]) => [`${method.toUpperCase()} ${path}`, path, method, operation] as const,
    ),
  );
});

afterAll(() => service.close());

test('is OpenAPI 3.1', () => {
  expect(document.openapi).toMatch(/^3\.1\./);
  expect(document.info).toMatchObject({ title: expect.any(String) as string, version: expect.any(String) as string });
});

test('has every route of the management API, and no other', () => {
  expect(operations.map(([name]) => name).sort()).toEqual([
    'DELETE /api/v1/certificates/{name}',
    'DELETE /api/v1/enrollment-groups/{enrollmentGroupId}/reprovision-policy',
    'DELETE /api/v1/enrollments/{registrationId}/reprovision-policy',
    'DELETE /api/v1/linked-hubs/{hostName}',
    'DELETE /api/v1/webhooks/{name}',
    'DELETE /api/v1/webhooks/{name}/dead-letters/{id}',
    'GET /api/v1/asyncapi.json',
    'GET /api/v1/attestation-failures',
    'GET /api/v1/attestation-failures/{registrationId}',
    'GET /api/v1/audit/events',
    'GET /api/v1/audit/events/{position}',
    'GET /api/v1/audit/export',
    'GET /api/v1/audit/public-key',
    'GET /api/v1/audit/roots',
    'GET /api/v1/campaigns',
    'GET /api/v1/campaigns/{campaignId}',
    'GET /api/v1/campaigns/{campaignId}/devices',
    'GET /api/v1/certificate-expiry',
    'GET /api/v1/certificates',
    'GET /api/v1/certificates/{name}',
    'GET /api/v1/connections',
    'GET /api/v1/devices',
    'GET /api/v1/devices/{registrationId}',
    'GET /api/v1/devices/{registrationId}/erasure',
    'GET /api/v1/devices/{registrationId}/history',
    'GET /api/v1/devices/{registrationId}/operations',
    'GET /api/v1/devices/{registrationId}/twin',
    'GET /api/v1/devices/{registrationId}/why',
    'GET /api/v1/enrollment-groups',
    'GET /api/v1/enrollment-groups/{enrollmentGroupId}',
    'GET /api/v1/enrollment-groups/{enrollmentGroupId}/history',
    'GET /api/v1/enrollment-groups/{enrollmentGroupId}/reprovision-policy',
    'GET /api/v1/enrollments',
    'GET /api/v1/enrollments/{registrationId}',
    'GET /api/v1/enrollments/{registrationId}/history',
    'GET /api/v1/enrollments/{registrationId}/reprovision-policy',
    'GET /api/v1/feed',
    'GET /api/v1/feed/replay',
    'GET /api/v1/fleet',
    'GET /api/v1/fleet/devices',
    'GET /api/v1/fleet/diff',
    'GET /api/v1/fleet/flows',
    'GET /api/v1/fleet/status',
    'GET /api/v1/hubs',
    'GET /api/v1/hubs/{hostName}/devices',
    'GET /api/v1/latency-measurements',
    'GET /api/v1/linked-hubs',
    'GET /api/v1/linked-hubs/{hostName}',
    'GET /api/v1/linked-hubs/{hostName}/history',
    'GET /api/v1/openapi.json',
    'GET /api/v1/operations',
    'GET /api/v1/operations/{operationId}',
    'GET /api/v1/projections',
    'GET /api/v1/projections/rebuilds',
    'GET /api/v1/projections/rebuilds/{rebuildId}',
    'GET /api/v1/webhooks',
    'GET /api/v1/webhooks/{name}',
    'GET /api/v1/webhooks/{name}/dead-letters',
    'POST /api/v1/audit/verify',
    'POST /api/v1/campaigns',
    'POST /api/v1/campaigns/preview',
    'POST /api/v1/campaigns/{campaignId}/abort',
    'POST /api/v1/campaigns/{campaignId}/pause',
    'POST /api/v1/campaigns/{campaignId}/release',
    'POST /api/v1/campaigns/{campaignId}/resume',
    'POST /api/v1/campaigns/{campaignId}/start',
    'POST /api/v1/campaigns/{campaignId}/undo',
    'POST /api/v1/certificates/{name}/generateVerificationCode',
    'POST /api/v1/certificates/{name}/verify',
    'POST /api/v1/devices/{registrationId}/erase',
    'POST /api/v1/devices/{registrationId}/reprovision-request',
    'POST /api/v1/enrollment-groups/{enrollmentGroupId}/regenerate-key',
    'POST /api/v1/enrollment-groups/{enrollmentGroupId}/reprovision-policy/preview',
    'POST /api/v1/enrollments/{registrationId}/regenerate-key',
    'POST /api/v1/enrollments/{registrationId}/reprovision-policy/preview',
    'POST /api/v1/latency-measurements',
    'POST /api/v1/projections/{name}/rebuild',
    'POST /api/v1/registrations/{registrationId}/preview',
    'POST /api/v1/webhooks/{name}/dead-letters/retry',
    'PUT /api/v1/certificates/{name}',
    'PUT /api/v1/enrollment-groups/{enrollmentGroupId}/reprovision-policy',
    'PUT /api/v1/enrollments/{registrationId}/reprovision-policy',
    'PUT /api/v1/linked-hubs/{hostName}',
    'PUT /api/v1/webhooks/{name}',
  ]);
});

test('every operation has a name of its own, a summary, a tag and security', () => {
  expect(new Set(operations.map(([, , , { operationId }]) => operationId)).size).toBe(operations.length);
  const schemes = Object.keys(document.components?.securitySchemes ?? {});
  for (const [, , , operation] of operations) {
    expect(operation).toMatchObject({ summary: expect.any(String) as string, tags: [expect.any(String)] });
    expect(operation.security?.length).toBeGreaterThan(0);
    for (const requirement of operation.security ?? []) expect(schemes).toEqual(expect.arrayContaining(Object.keys(requirement)));
  }
});

test('every operation documents a success, and its errors as problem documents', () => {
  for (const [name, , method, { responses, parameters = [] }] of operations) {
    const codes = Object.keys(responses);
    expect([name, codes.filter((code) => code.startsWith('2'))]).toEqual([name, [expect.any(String)]]);
    expect([name, codes]).toEqual([name, expect.arrayContaining(['401', '500'])]);
    if (name.includes('{')) expect([name, codes]).toEqual([name, expect.arrayContaining(['400'])]);
    const writes = method === 'put' || method === 'delete';
    if (writes) expect([name, codes]).toEqual([name, expect.arrayContaining(['400', '404', '503'])]);
    const isConditional = parameters.some((parameter) => parameter.name === 'If-Match');
    if (isConditional) expect([name, codes]).toEqual([name, expect.arrayContaining(['412'])]);
    for (const code of codes.filter((text) => text >= '400')) {
      expect(Object.keys(responses[code]?.content ?? {})).toEqual(['application/problem+json']);
    }
  }
});

test('parameters of the path are declared, and every parameter has a schema', () => {
  for (const [name, path, , operation] of operations) {
    const parameters = operation.parameters ?? [];
    const declared = parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name);
    expect([name, declared]).toEqual([name, [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])]);
    expect(new Set(parameters.map((parameter) => `${parameter.in} ${parameter.name.toLowerCase()}`)).size).toBe(
      parameters.length,
    );
    for (const parameter of parameters) expect(parameter).toMatchObject({ schema: expect.any(Object) as object });
  }
});

test('lists take a limit and a cursor, reads of read models take atLeast', () => {
  const names = (path: string): string[] =>
    operations
      .filter(([name]) => name === `GET ${path}`)
      .flatMap(([, , , { parameters = [] }]) => parameters.map(({ name }) => name));
  const filters = ['status', 'hub', 'enrollmentId', 'enrollmentGroupId', 'policy', 'idPrefix', 'changedSince'];
  expect(names('/api/v1/devices').sort()).toEqual(['atLeast', 'cursor', 'limit', ...filters].sort());
  expect(names('/api/v1/devices/{registrationId}')).toEqual(expect.arrayContaining(['atLeast', 'If-None-Match']));
});

test('every reference leads somewhere, and nothing is written in the manner of 3.0', () => {
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(walk);
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    expect(node).not.toHaveProperty('nullable');
    for (const [key, value] of Object.entries(node)) {
      if (key === '$ref') expect(document).toHaveProperty(String(value).replace('#/', '').split('/'));
      walk(value);
    }
  };
  walk(document);
  expect(JSON.stringify(document)).toContain('#/components/schemas/LinkedHubBody');
});

test('a connection string is only ever written', () => {
  const body = document.components?.schemas?.LinkedHubBody as { properties: Record<string, object> };
  expect(body.properties.connectionString).toMatchObject({ writeOnly: true });
  for (const [, , , { responses }] of operations) expect(JSON.stringify(responses)).not.toContain('connectionString"');
});

test('is refused to strangers', async () => {
  const refused = await service.manage('GET', '/openapi.json', undefined, { authorization: 'Bearer wrong' });
  expect([refused.status, refused.json()]).toEqual([401, expect.objectContaining({ type: 'urn:rehome:problem:unauthorized' })]);
});
