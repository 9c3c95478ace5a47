// SPDX-License-Identifier: Apache-2.0
/** vmmig beside what people would use instead, each doing the whole of the same work. */
@org.jspecify.annotations.NullMarked
package io.vmmig.bench.compare;
