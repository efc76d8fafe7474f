// Runs on the host.
import { readFile } from '../linux/file.ts';

const SHOWN = 3;
const MAX_LENGTH = 200;

/** Why criu has failed, from its log: the first errors, which the others follow from; undefined without any. */
export function reasonInLog(path: string): string | undefined {
  try {
    return reasonIn(readFile(path));
  } catch {
    // criu has not come to writing one.
    return undefined;
  }
}

/** `(00.012345)  1: Error (criu/vdso.c:630): vdso: …` is `vdso: …`. */
export function reasonIn(text: string): string | undefined {
  const found = text.matchAll(/^\([\d.]+\)(?: +\d+:)? Error \([^)]*\): (.*)$/gm);
  const messages = new Set([...found].map(([, message = '']) => message.trim().slice(0, MAX_LENGTH)));
  return messages.size === 0 ? undefined : [...messages].slice(0, SHOWN).join('; ');
}
