import { DatabaseError } from 'pg';
import { isConnectionLoss, withReconnect } from './connection-loss';

function databaseError(code: string): DatabaseError {
  const error = new DatabaseError('refused', 1, 'error');
  error.code = code;
  return error;
}
const lost = (): Error => Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });

describe('connection loss', () => {
  it.each(['57P01', '57P02', '57P03', '08006', '57014', '25006'])('is what the server says with %s', (code) => {
    expect(isConnectionLoss(databaseError(code))).toBe(true);
  });

  it.each(['23505', '22P02', '42601', 'P0001'])('is not %s', (code) => {
    expect(isConnectionLoss(databaseError(code))).toBe(false);
  });

  it('is what sockets and the driver say', () => {
    expect(isConnectionLoss(lost())).toBe(true);
    expect(isConnectionLoss(new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(isConnectionLoss(new Error('Query read timeout'))).toBe(true);
    expect(isConnectionLoss(new Error('anything else'))).toBe(false);
    expect(isConnectionLoss('ECONNRESET')).toBe(false);
    expect(isConnectionLoss(undefined)).toBe(false);
  });

  it('is repeated until it succeeds', async () => {
    let attempts = 0;
    const work = (): Promise<string> => (++attempts < 4 ? Promise.reject(lost()) : Promise.resolve('done'));
    expect(await withReconnect({ what: 'work' }, work)).toBe('done');
    expect(attempts).toBe(4);
  });

  it('is repeated for a bounded time', async () => {
    await expect(withReconnect({ what: 'work', timeoutMs: 50 }, () => Promise.reject(lost()))).rejects.toThrow('EPIPE');
  });

  it('lets other errors through at once', async () => {
    let attempts = 0;
    const work = (): Promise<never> => {
      attempts += 1;
      return Promise.reject(databaseError('23505'));
    };
    await expect(withReconnect({ what: 'work' }, work)).rejects.toBeInstanceOf(DatabaseError);
    expect(attempts).toBe(1);
  });
});
