import { Noun, Verb } from '../verb';
import { auditNoun, historyVerb } from './audit';
import { certificateNoun } from './certificates';
import { enrollmentGroupNoun } from './enrollment-groups';
import { enrollmentNoun } from './enrollments';
import { eraseVerb } from './erase';
import { linkedHubNoun } from './linked-hubs';
import { moveNoun } from './moves';
import { projectionsNoun } from './projections';
import { atVerb, diffVerb, flowsVerb, previewVerb, reprovisionVerb, whyVerb } from './questions';
import { registrationNoun } from './registrations';
import { simulateVerb } from './simulate';
import { exportVerb, replayVerb } from './streams';
import { verifyVerb } from './verify';
import { webhookNoun } from './webhooks';

/** In the order in which `--help` lists them. */
export const nouns: readonly Noun[] = [
  enrollmentNoun,
  enrollmentGroupNoun,
  linkedHubNoun,
  certificateNoun,
  registrationNoun,
  moveNoun,
  auditNoun,
  webhookNoun,
  projectionsNoun,
];

export const topVerbs: readonly Verb[] = [
  historyVerb,
  whyVerb,
  previewVerb,
  atVerb,
  diffVerb,
  flowsVerb,
  reprovisionVerb,
  verifyVerb,
  exportVerb,
  replayVerb,
  eraseVerb,
  simulateVerb,
];
