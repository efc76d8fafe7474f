import t from 'tap';
import { planMemoryPolicy } from '../../src/process/memory-policy.ts';

t.test('modes and flags', async (t) => {
  const modes = [
    'MPOL_DEFAULT',
    'MPOL_PREFERRED',
    'MPOL_BIND',
    'MPOL_INTERLEAVE',
    'MPOL_LOCAL',
    'MPOL_PREFERRED_MANY',
    'MPOL_WEIGHTED_INTERLEAVE',
  ] as const;
  t.same(
    modes.map((mode) => planMemoryPolicy({ mode }).mode),
    [0, 1, 2, 3, 4, 5, 6],
  );
  t.equal(planMemoryPolicy({ mode: 'MPOL_BIND', flags: ['MPOL_F_STATIC_NODES'] }).mode, 0x8002);
  t.equal(planMemoryPolicy({ mode: 'MPOL_BIND', flags: ['MPOL_F_RELATIVE_NODES'] }).mode, 0x4002);
  t.equal(planMemoryPolicy({ mode: 'MPOL_BIND', flags: ['MPOL_F_NUMA_BALANCING'] }).mode, 0x2002);
});

t.test('nodes', async (t) => {
  const nodes = (list?: string): number[] => {
    const mask = planMemoryPolicy({
      mode: 'MPOL_BIND',
      ...(list === undefined ? {} : { nodes: list }),
    }).nodes;
    return [...mask].flatMap((byte, index) =>
      [...Array(8).keys()].filter((bit) => byte & (1 << bit)).map((bit) => 8 * index + bit),
    );
  };
  t.same(nodes(), []);
  t.same(nodes(' '), []);
  t.same(nodes('0-3,7'), [0, 1, 2, 3, 7]);
  t.same(nodes('9,7-8,8,1023'), [7, 8, 9, 1023]);
});
