import { ClusterInfo, EndPoint, MemberInfo } from '@eventstore/db-client/generated/gossip_pb';
import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import { randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import { Faults } from './faults';
import { Gate } from './gate';
import { AppendOutcome, PeerExpectation, PeerLog, ProposedRecord } from './peer-log';
import { uuid } from './wire';

export interface MemberOptions {
  /** Members of one cluster share a log; a log of its own when absent. */
  readonly log?: PeerLog;
  /** Whether the server offers the batched append; true when absent. */
  readonly offersBatchAppend?: boolean;
  /** Servers before 23.10 do not; true when absent. */
  readonly announcesCaughtUp?: boolean;
  /** For all events of one append together; the server's default, 1 MiB, when absent. */
  readonly appendSizeMaxBytes?: number;
}

/** One node of the peer, as a test holds it: its log, its faults and what has been asked of it. */
export class Member {
  readonly faults = new Faults();
  readonly log: PeerLog;
  readonly announcesCaughtUp: boolean;
  /** Appends that reached the log, by the id of their first event. */
  readonly appendsById = new Map<string, number>();
  /** All members, this one included, as gossip tells them. */
  cluster: readonly Member[] = [this];
  private subscriptions = 0;
  private openSubscriptions = 0;
  private questions = 0;
  private readonly waiting = new Set<() => void>();
  private isAway = false;

  constructor(
    private readonly gate: Gate,
    private readonly options: MemberOptions,
    private readonly shutDown: () => void,
  ) {
    this.log = options.log ?? new PeerLog(options.appendSizeMaxBytes);
    this.announcesCaughtUp = options.announcesCaughtUp ?? true;
  }

  get host(): string {
    return this.gate.host;
  }

  get port(): number {
    return this.gate.port;
  }

  /** One host does no gossip. */
  get connectionString(): string {
    return `esdb://${this.host}:${this.port}?tls=false`;
  }

  get isLeader(): boolean {
    return this.faults.leader === undefined;
  }

  /** Subscriptions opened so far; the first is 1. */
  get subscriptionsOpened(): number {
    return this.subscriptions;
  }

  nextSubscription(): number {
    this.openSubscriptions++;
    return ++this.subscriptions;
  }

  subscriptionEnded(): void {
    this.openSubscriptions--;
    this.changed();
  }

  get subscriptionsOpen(): number {
    return this.openSubscriptions;
  }

  /** Questions who the members are, answered or not. */
  get gossipQuestions(): number {
    return this.questions;
  }

  /** Resolves when `holds`, which is asked again whenever something has come in; the test's own time limit ends a wait in vain. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.waiting.add(resolve);
      });
    }
  }

  /** Leaves every open subscription deaf: the call stays open and nothing comes any more. */
  deafenSubscriptions(): void {
    this.faults.deafUntilSubscription = this.subscriptions;
  }

  append(stream: string, expected: PeerExpectation, events: readonly ProposedRecord[]): AppendOutcome {
    const id = events[0]?.id ?? '';
    this.appendsById.set(id, (this.appendsById.get(id) ?? 0) + 1);
    const outcome = this.log.append(stream, expected, events);
    this.changed();
    return outcome;
  }

  get connections(): readonly Socket[] {
    return this.gate.connections;
  }

  /** Cuts all connections, or only those given. */
  dropConnections(connections: readonly Socket[] = this.connections): void {
    this.gate.drop(connections);
  }

  /** Nobody gets in until `comeBack`. */
  goAway(): void {
    this.isAway = true;
    this.gate.shut();
  }

  comeBack(): void {
    this.isAway = false;
    this.gate.unshut();
  }

  /** No byte passes, and nothing is closed, until `speak`. */
  fallSilent(): void {
    this.gate.silence();
  }

  speak(): void {
    this.gate.speak();
  }

  async stop(): Promise<void> {
    this.isAway = true;
    await this.gate.close();
    this.shutDown();
  }

  gossip(): ClusterInfo {
    this.questions++;
    this.changed();
    const info = new ClusterInfo();
    info.setMembersList(
      this.cluster.map((member) => {
        const endPoint = new EndPoint();
        endPoint.setAddress(member.host);
        endPoint.setPort(member.port);
        const described = new MemberInfo();
        described.setInstanceId(uuid(randomUUID()));
        described.setTimeStamp('0');
        described.setState(member.isLeader ? MemberInfo.VNodeState.LEADER : MemberInfo.VNodeState.FOLLOWER);
        described.setIsAlive(!member.isAway);
        described.setHttpEndPoint(endPoint);
        return described;
      }),
    );
    return info;
  }

  supportedMethods(): SupportedMethods {
    const supported = new SupportedMethods();
    supported.setEventStoreServerVersion('23.10.0-peer');
    const names = ['read', 'append', 'delete', 'tombstone', ...((this.options.offersBatchAppend ?? true) ? ['batchappend'] : [])];
    supported.setMethodsList(
      names.map((name) => {
        const method = new SupportedMethod();
        method.setServiceName('event_store.client.streams.streams');
        method.setMethodName(name);
        return method;
      }),
    );
    return supported;
  }

  private changed(): void {
    for (const resume of this.waiting) resume();
    this.waiting.clear();
  }
}
