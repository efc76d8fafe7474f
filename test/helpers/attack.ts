import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { HANGS_MS, newId, slowness, temp } from './sandbox.ts';

/** A directory of the host that no container has anything to do with, and its only file. */
export class Canary {
  readonly directory = join(temp, `canary-${newId()}`);
  readonly file: string;

  constructor(readonly name = 'file') {
    this.file = join(this.directory, name);
    mkdirSync(this.directory);
    writeFileSync(this.file, 'canary');
  }

  /** Asserts that nothing was made, changed or mounted there. */
  check(t: Test): void {
    t.same(readdirSync(this.directory), [this.name], 'nothing was made or removed on the host');
    t.equal(readFileSync(this.file, 'utf8'), 'canary', 'nothing was changed on the host');
    t.notMatch(readFileSync('/proc/self/mountinfo', 'utf8'), this.directory, 'nothing was mounted there');
  }
}

const RENAMEAT2 = process.arch === 'arm64' ? 276 : 316;

/** Exchanges two directory entries, some hundred thousand times a second, until the end of the test or the returned call. */
export function exchange(t: Test, one: string, other: string): () => void {
  const script =
    'my ($number, $one, $other) = @ARGV; for (;;) { syscall($number + 0, -100, $one, -100, $other, 2) }';
  const racer = spawn('perl', ['-e', script, String(RENAMEAT2), one, other], { stdio: 'ignore' });
  const stop = () => void racer.kill('SIGKILL');
  t.teardown(stop);
  return stop;
}

const ENOUGH_MS = 2000;

/**
 * Does it again and again for a while, at least five times, and until one of the results is `wanted`, if it ever is; what
 * came of each.
 */
export function again<T>(action: () => T, wanted: (result: T) => boolean = () => true): T[] {
  const [end, last] = [ENOUGH_MS, HANGS_MS].map((milliseconds) => Date.now() + milliseconds * slowness) as [
    number,
    number,
  ];
  const results: T[] = [];
  const isEnough = () => Date.now() > end && results.length >= 5 && results.some(wanted);
  while (!isEnough() && (Date.now() < last || results.length < 5)) results.push(action());
  return results;
}
