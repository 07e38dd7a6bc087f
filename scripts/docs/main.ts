import { writeFileSync } from 'node:fs';
import { generatedDocuments } from './generated-documents';

for (const [path, document] of Object.entries(generatedDocuments)) {
  writeFileSync(path, document());
  console.log(`wrote ${path}`);
}
