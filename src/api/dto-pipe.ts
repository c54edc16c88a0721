import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { validateSync, type ValidationError } from 'class-validator';
import { DomainError, type FieldError, validationFailed } from '../models/errors.js';
import { pointerToken } from '../models/json-reader.js';
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
 * taken over as they are, never converted or walked, and only under the names that the class declares, so that hostile JSON
 * has nothing to hold on to.
 */
@Injectable()
export class DtoPipe implements PipeTransform<unknown, unknown> {
  transform(value: unknown, { metatype, type }: ArgumentMetadata): unknown {
    if (metatype === undefined || (type !== 'body' && type !== 'query') || isBuiltIn(metatype)) return value;
    const reading = new Reading(type === 'query');
    const dto = reading.dto(metatype, value === undefined ? {} : value, '');
    if (!isRecord(dto)) {
      const errors = [{ pointer: '', message: 'must be a JSON object' }];
      throw new DomainError('VALIDATION_FAILED', 'The body must be a JSON object.', { errors });
    }
    const faults = validateSync(dto, { forbidUnknownValues: false, stopAtFirstError: true });
    if (faults.some(isTooLarge)) {
      throw new DomainError(
        'PAYLOAD_TOO_LARGE',
        `An input or output may have at most ${bodyLimits.inlineBytes} bytes as JSON.`,
      );
    }
    const errors = [...reading.faults, ...faults.flatMap((fault) => reading.fieldErrors(fault, ''))];
    if (errors.length > 0) throw validationFailed(errors);
    return dto;
  }
}

/** Makes the DTOs of one body or query string, and notes what has no place in them. */
class Reading {
  readonly faults: FieldError[] = [];

  constructor(private readonly fromQuery: boolean) {}

  /** What is no object is left to the checks to refuse: an array as `null`, for they would walk into it. */
  dto(type: Type, value: unknown, pointer: string): unknown {
    if (!isRecord(value)) return Array.isArray(value) ? null : value;
    const instance: unknown = new type();
    if (!isRecord(instance)) return value;
    // Fields are defined by the constructor, so the new instance has them all and nothing else.
    const known = Object.keys(instance);
    for (const [name, member] of Object.entries(value)) {
      const at = this.pointer(pointer, name);
      if (known.includes(name)) instance[name] = this.member(instance, name, member, at);
      else this.faults.push({ pointer: at, message: `is not known; known are ${known.join(', ')}` });
    }
    return instance;
  }

  fieldErrors(fault: ValidationError, prefix: string): readonly FieldError[] {
    const pointer = this.pointer(prefix, fault.property);
    const own = Object.values(fault.constraints ?? {}).map((message) => ({ pointer, message }));
    return [...own, ...(fault.children ?? []).flatMap((child) => this.fieldErrors(child, pointer))];
  }

  private member(instance: object, name: string, member: unknown, pointer: string): unknown {
    if (this.fromQuery) return this.queryValue(instance, name, member);
    const nested = Reflect.getMetadata(nestedKey, instance, name) as (() => Type) | undefined;
    if (!nested) return member;
    return Array.isArray(member)
      ? member.map((one: unknown, index) => this.dto(nested(), one, `${pointer}/${index}`))
      : this.dto(nested(), member, pointer);
  }

  /** A query string has text alone: a property that is a number takes digits. */
  private queryValue(instance: object, name: string, member: unknown): unknown {
    if (typeof member !== 'string') return member;
    if (!isSoundText(member))
      throw validationFailed([{ pointer: name, message: 'has a character that cannot be stored' }]);
    const isNumber = Reflect.getMetadata('design:type', instance, name) === Number;
    return isNumber && /^-?\d{1,15}$/.test(member) ? Number(member) : member;
  }

  private pointer(prefix: string, name: string): string {
    return this.fromQuery ? name : `${prefix}/${pointerToken(name)}`;
  }
}

function isBuiltIn(metatype: Type): boolean {
  return [Object, String, Number, Boolean, Array].some((builtIn) => builtIn === metatype);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTooLarge({ constraints = {}, children = [] }: ValidationError): boolean {
  return inlineSizeCheck in constraints || children.some(isTooLarge);
}
