import { setTimeout as sleep } from 'node:timers/promises';
import { registerOverAmqp } from '@test/support/amqp-devices';
import { issue } from '@test/support/certificates';
import { RunningService, startService } from '@test/support/running-service';
import { SoftwareTpm } from '@test/support/software-tpm';
import { TpmDevice } from '@test/support/tpm-device';

const POLLS_MAX = 500;
const POLL_MS = 20;

let service: RunningService;
beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
});
afterAll(() => service.close());

// Not over AmqpWs: for a TPM the SDK passes no WebSocket agent on, so that it knows port 443 alone.
describe.each(['Amqp'] as const)('a device with a TPM, the unmodified SDK over %s', (transport) => {
  const named = (name: string): string => `tpm-${name}-${transport.toLowerCase()}`;

  it('is challenged in the handshake and registers with the key it activated', async () => {
    const device = new TpmDevice(service, named('own'));
    await device.enroll({ iotHubs: [service.hubs[0]] });
    const result = await registerOverAmqp(service, { transport, registrationId: device.registrationId, key: device.tpm });
    expect(result).toMatchObject({ status: 'assigned', registrationState: { assignedHub: service.hubs[0] } });
  });

  it('with another TPM than the enrolled one gets no challenge', async () => {
    const device = new TpmDevice(service, named('other'));
    await device.enroll();
    // The SDK waits for its challenge for ever, whatever the outcome; the log of the service says what became of it.
    void registerOverAmqp(service, { transport, registrationId: device.registrationId, key: new SoftwareTpm() });
    const reason = `TPM: ${device.registrationId}: no enrollment for this TPM`;
    for (let poll = 0; poll < POLLS_MAX && !service.process.output().includes(reason); poll++) await sleep(POLL_MS);
    expect(service.process.output()).toContain(reason);
  });
});

describe('a device with a certificate, the unmodified SDK over Amqp, which leaves SASL out', () => {
  it('registers in the group of its authority', async () => {
    const root = await issue({ name: 'AMQP root', authority: true });
    const certificate = Buffer.from(root.pem).toString('base64');
    const x509 = { signingCertificates: { primary: { certificate } } };
    const group = { enrollmentGroupId: 'amqp-x509', attestation: { type: 'x509', x509 } };
    await service.administrator.createOrUpdateEnrollmentGroup(group as never);
    const leaf = await issue({ name: 'amqp-leaf', issuer: root });
    const key = { cert: leaf.pem, key: leaf.keyPem };
    const result = await registerOverAmqp(service, { transport: 'Amqp', registrationId: 'amqp-leaf', key });
    expect(result).toMatchObject({ status: 'assigned', deviceId: 'amqp-leaf' });
  });

  it('of nobody is told so when it asks', async () => {
    const stranger = await issue({ name: 'amqp-stranger' });
    const key = { cert: stranger.pem, key: stranger.keyPem };
    const refused = registerOverAmqp(service, { transport: 'Amqp', registrationId: 'amqp-stranger', key });
    await expect(refused).rejects.toMatchObject({ condition: 'amqp:unauthorized-access' });
  });
});
