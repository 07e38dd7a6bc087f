import { MalformedForwardedChain, acceptForwardedChain, dropForwardedChain } from '@app/device-protocols';
import { ConnectionMetrics, RequestHandler, peerAddressOf } from '@app/platform';
import { Networks } from '@app/provisioning/shared/networks';

/** Takes certificates in headers from the listed proxies, and from nobody else; `from` is empty where the feature is off. */
export function withForwardedCertificates(
  handler: RequestHandler,
  from: readonly string[],
  metrics: Pick<ConnectionMetrics, 'refused'>,
): RequestHandler {
  const proxies = new Networks(from);
  return (request, response) => {
    const peer = peerAddressOf(request.socket);
    if (!proxies.has(peer)) dropForwardedChain(request);
    else {
      try {
        acceptForwardedChain(request);
      } catch (error) {
        if (!(error instanceof MalformedForwardedChain)) throw error;
        metrics.refused({ protocol: 'https', reason: 'forwarded-certificate', remoteAddress: peer, detail: error.message });
        response.writeHead(400, { connection: 'close', 'content-length': 0 }).end();
        return;
      }
    }
    handler(request, response);
  };
}
