import type { Subscription } from '../connections/device-session';

/** What a device asks for by publishing, read from the topic alone (wire contract §6.5). */
export type DeviceTopic =
  | { readonly kind: 'get-twin'; readonly requestId: string }
  | { readonly kind: 'report'; readonly requestId: string }
  | { readonly kind: 'method-answer'; readonly requestId: string; readonly status: number }
  | { readonly kind: 'telemetry'; readonly properties: string };

const GET_TWIN = /^\$iothub\/twin\/GET\/\?(.*)$/;
const REPORT = /^\$iothub\/twin\/PATCH\/properties\/reported\/\?(.*)$/;
const METHOD_ANSWER = /^\$iothub\/methods\/res\/(-?\d{1,9})\/\?(.*)$/;
const TELEMETRY = /^devices\/([^/]+)\/messages\/events(?:\/(.*))?$/;
const REQUEST_ID = /^[A-Za-z0-9._~-]{1,64}$/;

/** undefined for a topic that this device may not publish to. */
export function parseTopic(topic: string, deviceId: string): DeviceTopic | undefined {
  const getTwin = GET_TWIN.exec(topic);
  if (getTwin !== null) return withRequestId(getTwin[1], (requestId) => ({ kind: 'get-twin', requestId }));
  const report = REPORT.exec(topic);
  if (report !== null) return withRequestId(report[1], (requestId) => ({ kind: 'report', requestId }));
  const answer = METHOD_ANSWER.exec(topic);
  if (answer !== null) {
    return withRequestId(answer[2], (requestId) => ({ kind: 'method-answer', requestId, status: Number(answer[1]) }));
  }
  const telemetry = TELEMETRY.exec(topic);
  if (telemetry === null || !names(telemetry[1] ?? '', deviceId)) return undefined;
  return { kind: 'telemetry', properties: telemetry[2] ?? '' };
}

function withRequestId(query: string | undefined, topic: (requestId: string) => DeviceTopic): DeviceTopic | undefined {
  const requestId = (query ?? '')
    .split('&')
    .find((part) => part.startsWith('$rid='))
    ?.slice('$rid='.length);
  return requestId !== undefined && REQUEST_ID.test(requestId) ? topic(requestId) : undefined;
}

const filters: Readonly<Record<string, Subscription>> = {
  '$iothub/twin/res/#': 'twin-responses',
  '$iothub/twin/PATCH/properties/desired/#': 'desired-properties',
  '$iothub/methods/POST/#': 'methods',
};

/** undefined for a filter that this hub serves nothing on; cloud-to-device messages are one of them. */
export function parseFilter(filter: string): Subscription | undefined {
  return Object.hasOwn(filters, filter) ? filters[filter] : undefined;
}

const CLOUD_TO_DEVICE = /^devices\/[^/]+\/messages\/devicebound\/#$/;
export const isCloudToDevice = (filter: string): boolean => CLOUD_TO_DEVICE.test(filter);

export const twinResponseTopic = (status: number, requestId: string, version?: number): string =>
  `$iothub/twin/res/${status}/?$rid=${requestId}${version === undefined ? '' : `&$version=${version}`}`;
export const desiredTopic = (version: number): string => `$iothub/twin/PATCH/properties/desired/?$version=${version}`;
export const methodTopic = (name: string, requestId: string): string =>
  `$iothub/methods/POST/${encodeURIComponent(name)}/?$rid=${requestId}`;

export interface ConnectNames {
  /** In lower case, without port. */
  readonly hostName: string;
  readonly deviceId: string;
  /** Set when it is a module of the device that connects. */
  readonly moduleId: string | undefined;
}

const USER_NAME = /^([^/]{1,255})\/([^/]{1,384})(?:\/([^/?=]{1,384}))?\/\??(.*)$/;

/** `{host}/{deviceId}/?api-version=…`, in the form that SDKs send and without the question mark; undefined for anything else. */
export function parseUserName(userName: string): ConnectNames | undefined {
  const [, host = '', deviceId = '', moduleId, query = ''] = USER_NAME.exec(userName) ?? [];
  if (host === '' || !/(^|&)api-version=\d{4}-\d{2}-\d{2}/.test(query)) return undefined;
  return { hostName: host.replace(/:\d*$/, '').toLowerCase(), deviceId: decoded(deviceId), moduleId };
}

const names = (part: string, deviceId: string): boolean => part === deviceId || decoded(part) === deviceId;

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
