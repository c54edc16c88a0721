import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { corpusFiles } from './corpus-files.js';

for (const [name, content] of Object.entries(corpusFiles())) {
  await writeFile(fileURLToPath(new URL(name, import.meta.url)), content);
}
