import { BadRequestException, NotFoundException } from '@nestjs/common';
import { EventStoreUnavailable, EventTooLarge, Rejected, RevisionConflict } from '@app/event-sourcing';
import { InvalidCursor } from '../read-models/page';
import { DpsError } from '../shared/dps-error';
import { ProblemError, problemDocument, problemOf } from './problem';

const framework = Object.assign(new Error('Request body is too large'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 });

const cases: readonly (readonly [exception: unknown, status: number, kind: string])[] = [
  [ProblemError.notFound('There is no such thing.'), 404, 'not-found'],
  [new Rejected('hub-changed', 'the hub is another one now'), 412, 'hub-changed'],
  [new Rejected('hub-already-linked', 'it is there'), 409, 'hub-already-linked'],
  [DpsError.badRequest('The connection string is not valid.'), 400, 'invalid-request'],
  [DpsError.unauthorized('the signature is wrong'), 401, 'unauthorized'],
  [new InvalidCursor(), 400, 'invalid-request'],
  [new RevisionConflict('stream', 1n, 2n), 409, 'conflict'],
  [new EventTooLarge('stream', 2_000_000, 1_000_000), 413, 'content-too-large'],
  [new EventStoreUnavailable('connection refused to 10.0.0.1'), 503, 'unavailable'],
  [new BadRequestException('Unexpected end of JSON input'), 400, 'invalid-request'],
  [new NotFoundException(), 404, 'not-found'],
  [framework, 413, 'content-too-large'],
  [new Rejected('a-reason-nobody-declared', 'secret'), 500, 'internal'],
  [new Error('password=hunter2'), 500, 'internal'],
  ['thrown text', 500, 'internal'],
];

test.each(cases)('%s is a problem', (exception, status, kind) => {
  expect(problemOf(exception)).toMatchObject({ status, kind });
});

test('what went wrong inside, and why a credential was refused, is for the log only', () => {
  const hidden = [
    new Error('password=hunter2'),
    DpsError.unauthorized('the signature is wrong'),
    new EventStoreUnavailable('10.0.0.1'),
  ];
  for (const exception of hidden) {
    const cause = problemOf(exception);
    const document = JSON.stringify(problemDocument(cause, '/api/v1/devices', 'tracking'));
    expect(document).not.toMatch(/hunter2|signature|10\.0\.0\.1/);
    expect(cause.logReason).toMatch(/hunter2|signature|10\.0\.0\.1/);
  }
});

test('has the members of RFC 9457 and a tracking id', () => {
  const cause = problemOf(ProblemError.invalidRequest('The request is not as documented.', ['limit must be a number']));
  expect(problemDocument(cause, '/api/v1/devices', 'tracking')).toEqual({
    type: 'urn:rehome:problem:invalid-request',
    title: 'Invalid request',
    status: 400,
    detail: 'The request is not as documented.',
    instance: '/api/v1/devices',
    trackingId: 'tracking',
    errors: ['limit must be a number'],
  });
});
