// SPDX-License-Identifier: Apache-2.0
/** Packages and times on real guests, beside the way of {@code virsh save} and {@code zip -9}. */
@org.jspecify.annotations.NullMarked
package io.vmmig.bench.size;
