import { Server, ServerCredentials } from '@grpc/grpc-js';
import { Gate, LOOPBACK } from './gate';
import { Member, MemberOptions } from './member';
import { PeerLog } from './peer-log';
import { addServices } from './services';

/** As the client: a real log may hold events somewhat larger than what one append takes. */
const MESSAGE_BYTES_MAX = 17 * 1024 * 1024;

/**
 * A protocol peer for tests: it speaks the gRPC protocol of EventStoreDB, by the definitions inside the client package, over a real
 * socket, and keeps everything in memory. It is no event store and proves nothing about one: it proves that the adapter speaks the
 * protocol and survives its errors. With `ESDB_URL` the same contract runs against a real server.
 */
export async function startPeer(options: MemberOptions = {}): Promise<Member> {
  const server = new Server({ 'grpc.max_receive_message_length': MESSAGE_BYTES_MAX });
  const gate = await Gate.open();
  const member = new Member(gate, options, () => server.forceShutdown());
  addServices(server, member);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${LOOPBACK}:0`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  gate.relayTo(port);
  return member;
}

/** Several members over one log; the first leads. */
export async function startCluster(size: number): Promise<readonly Member[]> {
  const log = new PeerLog();
  const members = await Promise.all(Array.from({ length: size }, () => startPeer({ log })));
  for (const member of members) member.cluster = members;
  elect(members, 0);
  return members;
}

/** Makes one member lead; the others send callers that need the leader to it. */
export function elect(members: readonly Member[], leaderIndex: number): void {
  const leader = members[leaderIndex];
  if (leader === undefined) throw new RangeError(`the cluster has no member ${leaderIndex}`);
  for (const member of members) {
    member.faults.leader = member === leader ? undefined : { host: leader.host, port: leader.port };
  }
}

/** Several hosts, so the client asks gossip who leads; it looks once for each attempt of the adapter. */
export function clusterConnectionString(members: readonly Member[]): string {
  const hosts = members.map(({ host, port }) => `${host}:${port}`).join(',');
  return `esdb://${hosts}?tls=false&maxDiscoverAttempts=1&discoveryInterval=10`;
}
