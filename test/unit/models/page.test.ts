import { describe, expect, it } from '@jest/globals';
import { pageOf } from '../../../src/models/page.js';

const itself = (row: number): [number] => [row];

describe('a page', () => {
  it.each([
    ['is empty for no rows', [], { items: [], next: null }],
    ['is the last when it is not full', [1], { items: [1], next: null }],
    ['is the last when it is full and nothing follows', [1, 2], { items: [1, 2], next: null }],
    ['leaves out the row too many, and goes on after its own last', [1, 2, 3], { items: [1, 2], next: [2] }],
  ])('%s', (_, rows, page) => {
    expect(pageOf(rows, 2, itself)).toEqual(page);
  });
});
