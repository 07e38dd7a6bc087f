import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
}

const source = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const grave = new Set(['serious', 'critical']);

/** What axe finds serious or critical in the page as it is now, a line each. */
export async function graveFindings(page: Page): Promise<string[]> {
  // The page's policy lets no script in; a debugger may.
  const debug = await page.context().newCDPSession(page);
  const run = `${source};axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => JSON.stringify(violations))`;
  const { result, exceptionDetails } = await debug.send('Runtime.evaluate', {
    expression: run,
    awaitPromise: true,
    returnByValue: true,
    allowUnsafeEvalBlockedByCSP: true,
  });
  await debug.detach();
  if (exceptionDetails !== undefined) throw new Error(`axe did not run: ${exceptionDetails.text}`);
  const findings = JSON.parse(result.value as string) as readonly Finding[];
  return findings
    .filter(({ impact }) => grave.has(impact ?? ''))
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`));
}
