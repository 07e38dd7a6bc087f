import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

const LOOPBACK = '127.0.0.1';

/**
 * Name resolution in which `localhost` and every name under it is this machine (RFC 6761 §6.3); the C library of many systems does
 * not resolve `hub-a.localhost`. Other names go the usual way.
 */
export const localhostLookup: LookupFunction = (hostName, options, callback) => {
  const name = hostName.toLowerCase().replace(/\.$/, '');
  if (name !== 'localhost' && !name.endsWith('.localhost')) {
    lookup(hostName, options, callback);
  } else if (options.all === true) {
    process.nextTick(callback, null, [{ address: LOOPBACK, family: 4 }]);
  } else {
    process.nextTick(callback, null, LOOPBACK, 4);
  }
};
