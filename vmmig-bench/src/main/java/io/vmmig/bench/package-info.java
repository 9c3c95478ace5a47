// SPDX-License-Identifier: Apache-2.0
/** What the measurements share. */
@org.jspecify.annotations.NullMarked
package io.vmmig.bench;
