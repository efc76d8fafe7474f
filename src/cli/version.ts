import { commit, engineName, version } from '../engine.ts';
import { OCI_VERSION } from '../spec/state.ts';
import { print } from './output.ts';

/**
 * Callers read the first line's number, `commit: ` and `spec: `. Docker takes the last line with the word
 * "version" for the runtime's, so there is only one.
 */
export function printVersion(): number {
  const engine = engineName().replace(' ', ': ');
  print(`trunc version ${version}\ncommit: ${commit}\nspec: ${OCI_VERSION}\n${engine}\n`);
  return 0;
}
