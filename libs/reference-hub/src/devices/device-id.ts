export const DEVICE_ID_CHARACTERS_MAX = 128;

const DEVICE_ID = /^[A-Za-z0-9\-.+%_#*?!(),:=@$']+$/;

/** IoT Hub's rule for device ids, which are case-sensitive. */
export function isDeviceId(text: string): boolean {
  return text.length <= DEVICE_ID_CHARACTERS_MAX && DEVICE_ID.test(text);
}

/**
 * One stream per device and hub. The slash can stand neither in a host name nor in a device id, so no two pairs share a stream,
 * as they could with a hyphen between them.
 */
export const deviceStream = (hubName: string, deviceId: string): string => `device-${hubName}/${deviceId}`;

/** The hub and the device of a stream; undefined for streams of other kinds. */
export function parseDeviceStream(stream: string): { readonly hubName: string; readonly deviceId: string } | undefined {
  const slash = stream.indexOf('/');
  if (slash < 0 || !stream.startsWith('device-')) return undefined;
  return { hubName: stream.slice('device-'.length, slash), deviceId: stream.slice(slash + 1) };
}
