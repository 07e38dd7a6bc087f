import type { DeviceAnswer, DeviceCaller, DeviceService, EdgeMetrics } from '../device-service';
import { presentedChain } from '../https/presented-chain';
import { asciiJson, readJson } from '../json-text';
import { ConnectVerdict, MqttApplication, MqttConnect, MqttConnection, MqttMessage, connackCodes } from './mqtt-application';
import { RESPONSES, parseRequestTopic, parseUserName, responseTopic } from './provisioning-topics';

/** From this status on it is not the device's fault. */
const THROTTLED = 429;

/** The device API over MQTT (wire contract §2.1): a client id is a registration id, and a device has answers to its own requests. */
export class ProvisioningMqtt implements MqttApplication<DeviceCaller> {
  constructor(
    private readonly service: DeviceService,
    private readonly metrics: Pick<EdgeMetrics, 'count'>,
  ) {}

  async connect({ clientId, userName, password, transport }: MqttConnect): Promise<ConnectVerdict<DeviceCaller>> {
    const named = userName === undefined ? undefined : parseUserName(userName);
    if (named === undefined) {
      return {
        code: connackCodes.badUserNameOrPassword,
        reason: 'user-name',
        detail: 'the user name has not the documented form',
      };
    }
    if (clientId.toLowerCase() !== named.registrationId.toLowerCase()) {
      const detail = 'the client id is not the registration id of the user name';
      return { code: connackCodes.identifierRejected, reason: 'client-id', detail };
    }
    const caller: DeviceCaller = {
      ...named,
      transport: 'mqtt',
      authorization: password === undefined || password === '' ? undefined : password,
      certificates: presentedChain(transport.socket),
      remoteAddress: transport.remoteAddress,
    };
    const refusal = await this.service.refusal(caller);
    if (refusal === undefined) return { session: caller };
    const detail = `refused with status ${refusal.status}`;
    return refusal.status >= THROTTLED
      ? { code: connackCodes.serverUnavailable, reason: 'unavailable', detail }
      : { code: connackCodes.notAuthorized, reason: 'credentials', detail };
  }

  maySubscribe(_caller: DeviceCaller, filter: string): boolean {
    return filter === RESPONSES;
  }

  mayPublish(_caller: DeviceCaller, topic: string): boolean {
    return parseRequestTopic(topic) !== undefined;
  }

  async received(connection: MqttConnection<DeviceCaller>, { topic, payload }: MqttMessage): Promise<void> {
    const request = parseRequestTopic(topic);
    if (request === undefined) return;
    const caller = connection.session;
    const { status, retryAfterS, body } =
      request.type === 'register'
        ? await this.register(caller, payload)
        : await this.service.operation(caller, request.operationId);
    this.metrics.count(`mqtt.answers.${status}`);
    connection.send(RESPONSES, responseTopic(status, request.requestId, retryAfterS), asciiJson(body));
  }

  private register(caller: DeviceCaller, payload: Buffer): Promise<DeviceAnswer> | DeviceAnswer {
    const body = readJson(payload);
    return 'value' in body ? this.service.register(caller, body.value) : this.service.malformed(caller, body.problem);
  }
}
