import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SharedLook } from '../../../src/services/shared-look.js';

describe('a look that is shared', () => {
  let looks: PromiseWithResolvers<number>[];
  let shared: SharedLook<number>;

  beforeEach(() => {
    looks = [];
    shared = new SharedLook(() => {
      const look = Promise.withResolvers<number>();
      looks.push(look);
      return look.promise;
    }, 100);
  });

  it('is one for all who ask while it is under way', async () => {
    const asked = [shared.get(), shared.get(), shared.get()];
    looks[0]?.resolve(7);
    expect(await Promise.all(asked)).toEqual([7, 7, 7]);
    expect(looks).toHaveLength(1);
  });

  it('is kept for as long as was said once it has ended', async () => {
    const now = jest.spyOn(performance, 'now').mockReturnValue(1_000);
    const first = shared.get();
    looks[0]?.resolve(1);
    await first;
    now.mockReturnValue(1_099);
    expect(await shared.get()).toBe(1);
    now.mockReturnValue(1_100);
    const next = shared.get();
    looks[1]?.resolve(2);
    expect(await next).toBe(2);
    now.mockRestore();
  });

  it('is not kept when it failed', async () => {
    const first = shared.get();
    looks[0]?.reject(new Error('away'));
    await expect(first).rejects.toThrow('away');
    const next = shared.get();
    looks[1]?.resolve(2);
    expect(await next).toBe(2);
  });
});
