import { RuntimeError } from '../errors.ts';
import type { Document, Resources } from './config.ts';
import { explain, type Problem, summarize } from './explain.ts';
import { validate } from './generated/validate-resources.js';
import { resourceRules } from './rules/resources.ts';

const PREFIX = 'linux.resources.';

/** What `update` was given, as linux.resources. An error (`RESOURCES_INVALID`) names every property that is wrong. */
export function validateResources(document: unknown): Resources {
  if (!validate(document)) throw invalid(explain(validate.errors ?? [], document));
  const problems: Problem[] = [];
  for (const rule of resourceRules) {
    rule({ linux: { resources: document } } as Document, (field, message) =>
      problems.push({ field: field.replace(PREFIX, ''), message: message.replaceAll(PREFIX, '') }),
    );
  }
  if (problems.length > 0) throw invalid(problems);
  return document;
}

function invalid(problems: readonly Problem[]): RuntimeError {
  const field = problems[0]?.field || undefined;
  return new RuntimeError(`resources: ${summarize(problems)}`, { code: 'RESOURCES_INVALID', field });
}
