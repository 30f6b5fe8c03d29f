/**
 * Brands: strings that only their own parser can make.
 *
 * @module
 */

declare const brand: unique symbol;

/** A `T` that went through the parser of `Name`; plain values do not fit. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
