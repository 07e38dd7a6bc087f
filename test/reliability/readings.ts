import { Answer } from '@test/support/clients';
import { Device, DeviceCalls } from '@test/support/device-calls';
import { Reading } from '@test/support/invariants';
import { parseIfMatch } from '@app/provisioning/shared/etag';

interface Registration {
  readonly status: string;
  readonly assignedHub?: string;
  readonly etag: string;
}

interface DeviceAnswer {
  readonly status: string;
  readonly assignedHub: string | null;
  readonly revision: string;
}

/** What the device itself and a back end read about it now, each with the revision that the answer stands for. */
export async function readDevice(calls: DeviceCalls, device: Device): Promise<Reading[]> {
  const { registrationId } = device;
  const [own, status] = await Promise.all([calls.lookUp(device), calls.service.manage('GET', `/devices/${registrationId}`)]);
  const registration = asReading(registrationId, 'the registration', body(own) as Registration);
  // The read model follows the log, so it may not have met the device yet.
  if (status.status === 404) return [registration];
  const { revision, status: word, assignedHub } = body(status) as DeviceAnswer;
  return [
    registration,
    { registrationId, from: 'the device status', revision: BigInt(revision), status: word, hub: assignedHub },
  ];
}

/** The registration in the answer to a register or a poll is a reading as well. */
export function asReading(registrationId: string, from: string, { status, assignedHub, etag }: Registration): Reading {
  const tag = parseIfMatch(Buffer.from(etag, 'base64').toString());
  if (typeof tag !== 'object') throw new Error(`${from} came with the tag ${etag}, which stands for no revision`);
  return { registrationId, from, revision: tag.revision, status, hub: assignedHub ?? null };
}

function body(answer: Answer): unknown {
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return answer.json();
}
