import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { validateSync, type ValidationError } from 'class-validator';
import { DomainError, type FieldError, validationFailed } from '../models/errors.js';
import { inlineSizeCheck } from './dto/checks.js';
import { bodyLimits, isSoundText } from './json-body.js';

const nestedKey = Symbol('nested');

/** Says that a property is itself a DTO, or an array of them. */
export function Nested(dto: () => Type<object>): PropertyDecorator {
  return (target, property) => {
    Reflect.defineMetadata(nestedKey, dto, target, property);
  };
}

/**
 * Makes DTOs of bodies and query strings, and refuses what their class does not allow, unknown members included. Values are
 * taken over as they are, never converted or walked, so that hostile JSON has nothing to hold on to.
 */
@Injectable()
export class DtoPipe implements PipeTransform<unknown, unknown> {
  transform(value: unknown, { metatype, type }: ArgumentMetadata): unknown {
    if (metatype === undefined || (type !== 'body' && type !== 'query') || isBuiltIn(metatype)) return value;
    const dto = instanceOf(metatype, value ?? {}, type === 'query');
    if (!isRecord(dto)) throw validationFailed([{ pointer: '', message: 'must be a JSON object' }]);
    const faults = validateSync(dto, {
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: false,
      stopAtFirstError: true,
    });
    if (faults.some(isTooLarge)) {
      throw new DomainError(
        'PAYLOAD_TOO_LARGE',
        `An input or output may have at most ${bodyLimits.inlineBytes} bytes as JSON.`,
      );
    }
    if (faults.length > 0)
      throw validationFailed(faults.flatMap((fault) => fieldErrors(fault, type === 'query' ? '' : '/')));
    return dto;
  }
}

function isBuiltIn(metatype: Type): boolean {
  return [Object, String, Number, Boolean, Array].some((builtIn) => builtIn === metatype);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function instanceOf(dto: Type, value: unknown, fromQuery: boolean): unknown {
  if (!isRecord(value)) return value;
  const instance: unknown = new dto();
  if (!isRecord(instance)) return value;
  for (const [key, member] of Object.entries(value)) {
    instance[key] = fromQuery ? queryValue(instance, key, member) : bodyValue(instance, key, member);
  }
  return instance;
}

function bodyValue(instance: object, key: string, member: unknown): unknown {
  const nested: (() => Type) | undefined = Reflect.getMetadata(nestedKey, instance, key);
  if (!nested) return member;
  return Array.isArray(member)
    ? member.map((one: unknown) => instanceOf(nested(), one, false))
    : instanceOf(nested(), member, false);
}

/** A query string has text alone: a property that is a number takes digits. */
function queryValue(instance: object, key: string, member: unknown): unknown {
  if (typeof member !== 'string') return member;
  if (!isSoundText(member))
    throw validationFailed([{ pointer: key, message: 'has a character that cannot be stored' }]);
  const isNumber = Reflect.getMetadata('design:type', instance, key) === Number;
  return isNumber && /^-?\d{1,15}$/.test(member) ? Number(member) : member;
}

function isTooLarge({ constraints = {}, children = [] }: ValidationError): boolean {
  return inlineSizeCheck in constraints || children.some(isTooLarge);
}

function fieldErrors(fault: ValidationError, prefix: string): FieldError[] {
  const pointer = `${prefix}${fault.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const own = Object.values(fault.constraints ?? {}).map((message) => ({ pointer, message }));
  return [...own, ...(fault.children ?? []).flatMap((child) => fieldErrors(child, `${pointer}/`))];
}
