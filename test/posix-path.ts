import { posix } from 'node:path';
import t from 'tap';
import { basename, dirname, join, resolve } from '../src/posix-path.ts';

const PARTS = ['/', '/', '//', '.', '..', '...', 'a', 'b c', 'é', '.a', ''];

/** Every text of up to `count` parts. */
function texts(count: number): string[] {
  if (count === 0) return [''];
  return texts(count - 1).flatMap((text) => PARTS.map((part) => text + part));
}

t.test('as node:path', async (t) => {
  const all = [...new Set(texts(4))];
  for (const [name, ours, theirs] of [
    // node:path has `//` of its own where a path begins with two slashes; to Linux that is the root.
    ['dirname', dirname, (path: string) => posix.dirname(path).replace(/^\/+$/, '/')],
    ['basename', basename, posix.basename],
    ['join', join, posix.join],
    ['resolve', resolve, posix.resolve],
  ] as const) {
    const different = all.filter((text) => ours(text) !== theirs(text));
    t.same(different.slice(0, 5), [], `${name} of ${all.length} texts`);
  }
  const few = [...new Set(texts(2))];
  for (const [name, ours, theirs] of [
    ['join', join, posix.join],
    ['resolve', resolve, posix.resolve],
  ] as const) {
    const pairs = few.flatMap((a) => few.map((b) => [a, b] as const));
    const different = pairs.filter(
      ([a, b]) => ours(a, b) !== theirs(a, b) || ours(b, a, b) !== theirs(b, a, b),
    );
    t.same(different.slice(0, 5), [], `${name} of two and three`);
  }
  t.equal(join(), posix.join(), 'of nothing');
  t.equal(resolve(), posix.resolve(), 'of nothing');
});
