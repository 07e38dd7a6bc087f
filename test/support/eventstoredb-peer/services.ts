import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb';
import { ClusterInfo } from '@eventstore/db-client/generated/gossip_pb';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  BatchAppendResp,
  DeleteReq,
  DeleteResp,
  ReadReq,
  ReadResp,
  TombstoneReq,
  TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb';
import {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Server,
} from '@grpc/grpc-js';
import { handleAppend, handleBatchAppend } from './appends';
import { Member } from './member';
import { handleRead } from './reads';
import { streamName } from './wire';

/** The services that the client calls, answered by `member`. */
export function addServices(server: Server, member: Member): void {
  const append: handleClientStreamingCall<AppendReq, AppendResp> = (call, answer) => handleAppend(member, call, answer);
  const batchAppend: handleBidiStreamingCall<BatchAppendReq, BatchAppendResp> = (call) => handleBatchAppend(member, call);
  const read: handleServerStreamingCall<ReadReq, ReadResp> = (call) => handleRead(member, call);
  const gossip: handleUnaryCall<unknown, ClusterInfo> = (_call, answer) => {
    const info = member.gossip();
    if (!member.faults.isGossipMute) answer(null, info);
  };
  const features: handleUnaryCall<unknown, SupportedMethods> = (_call, answer) => answer(null, member.supportedMethods());
  const streams = { append, batchAppend, read, delete: truncate(member), tombstone: tombstone(member) };
  server.addService(StreamsService, streams);
  server.addService(GossipService, { read: gossip });
  server.addService(ServerFeaturesService, { getSupportedMethods: features });
}

function truncate(member: Member): handleUnaryCall<DeleteReq, DeleteResp> {
  return (call, answer) => {
    const record = member.log.truncate(streamName(call.request.getOptions()?.getStreamIdentifier()));
    const position = new DeleteResp.Position();
    position.setCommitPosition(String(record.position));
    position.setPreparePosition(String(record.position));
    const response = new DeleteResp();
    response.setPosition(position);
    answer(null, response);
  };
}

function tombstone(member: Member): handleUnaryCall<TombstoneReq, TombstoneResp> {
  return (call, answer) => {
    const record = member.log.tombstone(streamName(call.request.getOptions()?.getStreamIdentifier()));
    const position = new TombstoneResp.Position();
    position.setCommitPosition(String(record.position));
    position.setPreparePosition(String(record.position));
    const response = new TombstoneResp();
    response.setPosition(position);
    answer(null, response);
  };
}
