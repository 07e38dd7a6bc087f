import { Device } from './device.state';

const ETAG_BYTES = 8;

/** IoT Hub's form of an etag: base64 of an 8-byte counter. */
export function entityTag(counter: number): string {
  const bytes = Buffer.alloc(ETAG_BYTES);
  bytes.writeBigUInt64BE(BigInt(counter));
  return bytes.toString('base64');
}

/** Text of the revision the device's stream stands at. */
export const tagOf = (device: Pick<Device, 'changes'>): string => String(device.changes - 1);
