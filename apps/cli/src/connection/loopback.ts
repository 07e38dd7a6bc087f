import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** `localhost` and all names below it are this machine (RFC 6761), also where the system does not say so. */
export const lookup: LookupFunction = (name, options, callback) => {
  if (!/(^|\.)localhost$/i.test(name)) systemLookup(name, options, callback);
  else if (options.all === true) callback(null, [{ address: LOOPBACK, family: 4 }]);
  else callback(null, LOOPBACK, 4);
};
