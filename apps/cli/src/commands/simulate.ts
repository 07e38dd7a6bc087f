import { Verb, verb } from '../verb';

export const simulateVerb: Verb = verb({
  command: 'simulate',
  summary: 'Devices that register, live on their hub and come back',
  options: {},
  examples: [],
  run: () => Promise.resolve(),
});
