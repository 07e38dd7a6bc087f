import { Agent, RequestOptions, request } from 'node:https';
import { lookup } from '../connection/loopback';
import { unreachable } from '../connection/unreachable';
import { ANSWER_TIMEOUT_MS } from './answers';
import { Identity } from './identity';
import { API_VERSION, Conversation, RETRY_AFTER_DEFAULT_S, Told, operationIn, registrationToken } from './registration';

export function openHttp(
  place: { readonly host: string; readonly port: number },
  idScope: string,
  device: Identity,
): Conversation {
  const { registrationId, secureContext } = device;
  const agent = new Agent({ lookup, keepAlive: true, maxSockets: 1, secureContext });
  const authorization = registrationToken(device, idScope);
  const base = `/${idScope}/registrations/${encodeURIComponent(registrationId)}`;
  return {
    send: (operationId) => {
      const [method, path, body] =
        operationId === undefined
          ? ['PUT', `${base}/register`, JSON.stringify({ registrationId })]
          : ['GET', `${base}/operations/${operationId}`, undefined];
      const content = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const headers = { ...(authorization === undefined ? {} : { authorization }), ...content };
      return call({ ...place, agent, method, path: `${path}?api-version=${API_VERSION}`, headers }, body);
    },
    close: () => agent.destroy(),
  };
}

function call(
  options: RequestOptions & { readonly host: string; readonly port: number },
  body: string | undefined,
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(new Error(unreachable(`https://${options.host}:${options.port}`, error)));
    const sent = request({ ...options, timeout: ANSWER_TIMEOUT_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('error', failed).once('end', () => {
        const retryAfterS = Number(response.headers['retry-after'] ?? RETRY_AFTER_DEFAULT_S);
        resolve({ outcome: String(response.statusCode), operation: operationIn(text), retryAfterS });
      });
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer for ${ANSWER_TIMEOUT_MS / 1_000} s`)));
    sent.once('error', failed).end(body);
  });
}
