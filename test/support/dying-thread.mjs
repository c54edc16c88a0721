/** A thread that is gone before it answers. */
export function contentHits() {
  process.exit(1);
}
