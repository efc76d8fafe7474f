import type { Document, Resources } from './config.ts';
import { explain, refusal, refuseWholeConfig } from './explain.ts';
import { validate } from './generated/validate-resources.js';
import { blockIORules } from './rules/block-io.ts';
import { resourceRules } from './rules/resources.ts';
import { problemsOf } from './rules/rule.ts';

const NAME = 'resources';
const INVALID = 'RESOURCES_INVALID';
const PREFIX = 'linux.resources.';

/** What `update` was given, as linux.resources. An error (`RESOURCES_INVALID`) names every property that is wrong. */
export function validateResources(document: unknown): Resources {
  refuseWholeConfig(document, `linux.${NAME}`, INVALID);
  if (!validate(document)) throw refusal(NAME, INVALID, explain(validate.errors ?? [], document));
  const config = { linux: { resources: document } } as Document;
  const problems = problemsOf(config, [...resourceRules, ...blockIORules], PREFIX);
  if (problems.length > 0) throw refusal(NAME, INVALID, problems);
  return document;
}
