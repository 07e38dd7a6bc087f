import { ServerResponse, createServer } from 'node:http';
import { AddressInfo, Socket, connect } from 'node:net';
import { InMemoryEventStore, Log, Position, silentLog } from '@app/event-sourcing';
import { FeedReaders } from './feed-readers';

/** Together several times what the buffers of both ends of a connection hold. */
const EVENTS = 800;
const EVENT_CHARACTERS = 50_000;
const SLOW_READER_MS = 200;
const metadata = { actor: { kind: 'system', name: 'test' }, correlationId: 'c', causationId: 'c' } as const;

describe('readers of the feed on sockets', () => {
  const store = new InMemoryEventStore();
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (_fields, message) => void warnings.push(message) };
  const settings = { readersMax: 2, slowReaderTimeoutMs: SLOW_READER_MS };
  const readers = new FeedReaders({ store, log, settings });
  const answers: ServerResponse[] = [];
  const server = createServer((request, response) => {
    answers.push(response);
    const from = String(request.headers['last-event-id']);
    void readers.serve(response.writeHead(200), from, { types: [], devices: [], hubs: [] });
  });

  beforeAll(async () => {
    const data = { text: 'x'.repeat(EVENT_CHARACTERS) };
    for (let count = 0; count < EVENTS; count++) {
      const id = `00000000-0000-7000-8000-${count.toString().padStart(12, '0')}`;
      await store.append(`s-${count % 7}`, 'any', [{ id, type: 'Happened', data, metadata }]);
    }
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await readers.close();
    await new Promise((resolve) => server.close(resolve));
    await store.close();
  });

  function open(from: Position | 'start'): { readonly socket: Socket; readonly text: () => string } {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
    socket.on('error', () => undefined);
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: ${from}\r\n\r\n`);
    return { socket, text: () => text };
  }
  const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));
  /** Events that came whole. */
  const idsIn = (text: string): string[] => [...text.matchAll(/id: (\d+)\nevent: .*\ndata: .*\n\n/g)].map(([, id]) => id ?? '');

  it('cuts off the one that takes nothing, holds hardly more than one event for it, and misses nothing when it comes back', async () => {
    const slow = open('start');
    slow.socket.pause();
    let held = 0;
    while (!warnings.includes('a reader of the feed took nothing in time and was cut off')) {
      held = Math.max(held, answers[0]?.writableLength ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(3 * EVENT_CHARACTERS);
    const ended = closed(slow.socket);
    slow.socket.resume();
    await ended;
    const before = idsIn(slow.text());
    expect(before.length).toBeLessThan(EVENTS);
    const again = open(before.at(-1) ?? 'start');
    const after = (): string[] => idsIn(again.text());
    while (before.length + after().length < EVENTS) await new Promise((resolve) => setTimeout(resolve, 50));
    again.socket.destroy();
    expect([...before, ...after()]).toEqual(Array.from({ length: EVENTS }, (_, index) => String(index + 1)));
  });

  it('refuses one more than may, before anything is written', async () => {
    const opened = [open(String(EVENTS)), open(String(EVENTS))];
    while (answers.length < 4) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(() => readers.admit()).toThrow('2 readers have the feed open already.');
    opened[0]?.socket.destroy();
    const admitted = (): boolean => {
      try {
        readers.admit();
        return true;
      } catch {
        return false;
      }
    };
    while (!admitted()) await new Promise((resolve) => setTimeout(resolve, 10));
    opened[1]?.socket.destroy();
  });
});
