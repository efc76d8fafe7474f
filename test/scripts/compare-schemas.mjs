/**
 * Compares schemas/ with the schemas that the runtime specification publishes: both have to accept and to refuse the
 * same documents, but for what INTENDED of compare-schemas.ts explains.
 * Usage: node test/scripts/compare-schemas.mjs DIR, where DIR is `schema/` of the specification's repository.
 */
import { findBun } from './build.mjs';
import { at, run, stop } from './project.mjs';

const [, , directory] = process.argv;
if (directory === undefined) stop('give the directory of the published schemas');
process.exitCode = run(findBun(), [at('test/scripts/compare-schemas.ts'), directory]) ? 0 : 1;
