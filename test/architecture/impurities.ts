import ts from 'typescript';
import { SourceFile } from './source-files';

/** Globals through which a function would see or change something besides its arguments. */
const impureGlobals = new Set([
  'process',
  'console',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'crypto',
  'performance',
  'globalThis',
  'require',
]);

/** Where and how a file is not pure, one line each: time, chance, I/O, waiting. */
export function impurities(file: SourceFile): string[] {
  const found: string[] = [];
  const report = (node: ts.Node, what: string): void => {
    found.push(`${file.path}:${file.tree.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${what}`);
  };
  const visit = (node: ts.Node): void => {
    // Types are gone at run time.
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isAwaitExpression(node) || node.kind === ts.SyntaxKind.AsyncKeyword) report(node, 'waits');
    if (ts.isIdentifier(node) && impureGlobals.has(node.text) && isFreeName(node)) report(node, `uses ${node.text}`);
    if (isClock(node)) report(node, 'reads the clock');
    if (isCallOf(node, 'Math', 'random')) report(node, 'uses chance');
    ts.forEachChild(node, visit);
  };
  visit(file.tree);
  return found;
}

/** A name that stands for a global, not a property, a key, or a declaration of the file's own. */
function isFreeName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  return !(
    ts.isParameter(parent) ||
    ts.isBindingElement(parent) ||
    ts.isVariableDeclaration(parent) ||
    ts.isImportSpecifier(parent)
  );
}

function isClock(node: ts.Node): boolean {
  if (isCallOf(node, 'Date', 'now')) return true;
  const made = ts.isNewExpression(node) || ts.isCallExpression(node);
  return made && ts.isIdentifier(node.expression) && node.expression.text === 'Date' && (node.arguments ?? []).length === 0;
}

function isCallOf(node: ts.Node, object: string, property: string): boolean {
  return (
    ts.isPropertyAccessExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === object &&
    node.name.text === property
  );
}
