import { Metadata, ServerErrorResponse } from '@grpc/grpc-js';
import { accessDenied, notLeader, unavailable } from './wire';

/** What a test may do to one member of the peer. All are off at first. */
export class Faults {
  /** Every answer to an append waits so long. */
  answerDelayMs = 0;
  /** So many of the next appends are stored, and their answers never sent. */
  answersToLose = 0;
  /** So many of the next appends are stored, and the connections cut instead of an answer. */
  answersToCut = 0;
  /** So many of the next calls are refused with "not ready". */
  callsToRefuse = 0;
  /** Every call is refused with "access denied". */
  deniesAccess = false;
  /** Subscriptions that are open when this is raised never hear of anything again, while their call stays open. */
  deafUntilSubscription = 0;
  /** Questions who the members are get no answer. */
  isGossipMute = false;
  /** Who leads instead of this member; calls that need the leader are sent there. */
  leader: { readonly host: string; readonly port: number } | undefined;

  /** The error that a call gets instead of being served. */
  refusal(request: Metadata): Partial<ServerErrorResponse> | undefined {
    if (this.deniesAccess) return accessDenied();
    if (this.callsToRefuse > 0) {
      this.callsToRefuse--;
      return unavailable();
    }
    const needsLeader = request.get('requires-leader')[0] === 'true';
    return needsLeader && this.leader !== undefined ? notLeader(this.leader.host, this.leader.port) : undefined;
  }
}
