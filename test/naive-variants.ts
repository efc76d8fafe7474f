// `npm test -- naive` changes a copy of the sources, which is too long for every day; that it still can is seen here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const PROJECT = join(import.meta.dirname, '..');

interface Variant {
  says: string;
  changes: [file: string, before: string, after: string][];
  tests: Record<string, string[]>;
}
const module = await import(join(PROJECT, 'test/scripts/naive-variants.mjs'));
const variants: [string, Variant][] = Object.entries(module.VARIANTS);

const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8');

for (const [name, { changes, tests }] of variants) {
  t.test(name, async (t) => {
    const texts = new Map<string, string>();
    for (const [file, before, after] of changes) {
      const parts = (texts.get(file) ?? read(file)).split(before);
      t.equal(parts.length, 2, `${file}: ${before}`);
      texts.set(file, parts.join(after));
    }
    for (const [file, names] of Object.entries(tests)) {
      const text = read(file);
      // Names that are put together are there as far as the first of their parts.
      for (const test of names) t.ok(text.includes(test.replace(/\/(proc|sys)$/, '')), `${file}: ${test}`);
    }
  });
}
