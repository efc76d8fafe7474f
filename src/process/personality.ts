// Runs in the container's namespaces.
import { within } from '../errors.ts';
import { setPersonality } from '../linux/sched.ts';
import type { Personality } from '../spec/config.ts';

// Source: include/uapi/linux/personality.h.
const PER_LINUX = 0;
const PER_LINUX32 = 8;

/** Sets linux.personality: with `LINUX32` uname(2) says that the machine has 32 bits. */
export function applyPersonality(personality: Personality | undefined): void {
  if (personality === undefined) return;
  const { domain } = personality;
  const field = 'linux.personality.domain';
  within(`${field}: set ${domain}`, () => setPersonality(domain === 'LINUX32' ? PER_LINUX32 : PER_LINUX), {
    code: 'PROCESS_SET',
    field,
    hint: 'LINUX32 takes a machine that can run programs of 32 bits',
  });
}
