import { Identity } from './identity';
import { MqttClient, MqttMessage } from './mqtt-client';
import { Door } from './open-stream';
import {
  API_VERSION,
  CLIENT_VERSION,
  Conversation,
  RETRY_AFTER_DEFAULT_S,
  Told,
  operationIn,
  registrationToken,
} from './registration';

const RESPONSE = /^\$dps\/registrations\/res\/(\d+)\/\?(.*)$/;

export async function openMqtt(door: Door, idScope: string, device: Identity): Promise<Conversation> {
  const { registrationId } = device;
  const userName = `${idScope}/registrations/${registrationId}/api-version=${API_VERSION}&ClientVersion=${CLIENT_VERSION}`;
  const password = registrationToken(device, idScope);
  const answers = new Map<string, (told: Told) => void>();
  const client = await MqttClient.connect(door, { clientId: registrationId, userName, password }, (message) => {
    const { requestId, told } = responseIn(message);
    answers.get(requestId)?.(told);
    answers.delete(requestId);
  });
  await client.subscribe('$dps/registrations/res/#').catch((error: unknown) => {
    client.close();
    throw error;
  });
  let requests = 0;
  return {
    send: async (operationId) => {
      const requestId = String(++requests);
      const told = new Promise<Told>((resolve) => answers.set(requestId, resolve));
      const [topic, payload] =
        operationId === undefined
          ? [`PUT/iotdps-register/?$rid=${requestId}`, JSON.stringify({ registrationId })]
          : [`GET/iotdps-get-operationstatus/?$rid=${requestId}&operationId=${operationId}`, ''];
      await client.publish(`$dps/registrations/${topic}`, payload);
      return await client.answer(told);
    },
    close: () => client.close(),
  };
}

function responseIn({ topic, payload }: MqttMessage): { readonly requestId: string; readonly told: Told } {
  const [, outcome = '', query = ''] = RESPONSE.exec(topic) ?? [];
  const parameters = new URLSearchParams(query);
  const retryAfterS = Number(parameters.get('retry-after') ?? RETRY_AFTER_DEFAULT_S);
  return { requestId: parameters.get('$rid') ?? '', told: { outcome, operation: operationIn(payload), retryAfterS } };
}
