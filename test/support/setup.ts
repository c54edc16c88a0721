import 'reflect-metadata';

/**
 * Jest gives every test file a realm of its own, in which an error of Node's own (`ENOENT`, `ECONNREFUSED`) is no
 * `instanceof Error`. Outside of Jest there is one realm, so here they must count as errors as well.
 */
Object.defineProperty(Error, Symbol.hasInstance, {
  value(this: unknown, value: unknown): boolean {
    return (this === Error && isNativeError(value)) || inherits(this, value);
  },
});

function inherits(type: unknown, value: unknown): boolean {
  return typeof type === 'function' && Function.prototype[Symbol.hasInstance].call(type, value);
}

/** The tag is of the object's making and no matter of realms. */
function isNativeError(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Error]';
}
