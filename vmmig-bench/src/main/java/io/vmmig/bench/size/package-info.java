// SPDX-License-Identifier: Apache-2.0
/** Sizes and times of packages of real guests, compared with {@code virsh save} and {@code zip -9}. */
@org.jspecify.annotations.NullMarked
package io.vmmig.bench.size;
