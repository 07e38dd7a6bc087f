import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Connection, create_container } from 'rhea';
import type { AmqpConnectionLimits } from './limits';

/**
 * What the AMQP library takes for its socket: it is fed with frames that were looked at, and what it writes in one turn goes out in
 * one piece.
 */
export class FrameSocket extends EventEmitter {
  private written: Buffer[] = [];

  constructor(
    private readonly stream: Duplex,
    private readonly onUnread: (unreadBytes: number) => void,
  ) {
    super();
  }

  write(bytes: Buffer): void {
    if (this.written.length === 0) setImmediate(() => this.flush());
    this.written.push(bytes);
  }

  end(): void {
    this.flush();
    if (!this.stream.destroyed) this.stream.end();
  }

  destroy(): void {
    this.stream.destroy();
  }

  private flush(): void {
    const bytes = Buffer.concat(this.written);
    this.written = [];
    if (bytes.length === 0 || this.stream.destroyed || this.stream.writableEnded) return;
    this.stream.write(bytes);
    this.onUnread(this.stream.writableLength);
  }
}

/** The part of the library's server side that its types leave out. */
interface ServerConnection {
  accept(socket: Socket): Connection;
  _process(): void;
}

const container = create_container({ id: 'rehome' });

/**
 * The library's end of one connection, behind the SASL layer. Errors of its own that it would throw into the event loop come out as
 * `error` events, so that one peer cannot end the process.
 */
export function acceptConnection(socket: FrameSocket, limits: AmqpConnectionLimits): Connection {
  const connection = container.create_connection({
    ...{ host: '', port: 0, id: 'rehome', disable_sasl: true, container_id: 'rehome' },
    max_frame_size: limits.frameBytesMax,
    channel_max: limits.sessionsMax - 1,
    idle_time_out: limits.idleTimeoutMs,
    session_buffer_size: { incoming: 4 * limits.requestsPendingMax, outgoing: limits.answersPendingMax },
    receiver_options: { autoaccept: false, credit_window: 0, max_message_size: limits.messageBytesMax },
  });
  const server = connection as unknown as ServerConnection;
  const process = server._process.bind(connection);
  server._process = () => {
    try {
      process();
    } catch (error) {
      connection.emit('error', error);
    }
  };
  server.accept(socket as unknown as Socket);
  return connection;
}
