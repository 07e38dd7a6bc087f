import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CodeBlock {
  /** First word after the fence; empty where there is none. */
  readonly language: string;
  /** What follows that word: `not-run reason="…"`. */
  readonly attributes: string;
  /** Line of the fence, from 1. */
  readonly line: number;
  readonly text: string;
}

export interface MarkdownPage {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly blocks: readonly CodeBlock[];
  /** Targets of links outside of code, as written. */
  readonly links: readonly string[];
  /** What `#…` may name, as code hosts derive it from headings. */
  readonly anchors: ReadonlySet<string>;
}

export function readMarkdown(root: string, path: string): MarkdownPage {
  const blocks: CodeBlock[] = [];
  const prose: string[] = [];
  let open: { fence: string; language: string; attributes: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of readFileSync(join(root, path), 'utf8').split('\n').entries()) {
    const [, fence, language = '', attributes = ''] = /^\s*(`{3,})(\S*)\s*(.*)$/.exec(line) ?? [];
    if (open === undefined && fence !== undefined) open = { fence, language, attributes, line: index + 1, lines: [] };
    else if (open === undefined) prose.push(line);
    else if (fence === open.fence && language === '') {
      const { lines, ...rest } = open;
      blocks.push({ language: rest.language, attributes: rest.attributes, line: rest.line, text: lines.join('\n') });
      open = undefined;
    } else open.lines.push(line);
  }
  if (open !== undefined) throw new Error(`${path}:${open.line} opens a block that does not end`);
  const text = prose.join('\n').replaceAll(/`[^`\n]*`/g, (code) => (code.includes('](') ? '' : code));
  const links = [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target);
  return { path, blocks, links, anchors: anchorsIn(prose) };
}

/** Lower case, punctuation dropped, spaces to dashes; the second of the same name gets `-1`. */
function anchorsIn(lines: readonly string[]): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of lines.map((line) => /^#{1,6} (.*)$/.exec(line) ?? [])) {
    const anchor = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .trim()
      .replaceAll(' ', '-');
    if (anchor === '') continue;
    let name = anchor;
    for (let count = 1; anchors.has(name); count += 1) name = `${anchor}-${count}`;
    anchors.add(name);
  }
  return anchors;
}
