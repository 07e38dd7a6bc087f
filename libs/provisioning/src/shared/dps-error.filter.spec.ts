import { NotFoundException, PayloadTooLargeException, UnsupportedMediaTypeException } from '@nestjs/common';
import { EventStoreUnavailable, EventTooLarge, Rejected, RevisionConflict } from '@app/event-sourcing';
import { DpsError } from './dps-error';
import { asDpsError } from './dps-error.filter';

describe('what was thrown, as the documented error', () => {
  const frameworkError = (statusCode: number) =>
    Object.assign(new Error('from below'), { statusCode, code: 'FST_ERR_SOMETHING' });

  it.each<[string, unknown, number, number]>([
    ['an error of the wire', DpsError.unauthorized('why'), 401002, 401],
    ['a refusal as not found', new Rejected('enrollment-not-found', 'there is none'), 404201, 404],
    ['a refusal as changed', new Rejected('enrollment-changed', 'it is another'), 412001, 412],
    ['a refusal as existing', new Rejected('enrollment-exists', 'there is one'), 409201, 409],
    ['a refusal for its content', new Rejected('new-secrets-required', 'no keys'), 400004, 400],
    ['a refusal nobody declared', new Rejected('toString', 'strange'), 500000, 500],
    ['conflicts without end', new RevisionConflict('stream', 1n, 2n), 409203, 409],
    ['an event that is too large', new EventTooLarge('stream', 2, 1), 400004, 400],
    ['a store that is away', new EventStoreUnavailable('gone'), 500001, 500],
    ['an unknown route', new NotFoundException(), 404000, 404],
    ['a large body', new PayloadTooLargeException(), 400004, 400],
    ['another content type', new UnsupportedMediaTypeException(), 415000, 415],
    ['an unreadable body', frameworkError(400), 400004, 400],
    ['a failure of the framework', frameworkError(500), 500000, 500],
    ['a defect', new TypeError('secret detail'), 500000, 500],
    ['no error at all', 'secret detail', 500000, 500],
  ])('%s', (_what, thrown, errorCode, status) => {
    const error = asDpsError(thrown);
    expect(error).toMatchObject({ errorCode, status });
    expect(error.message).not.toContain('secret detail');
  });

  it('keeps the details for the log', () => {
    expect(asDpsError(new TypeError('secret detail')).logReason).toBe('TypeError: secret detail');
    expect(asDpsError(DpsError.unauthorized('why'))).toMatchObject({ message: 'Unauthorized', logReason: 'why' });
    expect(asDpsError(new Rejected('hub-changed', 'it is another')).logReason).toBe('hub-changed: it is another');
  });
});
