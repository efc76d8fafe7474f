import t from 'tap';
import { checkId } from '../../src/container/options.ts';

for (const id of ['a', 'web-1', 'A_b+c.d', '...', '.hidden', '-', '0', 'x'.repeat(255)]) {
  t.doesNotThrow(() => checkId(id), `good: ${id.slice(0, 20)}`);
}

for (const id of ['', '.', '..', 'a/b', '../x', 'a b', 'a\n', 'a\0', 'ä', 'a:b', 'x'.repeat(1025)]) {
  t.throws(
    () => checkId(id),
    { code: 'ID_INVALID', message: /^invalid container ID format: "[^\n]*"$/, exitCode: 1 },
    `bad: ${JSON.stringify(id.slice(0, 20))}`,
  );
}
