import { TLSSocket, connect } from 'node:tls';
import { DeviceCalls, Enrolled, VERSION } from '@test/support/device-calls';
import { RunningService } from '@test/support/running-service';

export interface HeldRequest {
  /** Sends the rest of the request; gives everything that the server answers until it closes the connection. */
  finish(): Promise<string>;
}

/** A register call that has reached the server, except for the last byte of its body. */
export async function heldRegister(service: RunningService, device: Enrolled): Promise<HeldRequest> {
  const { endpoint, host, facts } = service;
  const { registrationId } = device;
  const body = JSON.stringify({ registrationId });
  const head = [
    `PUT /${facts.idScope}/registrations/${registrationId}/register?api-version=${VERSION} HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: ${new DeviceCalls(service).tokenFor(device)}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  const socket = await opened(endpoint);
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  const closed = new Promise<void>((settle, reject) => socket.once('close', () => settle()).once('error', reject));
  await new Promise((sent) => socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, -1)}`, sent));
  return {
    finish: async () => {
      socket.write(body.slice(-1));
      await closed;
      return answer;
    },
  };
}

function opened({ port, ca }: RunningService['endpoint']): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' }, () => resolve(socket));
    socket.once('error', reject);
  });
}
