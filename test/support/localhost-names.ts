import dns from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/**
 * Makes this process find `*.localhost` at loopback, as a line in /etc/hosts would: plain Debian does not, and clients that open
 * raw sockets take no lookup function of ours. Gives what undoes it.
 */
export function resolveLocalhostNames(): () => void {
  const system = dns.lookup;
  const patched = (name: string, options: LookupOptions | LookupCallback | number, callback?: LookupCallback): void => {
    const done = typeof options === 'function' ? options : callback;
    if (!name.toLowerCase().endsWith('.localhost') || done === undefined) {
      (system as (...given: unknown[]) => void)(name, options, callback);
    } else if (typeof options === 'object' && options.all === true) {
      process.nextTick(done, null, [{ address: '127.0.0.1', family: 4 }]);
    } else process.nextTick(done, null, '127.0.0.1', 4);
  };
  Object.assign(dns, { lookup: patched });
  return () => void Object.assign(dns, { lookup: system });
}
