import { Grounds } from '../registrations/registration.events';
import { counted, enrollmentName, enumerated, inThePast, transportName } from './words';

/** Sentences about the grounds of one decision. `isFirst`: the device was nowhere before. */
export function decisionSentences(grounds: Grounds, isFirst: boolean): string[] {
  return [
    policySentence(grounds, isFirst),
    allocationSentence(grounds),
    ...grounds.allocation.excluded.map(({ hub, reason }) => `Hub ${hub} was left out: it ${inThePast(reason)}.`),
    ...latencySentences(grounds),
    ...webhookSentences(grounds),
    ...destinationSentences(grounds),
    ...notFollowed(grounds),
  ];
}

function policySentence({ policy, enrollment, apiVersion }: Grounds, isFirst: boolean): string {
  const { effective, saved } = policy;
  const where = `${enrollmentName(enrollment)} (revision ${enrollment.revision})`;
  if (saved === null) {
    if (isFirst) return `No reprovision policy is saved in ${where}, which a first registration does not need.`;
    return effective === 'sticky'
      ? `No reprovision policy is saved in ${where}, and API version ${apiVersion} is from before reprovisioning: such a device stays where it is.`
      : `No reprovision policy is saved in ${where}; for API version ${apiVersion} the default is migrate: choose again, the twin goes along.`;
  }
  const idle = effective === 'never' && saved.migrateDeviceData ? ', so that its twin would go along has no effect' : '';
  const said = isFirst ? `has no say in a first registration${idle}` : `${policyMeaning(effective)}${idle}`;
  return `The reprovision policy is ${effective}, saved in ${where}: it ${said}.`;
}

function policyMeaning(policy: Grounds['policy']['effective']): string {
  switch (policy) {
    case 'migrate':
      return 'lets the hub be chosen again, and the twin goes along';
    case 'reset':
      return 'lets the hub be chosen again, and the device starts from its initial twin';
    case 'never':
    case 'sticky':
      return 'keeps the device on its hub';
  }
}

function allocationSentence({ allocation, enrollment }: Grounds): string {
  const { policy, policySource, candidates, chosen } = allocation;
  const source = policySource === 'enrollment' ? `set in ${enrollmentName(enrollment)}` : 'the default of this instance';
  const from = `The allocation policy is ${policy}, ${source}`;
  if (candidates.length === 0) return `${from}: there was no hub to choose from.`;
  const all = enumerated(candidates.map(({ hub, weight }) => `${hub} (weight ${weight})`));
  if (chosen === null) return `${from}, but it chose none of ${all}: ${allocation.reason}.`;
  if (candidates.length === 1) return `${from}: ${chosen} was the only candidate.`;
  return `${from}: it chose ${chosen} among ${all}.`;
}

function latencySentences({ allocation }: Grounds): string[] {
  const { latency, policy } = allocation;
  if (latency === null) return policy === 'geoLatency' ? ['No latency was known for the caller, so weights decided.'] : [];
  const { region, network, hubs, toleranceMs } = latency;
  const caller = network === null ? `the default region ${region}` : `region ${region} (network ${network})`;
  const far = enumerated(hubs.map(({ hub, latencyMs }) => `${hub} ${latencyMs === null ? 'unknown' : `${latencyMs} ms`}`));
  return [
    `The device called from ${caller}, with these latencies: ${far}; ${toleranceMs} ms more than the least count as equal.`,
  ];
}

function webhookSentences({ allocation }: Grounds): string[] {
  const { webhook, policy } = allocation;
  if (webhook === null) return policy === 'custom' ? ['The webhook was not asked.'] : [];
  const { failure, hub, durationMs, status, hadInitialTwin, hadPayload } = webhook;
  if (failure !== null) {
    const answer = status === null ? '' : ` with status ${status}`;
    return [`The webhook failed${answer} after ${durationMs} ms: ${failure}.`];
  }
  const extras = [...(hadInitialTwin ? ['an initial twin'] : []), ...(hadPayload ? ['a payload for the device'] : [])];
  const given = extras.length === 0 ? '' : `, and gave ${enumerated(extras)}`;
  return [`The webhook answered after ${durationMs} ms: ${hub ?? 'no hub'}${given}.`];
}

function destinationSentences({ allocation }: Grounds): string[] {
  const { destination } = allocation;
  if (destination === undefined) return [];
  const { campaignId, hub, followed } = destination;
  const heeded = followed ? 'which goes before the allocation policy' : 'which could not be followed';
  return [`Campaign ${campaignId} sends the device to ${hub}, ${heeded}.`];
}

/** A device that stays by its policy is not where it would be put today. */
function notFollowed({ policy, allocation, previousHub }: Grounds): string[] {
  const stays = policy.effective === 'never' || policy.effective === 'sticky';
  const { chosen } = allocation;
  if (!stays || previousHub === null || chosen === null || chosen === previousHub) return [];
  return [`Allocation alone would have put it on ${chosen}.`];
}

export function attestationSentence({ attestation, transport, apiVersion, enrollment, clientVersion }: Grounds): string {
  const client = clientVersion === null ? '' : ` (client ${clientVersion})`;
  const how = `over ${transportName(transport)} with API version ${apiVersion}${client}`;
  return `It proved itself by ${proof(attestation)}, ${how}, and was recognised by ${enrollmentName(enrollment)}.`;
}

function proof({ type, key, x509, tpm }: Grounds['attestation']): string {
  const which = key === null ? '' : `${key} `;
  if (x509 !== null) {
    const { certificateInfo, signingCertificateInfo } = x509;
    const signed = signingCertificateInfo === null ? '' : `, under ${signingCertificateInfo.subjectName}`;
    return `its ${which}X.509 certificate (${certificateInfo.subjectName}${signed})`;
  }
  if (tpm !== null || type === 'tpm') return 'its TPM';
  return type === 'symmetricKey' ? `its ${which}symmetric key` : `its ${which}${type}`;
}

/** `3 tags, 4 desired and no reported properties`. */
export function contents(tags: number, desired: number, reported: number): string {
  return `${counted(tags, 'tag')}, ${counted(desired, 'desired property', 'desired properties')} and ${counted(reported, 'reported property', 'reported properties')}`;
}
