// SPDX-License-Identifier: Apache-2.0
/** Compares vmmig with the alternatives, all doing the same work. */
@org.jspecify.annotations.NullMarked
package io.vmmig.bench.compare;
