import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Change } from './bundle.ts';
import { type Container, type Result, type RunOptions, run, running, succeed } from './runtime.ts';
import { newId, temp, until } from './sandbox.ts';

/** Its streams are of the container: criu does not find a file of the host that is open in there. */
export const OWN_STREAMS = 'exec </dev/null >/dev/null 2>&1';
/** Counts in /tmp/count, with a word in front that is another one each time it starts. */
const COUNT =
  'word=$(cat /proc/sys/kernel/random/uuid); i=0; while :; do echo $word $i >/tmp/next; mv /tmp/next /tmp/count; ' +
  'i=$((i + 1)); sleep 0.1; done';

/** Such a program, for a shell. */
export const COUNTING = `${OWN_STREAMS}; ${COUNT}`;

/** criu freezes, copies and compares: slow where the processor is emulated. */
export const SLOWLY = { timeout: 6_000 };

export interface Count {
  word: string;
  number: number;
}

/** What the file of a count says. */
export function countIn(text: string): Count {
  const [word = '', number = '-1'] = text.trim().split(' ');
  return { word, number: Number(number) };
}

/** What a counting container has last written. */
export function count(bundle: string): Count {
  const file = join(bundle, 'rootfs/tmp/count');
  return countIn(existsSync(file) ? readFileSync(file, 'utf8') : '');
}

/**
 * Waits until it has gone on, from where it was: the same process that has never started again. `bundle` can be a function
 * that returns the count as well.
 */
export function goesOn(t: Test, bundle: string | (() => Count), before: Count, what = 'it goes on'): void {
  const after = until(what, () => {
    const now = typeof bundle === 'string' ? count(bundle) : bundle();
    return now.number > before.number + 2 ? now : undefined;
  });
  t.equal(after.word, before.word, `${what}, where it was`);
}

/** A running container that counts; `before` is a command of its shell that comes first. */
export function counting(t: Test, change?: Change, before = ':', options: RunOptions = {}): Container {
  const container = running(
    t,
    (config) => {
      config.process.args = ['/bin/sh', '-c', `${OWN_STREAMS}; ${before}; ${COUNT}`];
      change?.(config);
    },
    [],
    options,
  );
  until('it to count', () => count(container.bundle).number > 2);
  return container;
}

export const newImage = (): string => join(temp, `image-${newId()}`);

/** Writes a container to a new directory, which is returned. */
export function checkpoint(id: string, flags: string[] = [], options: RunOptions = {}): string {
  const image = newImage();
  succeed(['checkpoint', '--image-path', image, ...flags, id], { ...SLOWLY, ...options });
  return image;
}

/** Restores in the background, as a new container that is deleted at the end of the test; throws if that fails. */
export function restore(
  t: Test,
  {
    image,
    bundle,
    flags = [],
    id = newId(),
  }: { image: string; bundle: string; flags?: string[]; id?: string },
  options: RunOptions = {},
): string {
  t.teardown(() => void run(['delete', '--force', id]));
  succeed(['restore', '--detach', '--image-path', image, ...flags, id], { ...SLOWLY, ...options, bundle });
  return id;
}

export const tryRestore = (bundle: string, image: string, flags: string[] = []): Result =>
  run(['restore', '--detach', '--image-path', image, ...flags, newId()], { ...SLOWLY, bundle });
