// SPDX-License-Identifier: Apache-2.0
/** Streams of any length through a small heap. */
@org.jspecify.annotations.NullMarked
package io.vmmig.bench.stream;
