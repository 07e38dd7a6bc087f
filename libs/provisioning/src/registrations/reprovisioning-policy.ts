import { ReprovisionPolicy } from '../shared/shapes';
import { isLegacyApiVersion } from './api-version';
import { EffectivePolicyName } from './registration.events';

export interface EffectivePolicy {
  readonly effective: EffectivePolicyName;
  readonly reason: string;
}

/**
 * Which policy holds for a device that has been here before. A saved policy wins whatever the device speaks; without one an old
 * device keeps what it relied on before reprovisioning existed, and everybody else migrates (wire contract §5.2).
 */
export function effectivePolicy(saved: ReprovisionPolicy | null, apiVersion: string): EffectivePolicy {
  if (saved !== null) {
    if (!saved.updateHubAssignment) return { effective: 'never', reason: 'the enrollment says that the device stays on its hub' };
    return saved.migrateDeviceData
      ? { effective: 'migrate', reason: 'the enrollment says that the device is re-evaluated and its twin goes along' }
      : { effective: 'reset', reason: 'the enrollment says that the device is re-evaluated and starts from its initial twin' };
  }
  if (isLegacyApiVersion(apiVersion)) {
    return { effective: 'sticky', reason: `no policy is saved and api-version ${apiVersion} is from before reprovisioning` };
  }
  return {
    effective: 'migrate',
    reason: `no policy is saved and api-version ${apiVersion} knows reprovisioning, so the default holds`,
  };
}
