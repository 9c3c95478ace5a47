// SPDX-License-Identifier: Apache-2.0
/** How fast packages are written and read. */
@org.jspecify.annotations.NullMarked
package io.vmmig.bench.codec;
