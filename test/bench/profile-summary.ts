import { readFile } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import { resolve } from 'node:path';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  readonly children?: readonly number[];
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A name and its part of the busy time, 0 to 1. */
export type Share = readonly [name: string, share: number];

export interface ProfileSummary {
  readonly busySeconds: number;
  readonly elapsedSeconds: number;
  /** Self time of functions, by where they are written. */
  readonly functions: readonly Share[];
  /** Self time by package, library of ours, or part of Node. */
  readonly modules: readonly Share[];
  /** Time under each library of ours or, where none is on the stack, under the package that was called first. */
  readonly parts: readonly Share[];
}

const BUNDLE = '/dist/apps/api/main.js';
const IDLE = new Set(['(idle)']);
const US_PER_SECOND = 1e6;

/** Where the time went in a CPU profile of the built service. */
export async function summarizeProfile(file: string): Promise<ProfileSummary> {
  const profile = JSON.parse(await readFile(file, 'utf8')) as CpuProfile;
  const map = new SourceMap(JSON.parse(await readFile(resolve('dist/apps/api/main.js.map'), 'utf8')) as never);
  const selfUs = new Map<number, number>();
  profile.samples.forEach((id, index) => selfUs.set(id, (selfUs.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0)));
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)));
  const modules = new Map(profile.nodes.map((node) => [node.id, moduleOf(node, map)]));

  const sums = { functions: new Map<string, number>(), modules: new Map<string, number>(), parts: new Map<string, number>() };
  let busyUs = 0;
  for (const [id, us] of selfUs) {
    const name = nodes.get(id)?.callFrame.functionName ?? '';
    if (IDLE.has(name)) continue;
    busyUs += us;
    const module = modules.get(id) ?? '?';
    add(sums.functions, `${name === '' ? '(anonymous)' : name}  ${module}`, us);
    add(sums.modules, libraryOf(module), us);
    add(sums.parts, partOf(id, parents, modules), us);
  }
  const elapsedUs = profile.timeDeltas.reduce((sum, delta) => sum + delta, 0);
  return {
    busySeconds: busyUs / US_PER_SECOND,
    elapsedSeconds: elapsedUs / US_PER_SECOND,
    functions: shares(sums.functions, busyUs),
    modules: shares(sums.modules, busyUs),
    parts: shares(sums.parts, busyUs),
  };
}

/** `libs/…/file.ts` for what is ours, `package` for what is installed, `node:…` for Node's own, `native` without a place. */
function moduleOf({ callFrame }: ProfileNode, map: SourceMap): string {
  const { url, lineNumber, columnNumber, functionName } = callFrame;
  if (url === '') return functionName.startsWith('(') ? 'engine' : 'native';
  if (url.startsWith('node:')) return url;
  const installed = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(url)?.[1];
  if (installed !== undefined) return installed;
  if (!url.endsWith(BUNDLE)) return url;
  const { originalSource = '' } = map.findEntry(lineNumber, columnNumber) as { originalSource?: string };
  return /((?:libs|apps)\/.*)$/.exec(originalSource)?.[1] ?? 'bundle';
}

function libraryOf(module: string): string {
  return /^((?:libs|apps)\/[^/]+)/.exec(module)?.[1] ?? /^(node:(?:internal\/)?[^/]+)/.exec(module)?.[1] ?? module;
}

function partOf(id: number, parents: ReadonlyMap<number, number>, modules: ReadonlyMap<number, string>): string {
  let outermost = 'engine';
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const module = modules.get(at) ?? '';
    if (/^(libs|apps)\//.test(module)) return libraryOf(module);
    if (module !== 'engine' && module !== 'native') outermost = libraryOf(module);
  }
  return outermost;
}

function add(sums: Map<string, number>, name: string, us: number): void {
  sums.set(name, (sums.get(name) ?? 0) + us);
}

function shares(sums: ReadonlyMap<string, number>, totalUs: number): Share[] {
  return [...sums].map(([name, us]) => [name, us / totalUs] as const).sort(([, a], [, b]) => b - a);
}
