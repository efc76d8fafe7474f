import { commit, engineName, version } from '../engine.ts';
import { OCI_VERSION } from '../spec/state.ts';
import { print } from './output.ts';

/** The release of runc whose command line and output this program has. */
const RUNC = '1.5.0';

/**
 * go-runc, which containerd and BuildKit use, reads nothing unless the first line begins with `runc version `; so it
 * says in the way of semantic versions what of runc this is, and what it is really. Docker takes the last line with
 * the word "version" for the runtime's name and version. Both read `commit: `, go-runc `spec: ` too.
 */
export function printVersion(): number {
  const engine = engineName().replace(' ', ': ');
  print(
    `runc version ${RUNC}+trunc.${version}\ntrunc version ${version}\n` +
      `commit: ${commit}\nspec: ${OCI_VERSION}\n${engine}\n`,
  );
  return 0;
}
