import { once } from 'node:events';
import { createServer, get, IncomingMessage, Server, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';
import { ProblemError } from '../management/problem';
import { AuditEvent } from './audit-event';
import { AuditExports, EXPORTS_MAX } from './audit-exports';

const event: AuditEvent = {
  position: '1',
  stream: 'registration-a',
  revision: '0',
  id: 'id',
  type: 'DeviceAssigned',
  time: '2026-01-01T00:00:00.000Z',
  actor: { kind: 'operator', name: 'anna' },
  correlationId: 'c',
  causationId: 'd',
  apiVersion: null,
  clientVersion: null,
  registrationId: 'a',
  enrollment: null,
  hubs: [],
  log: 'provisioning',
  data: { text: 'x'.repeat(10_000) },
};

/** A log that never ends; says when nobody reads it any more. */
class EndlessLog {
  reads = 0;
  readonly stopped: Promise<void>;
  private stop: () => void = () => undefined;

  constructor(private readonly failAt = Infinity) {
    this.stopped = new Promise((resolve) => (this.stop = resolve));
  }

  async *batches(): AsyncGenerator<readonly AuditEvent[], void, undefined> {
    try {
      for (;;) {
        await Promise.resolve();
        if (++this.reads > this.failAt) throw new Error('the store is gone');
        yield [event, event];
      }
    } finally {
      this.stop();
    }
  }
}

let server: Server | undefined;

/** Serves one export a request and gives the beginning of the first answer. */
async function begun(exports: AuditExports): Promise<IncomingMessage> {
  const serve = (_: unknown, response: ServerResponse): void => void exports.serve(response, 'ndjson', {}, 'asc');
  server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const request = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const quiet = { warn: () => undefined };

describe('an export', () => {
  it('stops reading when its reader has gone', async () => {
    const log = new EndlessLog();
    const response = await begun(new AuditExports(log, quiet));
    await once(response, 'data');
    response.destroy();
    await log.stopped;
    expect(log.reads).toBeGreaterThan(0);
  });

  it('reads no faster than its reader takes', async () => {
    const log = new EndlessLog();
    const exports = new AuditExports(log, quiet);
    const response = await begun(exports);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = log.reads;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(log.reads).toBe(before);
    response.destroy();
    await exports.close();
  });

  it('is cut off where the log cannot be read any further', async () => {
    const response = await begun(new AuditExports(new EndlessLog(2), quiet));
    response.resume();
    await expect(once(response, 'end')).rejects.toThrow('aborted');
  });

  it('is refused beside as many as may run, and at a stop', async () => {
    const exports = new AuditExports(new EndlessLog(), quiet);
    const response = await begun(exports);
    for (let more = 1; more < EXPORTS_MAX; more++) {
      exports.admit();
      const request = get({ host: '127.0.0.1', port: (server?.address() as AddressInfo).port });
      await once(request, 'response');
    }
    expect(() => exports.admit()).toThrow(ProblemError);
    response.destroy();
    server?.closeAllConnections();
    await exports.close();
    expect(() => exports.admit()).toThrow(ProblemError);
  });
});
