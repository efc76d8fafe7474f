import { features } from '../../container/features.ts';
import type { Handler } from '../invocation.ts';
import { print } from '../output.ts';
import { commands, type featuresCommand } from '../table.ts';

export const handler: Handler<typeof featuresCommand> = () => {
  const names = commands.map(({ name }) => name);
  print(`${JSON.stringify(features(names), null, 4)}\n`);
  return 0;
};
