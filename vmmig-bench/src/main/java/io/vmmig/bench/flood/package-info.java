// SPDX-License-Identifier: Apache-2.0
/** {@code ./flood}: hostile peers, with honest migrations among them. */
@org.jspecify.annotations.NullMarked
package io.vmmig.bench.flood;
