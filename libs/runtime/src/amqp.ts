import type { INestApplicationContext } from '@nestjs/common';
import { AmqpServer, TpmChallenger } from '@app/device-protocols';
import type { ConnectionMetrics } from '@app/platform';
import { DeviceApi, DpsError, TpmAttestation } from '@app/provisioning';

const SERVER_ERROR = 500;

/** Devices over AMQP, those with a TPM included: their challenge is part of the handshake. */
export function startAmqp(app: INestApplicationContext, metrics: ConnectionMetrics): AmqpServer {
  return new AmqpServer({ service: app.get(DeviceApi), tpmChallenger: challengerOf(app.get(TpmAttestation)), metrics });
}

function challengerOf(attestation: TpmAttestation): TpmChallenger {
  return async (request) => {
    try {
      return await attestation.challenge(request);
    } catch (error) {
      // The operator's log and list of failures have the reason; the device learns nothing from a refusal.
      if (error instanceof DpsError && error.status < SERVER_ERROR) return undefined;
      throw error;
    }
  };
}
