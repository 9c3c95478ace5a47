// SPDX-License-Identifier: Apache-2.0
/** Code that all measurements share. */
@org.jspecify.annotations.NullMarked
package io.vmmig.bench;
